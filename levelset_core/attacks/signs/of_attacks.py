"""Findings about how attacks on a classifier went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from levelset_core.attacks.signs.finding import Finding, beyond_chance, chance_of

#: Honest networks too stand cross-entropy PGD a little better than margin PGD: a difference of
#: accuracy up to this is no sign.
LOSS_GAP = 0.1


def _silent(p: dict[str, Any]) -> Iterator[Finding]:
    path = p.get("attacked")
    if path and path["on the way"] - path["at the end"] > 0.05 and _beyond(p, path):
        yield Finding(
            "silent success",
            f"PGD breaks {path['on the way']:.0%} of the images on its way, but "
            f"{path['at the end']:.0%} at its last step: the loss leads back.",
            "Keep the best step, not the last, as all figures here do.",
            {"on the way": path["on the way"], "at the last step": path["at the end"]},
        )


def _beyond(p: dict[str, Any], path: Mapping[str, float]) -> bool:
    return beyond_chance(path["on the way"] - path["at the end"], p["images"])


def _incomplete(p: dict[str, Any]) -> Iterator[Finding]:
    robust, longer = p.get("robust", {}), p.get("longer")
    strong = robust.get("strong")
    if strong is not None and longer is not None and beyond_chance(strong - longer, p["images"]):
        yield Finding(
            "incomplete optimization",
            f"The strongest gradient attack leaves {strong:.1%} standing, plain PGD with more "
            f"steps {longer:.1%}: it has not converged.",
            "Give the attacks more steps until the figure no longer falls.",
            {"strongest": strong, "more steps": longer},
        )


def _transfer(p: dict[str, Any]) -> Iterator[Finding]:
    white = p.get("white box")
    for name, share in p.get("black box", {}).items():
        if white is not None and beyond_chance(white - share, p["images"]):
            yield Finding(
                "transfer failure",
                f"Images attacked on {name} break more ({share:.1%} stand) than those attacked on "
                f"the network itself ({white:.1%}): its own gradients mislead.",
                "Attack a stand-in and show it the images; trust the lower figure.",
                {"white box": white, f"from {name}": share},
            )


def _gradient_free(p: dict[str, Any]) -> Iterator[Finding]:
    left = p.get("gradient-free")
    if not left or "is unavailable gradients" in p:
        return
    if left["broken"] > chance_of(p["images"]):
        yield Finding(
            "gradient-free attack",
            f"Square, which needs no gradients, breaks {left['broken']} of {left['images']} images "
            "that the strongest gradient attack leaves: gradients mislead it.",
            "Quote the lower figure; run Square with more queries and restarts.",
            {"images": left["images"], "broken by Square": left["broken"]},
        )


def _unconstrained(p: dict[str, Any]) -> Iterator[Finding]:
    if not (shares := p.get("by epsilon")):
        return
    largest = max(shares)
    if beyond_chance(shares[largest], p["images"]):
        yield Finding(
            "unconstrained attack failure",
            f"{shares[largest]:.1%} of the images stand even where every image is within reach "
            f"(epsilon {largest:g}): the attack fails for want of gradients, not the images.",
            "Do not trust any smaller epsilon's figure before this one is 0.",
            {"epsilon": largest, "standing": shares[largest]},
        )


def _fewer_steps(p: dict[str, Any]) -> Iterator[Finding]:
    shares = p.get("by steps") or {}
    for steps, share in sorted(shares.items()):
        most = max(shares)
        if beyond_chance(shares[most] - share, p["images"]):
            yield Finding(
                "fewer steps are better",
                f"{steps} steps break more than {most} ({share:.1%} against "
                f"{shares[most]:.1%} standing): the loss is no guide along the way.",
                "Try other step sizes and losses; keep the lowest figure.",
                {f"{steps} steps": share, f"{most} steps": shares[most]},
            )
            return


def _gap(p: dict[str, Any]) -> Iterator[Finding]:
    robust, n = p.get("robust", {}), p["images"]
    if "is saturated logits" in p or "xent" not in robust:
        return
    xent, margin = robust["xent"], robust["margin"]
    gap = round((xent - margin) * n)
    if beyond_chance(xent - margin, n) and gap > round(LOSS_GAP * n):
        yield Finding(
            "losses disagree",
            f"Cross-entropy PGD leaves {xent:.1%} standing, margin PGD {margin:.1%}: judge by "
            "the margin, or by a stronger attack.",
            "Quote the lower of both, or pgd-strong.",
            {"cross-entropy": xent, "margin": margin},
        )


#: The rules, from all that was measured.
RULES = (
    _silent, _incomplete, _transfer, _gradient_free, _unconstrained, _fewer_steps, _gap,
)  # fmt: skip

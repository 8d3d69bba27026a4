"""Findings about a classifier's gradients, and about what goes into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from levelset_core.attacks.signs.finding import Finding, beyond_chance
from levelset_core.attacks.signs.outputs import is_random, kind_of

#: Share of zero gradients that one sentence must mention.
MANY_ZEROS = 0.05
#: Share of images with a false derivative; difference of quotients; cosine of neighbours.
FALSE, JUMP, TURN = 0.2, 0.3, 0.5
#: Share of images whose extreme pixels can move unseen.
BLIND = 0.5
#: Findings that make gradients jump by themselves.
_EXPLAIN_JUMPS = ("resolution", "false gradients", "rejects", "not finite", "stuck outputs")


def _gradients(p: dict[str, Any]) -> Iterator[Finding]:
    g = p.get("gradients")
    if not g:
        return
    if g["zero margin"] > MANY_ZEROS:
        why = "" if g["path"] else " (no path leads from the image to the outputs)"
        left = p.get("gradient-free")
        figure = ""
        if left and left["images"]:
            stands = left["images"] - left["broken"]
            figure = (
                f" Of {left['images']} images that gradients leave, Square, which needs none, "
                f"leaves {stands}."
            )
        where = "everywhere" if g["zero margin"] == 1 else f"on {g['zero margin']:.0%} of images"
        yield Finding(
            "unavailable gradients",
            f"The gradient of F itself is exactly zero {where}{why}: detached, rounded or "
            f"thresholded.{figure}",
            "No gradient attack can judge it: quote attacks without gradients, or attack a smooth "
            "stand-in (BPDA).",
            {"zero gradients of F": g["zero margin"], **({} if not left else {
                "Square, images": left["images"], "Square, broken": left["broken"]})},
        )  # fmt: skip
    if g["broken"] > 0:
        yield Finding(
            "broken gradients",
            f"Gradients are NaN or infinite on {g['broken']:.0%} of the images though the outputs "
            "are numbers.",
            "Mend the square root, division or logarithm at 0. Here such derivatives count as 0.",
            {"images": g["broken"]},
        )


def _saturated(p: dict[str, Any]) -> Iterator[Finding]:
    g, o, robust = p.get("gradients"), p.get("outputs"), p.get("robust", {})
    if not g or not o or kind_of(o) != "logits" or g["zero margin"] > 0.5:
        return
    xent, scaled, margin = (robust.get(k) for k in ("xent", "xent, scaled logits", "margin"))
    weaker = xent is not None and beyond_chance(xent - margin, p["images"])
    evidence = {
        "zero gradients of cross-entropy": g["zero xent"], "median margin": o["margin"],
        "largest margin": o["widest"],
    } | {
        f"standing under {title}": robust[k]
        for k, title in (("xent", "cross-entropy PGD"), ("margin", "margin PGD"))
        if k in robust
    }  # fmt: skip
    advice = "Judge by the margin, or divide the logits by a temperature before cross-entropy."
    margins = f"output margins are {o['margin']:,.4g} in the median, {o['widest']:,.4g} at most"
    if g["zero xent"] - g["zero margin"] > MANY_ZEROS:
        figures = ""
        if weaker:
            figures = (
                f" Cross-entropy PGD leaves {xent:.1%} standing, margin PGD {margin:.1%}: only the "
                "margin figure, or a stronger attack's, means anything."
            )
        yield Finding(
            "saturated logits",
            f"Cross-entropy has a gradient of exactly zero on {g['zero xent']:.0%} of the images: "
            f"{margins}, so its softmax is 0 or 1.{figures}",
            advice, evidence,
        )  # fmt: skip
    elif weaker and scaled is not None and beyond_chance(xent - scaled, p["images"]):
        yield Finding(
            "saturated logits",
            f"The scale of the logits weakens cross-entropy ({margins}): it leaves {xent:.1%} "
            f"standing, {scaled:.1%} with logits scaled down, margin PGD {margin:.1%}.",
            advice, evidence,
        )  # fmt: skip


def _false(p: dict[str, Any]) -> Iterator[Finding]:
    g = p.get("gradients")
    if g and g["false"] > FALSE and "is resolution" not in p:
        yield Finding(
            "false gradients",
            f"On {g['false']:.0%} of the images the derivative is not that of F: F changes "
            f"{g['quotient']:.2g} times as much as it says (median). A backward pass of its own: "
            "straight-through, partly detached.",
            "Attack with other stand-ins for that part, and without gradients (Square).",
            {"images": g["false"], "change over derivative": g["quotient"]},
        )


def _unstable(p: dict[str, Any]) -> Iterator[Finding]:
    g, o = p.get("gradients"), p.get("outputs")
    if not g or not o or is_random(o) or any(f"is {k}" in p for k in _EXPLAIN_JUMPS):
        return
    if g["turn"] < TURN or g["jump"] > JUMP:
        yield Finding(
            "unstable gradients",
            f"Gradients turn within a hundredth of ε: the cosine of neighbours is {g['turn']:.2f}, "
            f"and F changes by {g['jump']:.2g} of what they tell. Ripples, or activations that "
            "jump.",
            "Average gradients over small noise, take larger steps, and attack without gradients.",
            {"cosine": g["turn"], "jump": g["jump"]},
        )


def _blind(p: dict[str, Any]) -> Iterator[Finding]:
    g = p.get("gradients")
    rounded = any(f"is {k}" in p for k in ("resolution", "stuck outputs", "probabilities"))
    if g and g["ends"] > BLIND and not rounded:
        yield Finding(
            "blind ends",
            f"On {g['ends']:.0%} of the images dark or bright pixels can move by a step and no "
            "output changes: pixels are clipped to a narrower range, or rounded.",
            "Attack from random starts with steps that leave the blind range, and without "
            "gradients; or train and test on the range that it sees.",
            {"images": g["ends"]},
        )


def _pixels(p: dict[str, Any]) -> Iterator[Finding]:
    pixels = p.get("pixels")
    if pixels and pixels["better"] and "is resolution" not in p:
        yield Finding(
            "normalization",
            f"It is right on {pixels['accuracy']:.1%} of {pixels['images']} images, on "
            f"{pixels['best']:.1%} with pixels changed to {pixels['better']}: it was trained on "
            "those.",
            "Put that change in front of the network (--mean, --std); epsilon is of pixels in "
            "[0, 1].",
            {"accuracy": pixels["accuracy"], "with other pixels": pixels["best"],
             "pixels": pixels["better"]},
        )  # fmt: skip


def _accuracy(p: dict[str, Any]) -> Iterator[Finding]:
    o = p.get("outputs")
    if not o:
        return
    least = 1 / o["classes"] + 0.2 * (1 - 1 / o["classes"])
    if o["accuracy"] < least and "is normalization" not in p:
        yield Finding(
            "low accuracy",
            f"Only {o['accuracy']:.1%} of the images are right as they are; guessing gives "
            f"{1 / o['classes']:.0%}.",
            "Look at its pixels (range, normalization, channels) and the order of its classes "
            "before any attack.",
            {"accuracy": o["accuracy"]},
        )


#: The rules, from all that was measured, causes first.
RULES = (_gradients, _saturated, _false, _unstable, _blind, _pixels, _accuracy)

"""Findings about what comes out of a classifier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from levelset_core.attacks.signs.finding import Finding
from levelset_core.attacks.signs.outputs import depends_on_others, is_random, kind_of

#: Outputs of which fewer than this share differ from all others have been rounded.
DISTINCT = 0.9
#: Spacing of numbers at the largest logit, in parts of the spread of a row.
SPACING = 1e-3
#: Share of outputs at the largest or smallest of all; of images with a rejecting answer.
STUCK, REJECTED = 0.2, 0.05
#: The difference between training and evaluation mode, in parts of the logits' spread.
MODE = 1e-3
_EPS = 2.0**-23


def _not_finite(p: dict[str, Any]) -> Iterator[Finding]:
    o = p.get("outputs")
    if not o:
        return
    later = {k: p[k]["not finite"] for k in ("noise", "attacked") if p.get(k)}
    bad = o["nan"] + o["infinite"]
    if not bad and not any(later.values()):
        return
    what = " and ".join(w for w, n in (("NaN", o["nan"]), ("infinite", o["infinite"])) if n)
    seen = f"{what} outputs on {bad} of {o['images']} images as they are" if bad else ""
    more = " and ".join(
        f"{share:.0%} of them {'with noise' if k == 'noise' else 'attacked'}"
        for k, share in later.items()
        if share
    )
    lead = f"{seen}; on {more}" if seen and more else seen or f"Outputs are no numbers on {more}"
    yield Finding(
        "not finite",
        f"{lead[0].upper()}{lead[1:]}: no loss can follow them, so such images seem to stand.",
        "Mend the overflow or division. Here NaN counts as wrong, an infinite output as 1e30; "
        "the figures hold for the rest.",
        {"NaN": o["nan"], "infinite": o["infinite"], **later},
    )


def _probabilities(p: dict[str, Any]) -> Iterator[Finding]:
    o = p.get("outputs")
    if not o or kind_of(o) == "logits":
        return
    sums = kind_of(o) == "softmax"
    total = o["sums"][1]
    what = (
        f"each row sums to {total:.4g}" if sums
        else f"all lie in [0, 1], from {o['low']:.2g} to {o['high']:.2g}, as of a sigmoid"
    )  # fmt: skip
    yield Finding(
        "probabilities",
        f"Outputs are probabilities, not logits: {what}. Cross-entropy on them is flat where the "
        "network is sure.",
        "Leave out the softmax or sigmoid. Here the attacks work on the logarithm.",
        {"lowest": o["low"], "highest": o["high"], "sum": total},
    )


def _random(p: dict[str, Any]) -> Iterator[Finding]:
    o = p.get("outputs")
    if not o or not is_random(o):
        return
    shares = {"accuracy": o["accuracy"]}
    means = ""
    if (a := p.get("attacked")) and "calls" in a:
        shares = {"clean accuracy, mean": a["clean"], "attacked, mean": a["right"]}
        means = (
            f" Over {a['calls']} draws {a['clean']:.1%} are right, {a['right']:.1%} after margin "
            "PGD on their mean."
        )
    yield Finding(
        "random",
        f"Outputs differ from call to call, by up to {o['draws']:.2g} of their spread: noise, "
        f"dropout or random resizing.{means}",
        "Attack the mean of several draws (EoT) and quote accuracy as a mean over draws, as is "
        "done here; or switch the randomness off.",
        {"largest difference, of the spread": o["draws"], **shares},
    )


def _batch(p: dict[str, Any]) -> Iterator[Finding]:
    o = p.get("outputs")
    if not o or not depends_on_others(o):
        return
    yield Finding(
        "depends on the batch",
        "An image's outputs depend on the images beside it, by up to "
        f"{o['batch']:.2g} of their spread: batch norm in training mode, most likely.",
        "Call .eval() before exporting. Here every image is attacked beside the same others.",
        {"largest difference, of the spread": o["batch"]},
    )


def _mode(p: dict[str, Any]) -> Iterator[Finding]:
    o = p.get("outputs")
    if o and o["training"] > MODE:
        yield Finding(
            "training mode",
            "The network came in training mode, where dropout or batch norm change its outputs by "
            f"up to {o['training']:.2g} of their spread.",
            "Call .eval(). All figures here are of evaluation mode.",
            {"largest difference, of the spread": o["training"]},
        )


def _optimizes(p: dict[str, Any]) -> Iterator[Finding]:
    if (p.get("outputs") or {}).get("optimizes"):
        yield Finding(
            "test-time optimization",
            "A pass through the network asks for derivatives itself: it changes the image before "
            "it is classified.",
            "Attack through the whole of it, unrolled, or the network without it too: plain "
            "attacks see only part of what happens.",
            {"differentiates within a pass": 1.0},
        )


def _rejects(p: dict[str, Any]) -> Iterator[Finding]:
    o = p.get("outputs")
    changed = {k: p[k] for k in ("noise", "attacked") if p.get(k)}
    if not o or not changed:
        return
    extra = max(c["extra"] for c in changed.values())
    alike = max(max(c["flat"], c["alike"]) for c in changed.values())
    if extra - o["extra"] > REJECTED:
        yield Finding(
            "rejects",
            f"It has {o['outputs']} outputs for {o['classes']} classes, and changed images get one "
            f"beyond them ({extra:.0%}; {o['extra']:.0%} as they are): a detector that rejects.",
            "Say whether a rejected image counts as right, and attack classes and detector "
            "together: the wrong class, not rejected.",
            {"rejected": extra, "rejected as they are": o["extra"]},
        )
    elif o["flat"] > REJECTED * o["images"]:
        yield Finding(
            "rejects",
            f"{o['flat']} of {o['images']} images get outputs that are all equal, as they are: a "
            "detector answers in the network's place, or the network answers nothing.",
            "Attack network and detector together; a constant answer has no gradient.",
            {"all outputs equal, images": o["flat"]},
        )
    elif alike - o["alike"] > REJECTED and o["distinct"] > DISTINCT and kind_of(o) == "logits":
        yield Finding(
            "rejects",
            f"{alike:.0%} of the changed images get outputs that are all equal, or another "
            "image's, bit for bit: a detector answers in the network's place.",
            "Attack network and detector together; a constant answer has no gradient.",
            {"constant answers": alike, "as they are": o["alike"]},
        )


def _stuck(p: dict[str, Any]) -> Iterator[Finding]:
    o = p.get("outputs")
    if o and kind_of(o) == "logits" and not o["log"] and o["stuck"] > STUCK:
        yield Finding(
            "stuck outputs",
            f"{o['stuck']:.0%} of the outputs sit at the largest or smallest of all "
            f"({o['low']:.4g}, {o['high']:.4g}): they are clamped or squashed, and tell an attack "
            "no direction there.",
            "Attack the logits before the clamp, tanh or ReLU.",
            {"share": o["stuck"], "lowest": o["low"], "highest": o["high"]},
        )


def _resolution(p: dict[str, Any]) -> Iterator[Finding]:
    o = p.get("outputs")
    if not o or kind_of(o) != "logits":
        return
    largest = max(abs(o["low"]), abs(o["high"]))
    spacing = _EPS * largest
    evidence: dict[str, float | str] = {
        "largest logit": largest, "spacing there": spacing, "median margin": o["margin"],
        "different outputs": o["distinct"],
    }  # fmt: skip
    if largest > 0 and spacing > SPACING * o["spread"]:
        yield Finding(
            "resolution",
            f"Logits are as large as {largest:.3g}, where float32 numbers lie {spacing:.2g} apart, "
            f"but differ by {o['spread']:.3g} in a row: float32 loses the differences.",
            "Subtract the constant that all logits share, or compute in double precision.",
            evidence,
        )
    elif o["half"]:
        yield Finding(
            "resolution",
            f"All outputs are numbers of {o['half']}, {o['distinct']:.0%} of them different: small "
            "changes of the image are rounded away.",
            "Attack the network in float32.",
            {**evidence, "precision": o["half"]},
        )
    elif o["distinct"] < DISTINCT and "is stuck outputs" not in p:
        yield Finding(
            "resolution",
            f"Only {o['distinct']:.0%} of the outputs differ from all others: they were rounded.",
            "Attack the logits before the rounding.",
            evidence,
        )


#: The rules, from all that was measured, causes first.
RULES = (
    _not_finite, _probabilities, _random, _batch, _mode, _optimizes, _rejects, _stuck, _resolution,
)  # fmt: skip

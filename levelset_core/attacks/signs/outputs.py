"""What a classifier gives out, looked at with a few passes: plain numbers, no judgement.

``findings`` says what they mean, and from where on. A network is only ever called here.
"""

from __future__ import annotations

import copy
import sys
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.attacks.pgd import margin_of
from levelset_core.attacks.signs.attackable import Attackable, as_logits, outputs_of, same_draws
from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import evaluating

#: Images that a probe looks at together.
SIDE = 50
#: A value this close to the largest or smallest of all, in parts of their distance, sticks there.
STUCK = 1e-3
#: Honest networks give the same bits twice on a CPU; a GPU's sums may differ in the last ones.
RANDOM = 1e-5
#: Other numbers of images at once change the last bits only.
BATCH_PART = 1e-3

Found = dict[str, Any]


def probe_outputs(network: nn.Module, x: Tensor, y: Tensor, classes: int, seed: int) -> Found:
    """The outputs on images as they are.

    Args:
        network: (n, *d) -> (n, outputs).
        x, y: images and their classes.
        classes: of the data; a network may have more outputs.
        seed: of a random network's draws.

    Returns:
        "images", "outputs", "classes"; "nan", "infinite": images with such an output; "low",
        "high": of all outputs; "sums": smallest and largest sum of a row; "spread": median of
        max - min of a row; "draws": largest difference of two calls, in parts of the spread;
        "batch": likewise with half as many images at once; "training": likewise to the mode that
        the network came in; "distinct": share of different numbers among all outputs; "log":
        whether they are logarithms of probabilities; "stuck": share of outputs at the largest or
        smallest; "half": a half precision that holds all outputs, or ""; "optimizes": whether it
        differentiates within a pass; "flat": images whose outputs are all equal; "alike": share
        of images with another one's; "accuracy", "extra": share of images that are right, or get
        one of the outputs beyond ``classes``; "logit": median |output|; "margin", "widest":
        median and largest |F^y| of the logits.
    """
    came, n = _as_it_came(network, x, seed), len(x)
    with evaluating(network), torch.no_grad(), same_draws(seed):
        draws = [_all(network, x) for _ in range(4)]
        first = draws[0]
        halves = _all(network, x, max(2, SIDE // 2 if n > SIDE // 2 else n // 2))
        optimizes = _optimizes(network, x[:2])
    finite = first.isfinite().all(1)
    good = first[finite]
    spread = float((good.amax(1) - good.amin(1)).median()) if len(good) else 0.0

    def off(other: Tensor) -> float:
        both = finite & other.isfinite().all(1)
        differ = (other[both] - first[both]).abs().max() if both.any() else torch.zeros(())
        alone = bool((finite != other.isfinite().all(1)).any())  # finite in one of them only
        return 1.0 if alone else float(differ) / max(spread, 1e-30)

    drawn = max(off(other) for other in draws[1:])
    return {
        "images": n, "outputs": first.shape[1], "classes": classes,
        "nan": int(first.isnan().any(1).sum()), "infinite": int(first.isinf().any(1).sum()),
        "spread": spread, "draws": drawn, "batch": 0.0 if drawn else off(halves),
        "training": 0.0 if came is None or drawn else off(came), "optimizes": optimizes,
        "accuracy": float((first.argmax(1) == y.cpu()).double().mean()),
        "extra": float((first.argmax(1) >= classes).double().mean()),
        "flat": int((good.amax(1) == good.amin(1)).sum()),
        "alike": (len(good) - len(good.unique(dim=0))) / max(1, n) if len(good) else 0.0,
        **_values(good, y.cpu()[finite]),
    }  # fmt: skip


def _values(good: Tensor, y: Tensor) -> Found:
    """The numbers themselves, (n, outputs), all finite."""
    if not len(good):
        return {"low": 0.0, "high": 0.0, "sums": [0.0, 0.0], "distinct": 1.0, "stuck": 0.0,
                "log": False, "half": "", "logit": 0.0, "margin": 0.0, "widest": 0.0}  # fmt: skip
    flat = good.flatten()
    varied = good[good.amax(1) > good.amin(1)].flatten()  # a row of one number is a finding itself
    low, high = float(flat.min()), float(flat.max())
    near = STUCK * (high - low)
    half = [
        str(kind).removeprefix("torch.")
        for kind in (torch.bfloat16, torch.float16)
        if torch.equal(flat.to(kind).to(flat.dtype), flat)
    ]
    sums = [float(good.sum(1).min()), float(good.sum(1).max())]
    about = {"low": low, "high": high, "sums": sums, "images": len(good), "nan": 0, "infinite": 0}
    kind = kind_of(about)
    margins = margin_of(as_logits(good, kind), y).abs()
    return {
        "low": low, "high": high, "sums": sums,
        "distinct": len(varied.unique()) / len(varied) if len(varied) else 1.0,
        "log": bool(good.logsumexp(1).abs().max() < 1e-3),
        "stuck": float(((flat <= low + near) | (flat >= high - near)).double().mean()),
        "half": half[0] if half else "",
        "logit": float(flat.abs().median()), "margin": float(margins.median()),
        "widest": float(margins.max()),
    }  # fmt: skip


def _all(network: nn.Module, x: Tensor, side: int = SIDE) -> Tensor:
    return torch.cat([outputs_of(network, part).detach().cpu() for part in x.split(side)])


def _as_it_came(network: nn.Module, x: Tensor, seed: int) -> Tensor | None:
    """The outputs in training mode if the network came in it, of a copy, as those change it."""
    if not any(m.training for m in network.modules()):
        return None
    try:
        with torch.no_grad(), same_draws(seed):
            return _all(copy.deepcopy(network), x)
    except LevelsetError:
        return None


def _optimizes(network: nn.Module, x: Tensor) -> bool:
    """Whether a pass asks for derivatives, as defenses that optimize at test time do."""
    seen = False

    def look(frame: FrameType, event: str, _: Any) -> None:
        nonlocal seen
        code = frame.f_code
        seen |= event == "call" and code.co_name == "_make_grads" and "autograd" in code.co_filename

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        with torch.no_grad():
            outputs_of(network, x)
    finally:
        sys.setprofile(before)
    return seen


def probe_answers(
    network: nn.Module, x: Tensor, y: Tensor, classes: int, *, seed: int = 0
) -> Found:
    """What the network answers to images that were changed: attacked, or with noise.

    Returns:
        Shares of the images: "not finite"; "flat": all outputs equal; "alike": outputs equal to
        another image's; "extra": one of the outputs beyond ``classes`` is the largest; "right".
    """
    with evaluating(network), torch.no_grad(), same_draws(seed):
        outputs = _all(network, x)
    finite = outputs.isfinite().all(1)
    good = outputs[finite]
    different = len(good.unique(dim=0)) if len(good) else 0
    n = max(1, len(x))
    return {
        "not finite": 1 - len(good) / n,
        "flat": int((good.amax(1) == good.amin(1)).sum()) / n if len(good) else 0.0,
        "alike": (len(good) - different) / n,
        "extra": int((outputs.argmax(1) >= classes).sum()) / n,
        "right": int((outputs.argmax(1) == y.cpu()).sum()) / n,
    }  # fmt: skip


def finite_rows(network: nn.Module, x: Tensor, seed: int) -> Tensor:
    """Images whose outputs are all numbers, (n,) bool."""
    with evaluating(network), torch.no_grad(), same_draws(seed):
        parts = [outputs_of(network, part).isfinite().all(1) for part in x.split(SIDE)]
    return torch.cat(parts)


def fit_for_attacks(network: nn.Module, found: Found, x: Tensor, *, draws: int) -> Attackable:
    """The network as attacks need it, from what :func:`probe_outputs` found."""
    return Attackable(
        network,
        kind=kind_of(found),
        draws=draws if is_random(found) else 1,
        context=x[: SIDE // 2].clone() if depends_on_others(found) else None,
    )


def is_random(found: Found) -> bool:
    """Whether two calls differ."""
    return bool(found["draws"] > RANDOM)


def depends_on_others(found: Found) -> bool:
    """Whether an image's outputs depend on those beside it."""
    return bool(found["batch"] > BATCH_PART)


def kind_of(found: Found) -> str:
    """One of :data:`levelset_core.attacks.signs.attackable.KINDS`."""
    if found["images"] - found["nan"] - found["infinite"] < 5:
        return "logits"  # too few to say
    low, high = found["low"], found["high"]
    least, most = found["sums"]
    if 0 <= low < high / 10 and most - least <= 1e-3 * most:
        return "softmax"
    return "sigmoid" if low >= 0 and 0 < high <= 1 else "logits"

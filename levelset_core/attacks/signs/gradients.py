"""Do a classifier's gradients tell how it changes? Looked at from outside: plain numbers."""

from __future__ import annotations

import copy
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, cross_entropy

from levelset_core.attacks.pgd import (
    box,
    is_adversarial,
    margin_of,
    negative_margin,
    projected_ascent,
)
from levelset_core.attacks.signs.attackable import as_logits, outputs_of, same_draws
from levelset_core.attacks.signs.outputs import SIDE, Found
from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import evaluating
from levelset_core.random import torch_generator

#: Length of a step of a difference quotient, in double and in single precision.
STEP_DOUBLE, STEP_SINGLE = 1e-6, 1e-3
#: In parts of epsilon: so near gradients are compared; the wide quotient's step is 0.3 of it.
NEAR = 1 / 30
#: Pixels up to one of these, and from 1 minus it on, are at an end of their range; they are moved
#: by ``NUDGE`` to see whether the network sees it.
ENDS, NUDGE = (0.005, 0.05, 0.15), 0.01


def probe_gradients(
    network: nn.Module, x: Tensor, y: Tensor, kind: str, epsilon: float, seed: int
) -> Found:
    """The gradients of cross-entropy and of F^y in the image.

    F^y is looked at a little inside the range of pixels and beside the image: on the very image
    equal pixels meet in poolings, and a clamp to [0, 1] has a kink.

    Args:
        network: as it came.
        x, y: images with finite outputs.
        kind: of the outputs; of probabilities F^y is that of their logits.
        epsilon: of the attack: a thirtieth of it is near, a hundredth nearer.
        seed: of the noise and the network's draws.

    Returns:
        Shares of the images: "zero xent", "zero margin": whose gradient is exactly 0; "broken":
        whose gradient is not finite; "path": whether there is one at all. "turn": median cosine
        of two gradients of F^y that are near; "quotient": median of the difference quotient over
        the derivative along the gradient's sign, "false": share of images where they differ by
        more than a fifth; "jump": median difference of that quotient and one of wide steps;
        "ends": share of images whose pixels at an end of the range can be moved with no change of
        the outputs.
    """
    near = max(epsilon, 1e-3) * NEAR
    with evaluating(network), same_draws(seed):
        zero, _, broken, path = _gradients(network, x, y, kind)
        inside = (x * (1 - 4 * near) + 2 * near) + _noise(x, near)
        one = _gradients(network, inside, y, kind)[1].flatten(1)
        other = _gradients(network, inside + _noise(x, near), y, kind)[1].flatten(1)
        both = (one != 0).any(1) & (other != 0).any(1)
        turn = cosine_similarity(one[both].double(), other[both].double(), dim=1, eps=1e-300)
        ends = _blind_ends(network, x)
    return {
        "zero xent": _share(zero), "zero margin": _share((one == 0).all(1)),
        "broken": _share(broken), "path": path,
        "turn": float(turn.median()) if both.any() else 1.0,
        **_quotients(network, inside[:SIDE], y[:SIDE], kind, 0.3 * near, seed), "ends": ends,
    }  # fmt: skip


def _noise(x: Tensor, reach: float) -> Tensor:
    noise = torch.rand(x.shape, generator=torch_generator(len(x)), dtype=x.dtype).to(x.device)
    return noise.mul_(2).sub_(1).mul_(reach)


def gradients_of(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Of F^y in the image, of a network that is fit for attacks, (n, *d)."""
    with evaluating(network), same_draws(0):
        return _gradients(network, x, y, "logits")[1]


def _share(rows: Tensor) -> float:
    return float(rows.double().mean()) if len(rows) else 0.0


def _gradients(
    network: nn.Module, x: Tensor, y: Tensor, kind: str
) -> tuple[Tensor, Tensor, Tensor, bool]:
    """Rows where that of cross-entropy is 0; that of F^y, (n, *d); rows where one is not finite;
    whether there is any.
    """
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    path = True
    for part, labels in zip(x.split(SIDE), y.split(SIDE), strict=True):
        p = part.detach().clone().requires_grad_()
        with torch.enable_grad():
            outputs = outputs_of(network, p)
            if not outputs.requires_grad:
                path, outputs = False, outputs + 0 * p.flatten(1).sum(1, keepdim=True)
            margin = margin_of(as_logits(outputs, kind), labels)
            loss = cross_entropy(outputs, labels, reduction="sum")
            a, b = (
                torch.autograd.grad(value, p, retain_graph=True, allow_unused=True)[0]
                for value in (loss, margin.sum())
            )
        a, b = (torch.zeros_like(p) if g is None else g for g in (a, b))
        broken = ~(a.isfinite() & b.isfinite()).flatten(1).all(1)
        found.append(((a == 0).flatten(1).all(1), b.nan_to_num(0.0, 0.0, 0.0), broken))
    zero, gradient, broken = (torch.cat(parts) for parts in zip(*found, strict=True))
    return zero, gradient, broken, path


def _quotients(
    network: nn.Module, x: Tensor, y: Tensor, kind: str, wide_step: float, seed: int
) -> Found:
    """Do derivatives tell how F^y changes? Along their sign, in double precision if that can be."""
    best: Found = {"quotient": 1.0, "false": 0.0, "jump": 0.0}
    least = torch.inf
    for precise in (True, False):
        try:
            f = copy.deepcopy(network)
            f, z = (f.double(), x.double()) if precise else (f, x)
            with evaluating(f):
                with same_draws(seed):
                    slope = _gradients(f, z, y, kind)[1]
                told = slope.abs().flatten(1).double().sum(1)
                known = told > 0
                if not known.any():
                    continue
                tight, wide = (
                    (_secant(f, z, y, kind, h * slope.sign(), seed) / h / told)[known]
                    for h in (STEP_DOUBLE if precise else STEP_SINGLE, wide_step)
                )
        except (LevelsetError, RuntimeError):
            continue
        off = (tight - 1).abs()
        if float(off.median()) < least:
            least = float(off.median())
            best = {
                "quotient": float(tight.median()), "false": _share(off > 0.2),
                "jump": float((wide - tight).abs().median()),
            }  # fmt: skip
    return best


def _secant(f: nn.Module, x: Tensor, y: Tensor, kind: str, step: Tensor, seed: int) -> Tensor:
    """Half of F^y(x + step) - F^y(x - step), with the same draws, (n,)."""
    ends = []
    for moved in (x + step, x - step):
        with torch.no_grad(), same_draws(seed):
            ends.append(margin_of(as_logits(outputs_of(f, moved), kind), y).double())
    return ((ends[0] - ends[1]) / 2).nan_to_num(0.0)


def _blind_ends(network: nn.Module, x: Tensor) -> float:
    """Share of images whose darkest, or brightest, pixels can move and no output changes."""
    blind = 0.0
    for low, end in product((True, False), ENDS):
        ends = x <= end if low else x >= 1 - end
        has = ends.flatten(1).sum(1) >= 10
        if has.sum() < 5:
            continue
        z, moving = x[has][:SIDE], ends[has][:SIDE]
        moved = torch.where(moving, z + (NUDGE if low else -NUDGE), z)
        with torch.no_grad():
            with same_draws(0):
                before = outputs_of(network, z)
            with same_draws(0):
                after = outputs_of(network, moved)
        blind = max(blind, _share((before == after).all(1)))
    return blind


def follow_path(
    network: nn.Module, x: Tensor, y: Tensor, epsilon: float, step: float, steps: int, seed: int
) -> tuple[Tensor, Tensor, Tensor]:
    """PGD on F^y from the image to its last step, past all that is adversarial on the way.

    Args:
        network: fit for attacks.
        x, y: images and their classes.
        epsilon, step, steps: of PGD.
        seed: of a random network's draws.

    Returns:
        The images at the end, (n, *d); whether they were misclassified at a step, and whether
        they are at the last, both (n,).
    """
    found = []
    for part, labels in zip(x.split(SIDE), y.split(SIDE), strict=True):
        seen = torch.zeros_like(labels, dtype=torch.bool)

        def loss(logits: Tensor, target: Tensor, seen: Tensor = seen) -> Tensor:
            seen |= is_adversarial(logits.detach(), target)
            return negative_margin(logits, target)

        with evaluating(network), same_draws(seed):
            ends, _ = projected_ascent(
                network, part, *box(part, epsilon, (0.0, 1.0)), (labels,),
                loss_fn=loss, step=step, steps=steps,
            )  # fmt: skip
            with torch.no_grad():
                last = is_adversarial(network(ends), labels)
        found.append((ends, seen | last, last))
    images, seen, last = (torch.cat(parts) for parts in zip(*found, strict=True))
    return images, seen, last

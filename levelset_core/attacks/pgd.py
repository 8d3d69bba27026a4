"""Projected gradient descent in the L_inf box (Madry et al., 2018), or in the L2 ball."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from levelset_core._moved import renamed
from levelset_core.attacks.balls import NORMS, ball, into_ball, random_in, region, unit
from levelset_core.attacks.balls import box as box
from levelset_core.attacks.balls import displaced as displaced
from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import evaluating
from levelset_core.levelsets.jacobian import expand_rows
from levelset_core.random import torch_generator
from levelset_core.settings import choose

#: What an attack makes large, (n, classes) logits and per-row targets -> (n,).
LossFn = Callable[..., Tensor]
#: Which rows are adversarial and may stop, from the same.
Criterion = Callable[..., Tensor]


def margin_of(logits: Tensor, y: Tensor) -> Tensor:
    """F^y = f_y - max_{i != y} f_i from logits   (Eq. 1), (n, classes), (n,) -> (n,)."""
    own = y[:, None]
    return logits.gather(1, own).squeeze(1) - logits.scatter(1, own, -torch.inf).amax(1)


def negative_margin(logits: Tensor, y: Tensor) -> Tensor:
    """-F^y: the margin attack of Sec. 5.2 (Carlini and Wagner's loss without its clamp)."""
    return -margin_of(logits, y)


def xent(logits: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of every row."""
    return cross_entropy(logits, y, reduction="none")


def is_adversarial(logits: Tensor, y: Tensor) -> Tensor:
    """Rows that are classified otherwise than y."""
    return logits.argmax(1) != y


LOSSES: dict[str, LossFn] = {"xent": xent, "margin": negative_margin}


@dataclass(frozen=True)
class Attacked:
    """What an attack found.

    Attributes:
        images: within epsilon of the images and within their bounds, (n, *d); where the attack
            broke the image, one that is misclassified.
        broken: whether it is misclassified, (n,) bool.
    """

    images: Tensor
    broken: Tensor


@renamed(objective="loss_fn", done="criterion", leap="try_corner")
def projected_ascent(
    f: Callable[[Tensor], Tensor],
    start: Tensor,
    lower: Tensor,
    upper: Tensor,
    targets: tuple[Tensor, ...],
    *,
    loss_fn: LossFn,
    step: float | Tensor,
    steps: int,
    shrink: float = 1.0,
    l2: tuple[Tensor, Tensor] | None = None,
    draws: int = 1,
    criterion: Criterion | None = None,
    try_corner: bool = False,
) -> tuple[Tensor, Tensor]:
    """x <- clip(x + step sign(D_x loss)), every row on its own.

    An adversarial row leaves the batch: it stays where it was found and costs nothing more.

    Args:
        f: logits, (n, *d) -> (n, classes), row by row.
        start: where to begin, (n, *d).
        lower, upper: corners of the boxes, (n, *d).
        targets: further per-row tensors for ``loss_fn`` and ``criterion``.
        loss_fn: made large.
        step: a number, or (n,).
        steps: gradient steps.
        shrink: each step is so many times as long as the one before.
        l2: centres, (n, *d), and radii, (n,), of balls that the rows stay in too; a step is then
            along D_x loss, of this L2 length.
        draws: passes through the network a step, whose gradients are averaged: for networks with
            random parts (expectation over transformation, Athalye et al., 2018).
        criterion: rows that may stop; without it all take every step.
        try_corner: with ``criterion``, first look at the corner of the box in the first
            step's direction: a row that is adversarial there stops there, all others go on as
            if nothing had been.

    Returns:
        Where each row ended, (n, *d), and whether it is adversarial, (n,).
    """
    p = start.detach().clone()
    if steps < 1 and criterion is None:
        return p, torch.zeros(len(p), dtype=torch.bool, device=p.device)
    result, finished = p, torch.zeros(len(p), dtype=torch.bool, device=p.device)
    rows: Tensor | None = None  # None: all of them
    for k in range(steps):
        logits, gradient = _gradient(f, p, targets, loss_fn, draws)
        if criterion is not None:
            stop, ends = criterion(logits.detach(), *targets), p
            if try_corner and k == 0:
                corner = _corner(p, gradient, lower, upper, l2)
                ends = torch.where(expand_rows(stop, p), p, corner)
                with torch.no_grad():
                    stop = stop | criterion(f(corner), *targets)
            if stop.any():
                stay = (~stop).nonzero().squeeze(1)
                rows, result = _leave(ends, stop, stay, rows, result, finished)
                if not len(stay):
                    return result, finished
                p, gradient, lower, upper = (
                    t.index_select(0, stay) for t in (p, gradient, lower, upper)
                )
                targets = tuple(t.index_select(0, stay) for t in targets)
                step = step.index_select(0, stay) if isinstance(step, Tensor) else step
                l2 = None if l2 is None else (l2[0][stay], l2[1][stay])
        if l2 is None:
            direction = gradient.sign_()
        else:  # along the pixels that have room: those at a bound would take up most of the length
            room = torch.where(gradient > 0, p < upper, p > lower)
            direction = unit(gradient * room)
        if isinstance(step, Tensor):
            p = p.addcmul_(direction, expand_rows(step, p))
        else:
            p = p.add_(direction, alpha=step)
        step = step * shrink
        p = p if l2 is None else into_ball(p, *l2)
        p = torch.minimum(torch.maximum(p, lower, out=p), upper, out=p)
    if criterion is not None:
        with torch.no_grad():
            stop = criterion(f(p), *targets)
        finished[rows if rows is not None else slice(None)] = stop
    return (p if rows is None else result.index_copy_(0, rows, p)), finished


def _gradient(
    f: Callable[[Tensor], Tensor],
    p: Tensor,
    targets: tuple[Tensor, ...],
    loss_fn: LossFn,
    draws: int,
) -> tuple[Tensor, Tensor]:
    """Logits at p, (n, classes), and D_x loss, (n, *d), each a mean over the draws."""
    found: list[tuple[Tensor, Tensor]] = []
    for _ in range(draws):
        with torch.enable_grad():
            q = p.detach().requires_grad_()
            logits = f(q)
            (slope,) = torch.autograd.grad(loss_fn(logits, *targets).sum(), q)
        found.append((logits.detach(), slope))
    if draws == 1:
        return found[0]
    return tuple(torch.stack(parts).mean(0) for parts in zip(*found, strict=True))  # type: ignore[return-value]


def _corner(
    p: Tensor,
    gradient: Tensor,
    lower: Tensor,
    upper: Tensor,
    l2: tuple[Tensor, Tensor] | None,
) -> Tensor:
    """As far as one can go along a gradient, (n, *d)."""
    if l2 is None:
        return torch.where(gradient > 0, upper, torch.where(gradient < 0, lower, p))
    centre, radius = l2
    end = centre + expand_rows(radius, p) * unit(gradient)
    return torch.minimum(torch.maximum(end, lower), upper)


def _leave(
    p: Tensor, stop: Tensor, stay: Tensor, rows: Tensor | None, result: Tensor, finished: Tensor
) -> tuple[Tensor, Tensor]:
    """Write the rows that stop back to where they belong; the rows that stay, and the result."""
    gone = stop.nonzero().squeeze(1)
    if rows is None:
        rows, result = torch.arange(len(p), device=p.device), p.clone()
    places = rows.index_select(0, gone)
    result.index_copy_(0, places, p.index_select(0, gone))
    finished[places] = True
    return rows.index_select(0, stay), result


@renamed(leap="try_corner")
def pgd(
    f: Callable[[Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    *,
    epsilon: float | Tensor = 0.3,
    step: float | Tensor = 0.01,
    steps: int = 40,
    loss: str = "margin",
    restarts: int = 1,
    norm: str = "linf",
    draws: int = 1,
    random_start: bool = True,
    every_step: bool = False,
    try_corner: bool = False,
    bounds: tuple[float, float] = (0.0, 1.0),
    generator: torch.Generator | None = None,
) -> Attacked:
    """PGD from random starts in the ball {|x' - x| <= epsilon} of a norm within the bounds.

    An image leaves the batch at the first iterate that is misclassified. A restart only sees
    the images that are left, but draws noise for all: so more restarts never break fewer.

    Args:
        f: logits, (n, *d) -> (n, classes); a module is put into evaluation mode meanwhile.
        x: images within the bounds, (n, *d).
        y: their classes, (n,) int64.
        epsilon: half side of the box, or radius, a number or (n,).
        step: length of a step in every pixel, of "l2" its whole length, a number or (n,).
        steps: gradient steps a restart.
        loss: "xent", or "margin": -F^y.
        restarts: how often at most.
        norm: "linf" or "l2".
        draws: see :func:`projected_ascent`.
        random_start: uniform in the ball; otherwise at x, where one restart is all there is.
        every_step: no image leaves early: what comes out lies further beyond the boundary, as
            an attack that is to work on other networks needs. Broken is what ends misclassified.
        try_corner: an image that one step to the corner of the box breaks is broken, and needs
            none of the short ones; see :func:`projected_ascent`. No effect with ``every_step``.
        bounds: lowest and highest pixel.
        generator: of the starts, on the CPU; default: seed 0.

    Raises:
        LevelsetError: an unknown loss, or a number that does not fit.
    """
    choose("loss", loss, LOSSES)
    choose("norm", norm, NORMS)
    check_attack(epsilon, step, steps, restarts)
    generator = generator or torch_generator(0)
    x = x.detach()
    lower, upper = region(x, epsilon, norm, bounds)
    l2 = ball(x, epsilon) if norm == "l2" else None
    result = x.clone()
    broken = torch.zeros(len(x), dtype=torch.bool, device=x.device)
    with evaluating(f):
        for _ in range(restarts if random_start else 1):
            start = random_in(norm, lower, upper, x, epsilon, generator) if random_start else x
            left = (~broken).nonzero().squeeze(1)
            if not len(left):
                break

            def rows(t: Tensor, left: Tensor = left) -> Tensor:
                return t if len(left) == len(x) else t.index_select(0, left)

            found, wrong = projected_ascent(
                f, rows(start), rows(lower), rows(upper), (rows(y),),
                loss_fn=LOSSES[loss],
                step=rows(step) if isinstance(step, Tensor) else step,
                steps=steps, criterion=None if every_step else is_adversarial,
                l2=None if l2 is None else (rows(l2[0]), rows(l2[1])), draws=draws,
                try_corner=try_corner,
            )  # fmt: skip
            if every_step:
                with torch.no_grad():
                    wrong = is_adversarial(f(found), rows(y))
            result.index_copy_(0, left, found)
            broken.index_copy_(0, left, wrong)
    return Attacked(result, broken)


def check_attack(epsilon: float | Tensor, step: float | Tensor, steps: int, restarts: int) -> None:
    """Refuse numbers that make no attack.

    Raises:
        LevelsetError: epsilon is negative or not finite, a step is not positive, or a number
            of steps or restarts is below its least.
    """
    size, length = torch.as_tensor(epsilon), torch.as_tensor(step)
    for name, value, wrong, least in (
        ("epsilon", size, ~(torch.isfinite(size) & (size >= 0)), "at least 0"),
        ("step", length, ~(torch.isfinite(length) & (length > 0)), "more than 0"),
    ):
        if wrong.any():
            raise LevelsetError(
                f"The {name} of an attack must be {least}, got {value[wrong].flatten()[0]:g}."
            )
    if steps < 0 or restarts < 1:
        raise LevelsetError(
            f"An attack needs steps >= 0 and restarts >= 1, got {steps} and {restarts}."
        )

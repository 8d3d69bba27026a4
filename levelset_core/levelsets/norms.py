"""Moves of least length in a norm, with or without a box around them."""

from __future__ import annotations

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets.jacobian import expand_rows, pinv_times, pseudo_inverse

#: Lowest and highest value of every coordinate: (0, 1) for images.
Box = tuple[float, float]


def length(move: Tensor, norm: str) -> Tensor:
    """||move|| of every row in "l2", "linf" or "l1", (n,)."""
    rows = move.flatten(1)
    order = {"l2": 2.0, "linf": torch.inf, "l1": 1.0}[norm]
    norms: Tensor = torch.linalg.vector_norm(rows, order, dim=1)
    return norms


def random_in_ball(like: Tensor, norm: str, generator: torch.Generator) -> Tensor:
    """Uniform in the unit ball of the norm, one for every row of ``like``."""
    rows = like.flatten(1)
    n, d = rows.shape
    draw = torch.rand(n, d + 1, generator=generator, dtype=rows.dtype, device=generator.device).to(
        rows.device
    )
    sign = 2 * draw[:, :d] - 1
    if norm == "linf":
        return sign.reshape(like.shape)
    tiny = torch.finfo(rows.dtype).eps
    if norm == "l2":
        direction = torch.erfinv(sign.clamp(-1 + tiny, 1 - tiny))  # normal numbers
    else:
        direction = sign.sign() * -torch.log(sign.abs().clamp(tiny, 1 - tiny))  # Laplace's
    radius = draw[:, d:] ** (1 / d)
    return (radius * direction / length(direction, norm)[:, None]).reshape(like.shape)


def smallest_move(
    gradient: Tensor, amount: Tensor, norm: str, x: Tensor, box: Box | None
) -> tuple[Tensor, Tensor]:
    """The least move with <gradient, move> = amount that keeps x in the box.

    Without a box it is the pseudo-inverse times the amount. In a box a coordinate stops at its
    wall. In L_inf the others have the least radius r with sum_i |g_i| min(r, room_i) = |amount|;
    in L2 and L1 the like. Where the whole box has too little room, the move uses all of it.

    Args:
        gradient: D_xF, (n, *d[, l]); several outputs without a box only.
        amount: (n[, l]).
        norm: "l2", "linf" or "l1".
        x: where the move starts, (n, *d), in the box.

    Returns:
        The move, (n, *d), not finite where the gradient is zero; and the coordinates that
        lengthen if the amount grows, (n, *d) bool: the others stand at their wall or need not
        move.
    """
    if box is None:
        pinv, _ = pseudo_inverse(gradient, amount.ndim == 2, norm)
        return pinv_times(pinv, amount), torch.ones_like(x, dtype=torch.bool)
    low, high = box
    g = gradient.flatten(1)
    sign = g.sign() * amount.sign()[:, None]
    point = x.flatten(1)
    room = torch.where(sign > 0, high - point, point - low).clamp_min(0)
    room = torch.where(sign == 0, 0.0, room)
    solve = _by_largest if norm == "l1" else _by_radius
    lengths, free = solve(g.abs(), amount.abs(), room, norm)
    return (sign * lengths).reshape(x.shape), free.reshape(x.shape)


def _by_radius(g: Tensor, amount: Tensor, room: Tensor, norm: str) -> tuple[Tensor, Tensor]:
    """t_i = min(r w_i, room_i) with sum_i g_i t_i = amount; w is 1 in L_inf, g in L2."""
    weight = g if norm == "l2" else torch.ones_like(g)
    # Coordinate i stops at r = wall_i; up to there it yields g_i w_i for every unit of r.
    wall = torch.where(g > 0, room / torch.where(g > 0, weight, 1.0), 0.0)
    wall, order = wall.sort(dim=1)
    rate = (g * weight).gather(1, order)
    stopped = (rate * wall).cumsum(1)
    # Summed from the far end, so that no difference of large sums is left.
    running = rate.flip(1).cumsum(1).flip(1)  # of those that stop at k or later
    reach = stopped - rate * wall + running * wall  # the sum where coordinate k stops
    k = (reach < amount[:, None]).sum(1, keepdim=True).clamp_max(g.shape[1] - 1)
    past = (stopped - rate * wall).gather(1, k)  # of those that have stopped
    radius = (amount[:, None] - past) / running.gather(1, k)
    lengths = torch.minimum(radius * weight, room)
    return lengths, (lengths < room) & (g > 0)


def _by_largest(g: Tensor, amount: Tensor, room: Tensor, norm: str) -> tuple[Tensor, Tensor]:
    """The steepest coordinate goes to its wall, then the next: the fractional knapsack."""
    steep, order = g.sort(dim=1, descending=True)
    space = room.gather(1, order)
    gained = (steep * space).cumsum(1)
    k = (gained < amount[:, None]).sum(1, keepdim=True).clamp_max(g.shape[1] - 1)
    before = (gained - steep * space).gather(1, k)
    place = torch.arange(g.shape[1], device=g.device)
    lengths = torch.where(place < k, space, 0.0)
    last = torch.minimum((amount[:, None] - before) / steep.gather(1, k), space.gather(1, k))
    lengths = lengths.scatter(1, k, last)
    lengths = torch.zeros_like(g).scatter(1, order, lengths)
    free = torch.zeros_like(g, dtype=torch.bool).scatter(1, order.gather(1, k), True)
    return lengths, free


def inverse_in_box(
    jacobian: Tensor, outputs: bool, norm: str, free: Tensor | None
) -> tuple[Tensor, Tensor]:
    """:func:`pseudo_inverse` over the free coordinates; where there are none, over all."""
    if free is not None:
        some = ((jacobian != 0) & free).flatten(1).any(1)
        jacobian = jacobian * (free | ~expand_rows(some, free))
    return pseudo_inverse(jacobian, outputs, norm)


def check_box(box: Box | None, x: Tensor, look: bool = True) -> None:
    """Refuse a box that is none, and points outside.

    Raises:
        LevelsetError: it is no (low, high) with low < high, or x leaves it.
    """
    if box is None:
        return
    if len(box) != 2 or not box[0] < box[1]:
        raise LevelsetError(f"box is (low, high) with low < high, or None, got {box}.")
    if look and len(x):
        low, high = float(x.min()), float(x.max())
        slack = 1e-5 * (box[1] - box[0])
        if low < box[0] - slack or high > box[1] + slack:
            raise LevelsetError(
                f"Points from {low:.6g} to {high:.6g} leave their box {tuple(box)}: give another "
                "box, or clip them."
            )

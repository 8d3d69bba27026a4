"""Reconstruction of surfaces and curves from a raw cloud (Sec. 3.3, Eq. 13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets import (
    LevelSetSamples,
    Network,
    project,
    pseudo_inverse,
    residual_norm,
    row_by_row,
    sample_network,
    value_with_jacobian,
)
from levelset_core.levelsets.functions import check_range
from levelset_core.losses.labels import check_samples

if TYPE_CHECKING:  # only its type: what it stands on takes longer to import than all the rest
    from levelset_core.geometry.clouds import NearestPoints


@dataclass(frozen=True)
class ReconstructionTerms:
    """Eq. 13 taken apart.

    Attributes:
        loss: the loss, a differentiable scalar.
        distance: [mean |d(p, X) - |t||^p]^(1/p) of every group of samples, (groups,).
        data: mean ||F(x_j)||, a number.
        samples: the level set samples of every group, at the present weights.
        offsets: d(p, X) - |t| of every sample, one (m,) a group; zero where it was not used.
    """

    loss: Tensor
    distance: Tensor
    data: Tensor
    samples: tuple[LevelSetSamples, ...]
    offsets: tuple[Tensor, ...]


@row_by_row
def reconstruction_terms(
    f: Network,
    x: Tensor,
    groups: Sequence[tuple[Tensor, Tensor | float | None]],
    cloud: NearestPoints,
    *,
    nearest: Sequence[Tensor | None] | None = None,
    lam: float = 3.0,
    p: float = 1.0,
    max_residual: float = 0.1,
    min_gradient: float = 1e-8,
) -> ReconstructionTerms:
    """Eq. 13 at given samples, with one pass of F over all of them; see :func:`reconstruction`.

    Args:
        f: F, (n, d) -> (n,) or (n, l).
        x: points of the cloud for the second term, (b, d).
        groups: level set samples, one pair a level: their places (m, d), and t. The t of a point
            that was not projected is None: it is F there.
        cloud: X.
        nearest: of every group the nearest points of the cloud (m, d), where known.
        lam, p: lambda and p.
        max_residual: a sample with |F - t| above it gives no loss.
        min_gradient: nor one with ||D_xF|| below this.
    """
    check_range(lam=lam, max_residual=max_residual, min_gradient=min_gradient)
    if not p > 0:
        raise LevelsetError(f"p must be more than 0, got {p}.")
    x = check_samples(f, x)
    pieces = [x, *(places for places, _ in groups)]
    value, jacobian = value_with_jacobian(f, torch.cat(pieces))
    sizes = [len(piece) for piece in pieces]
    values, jacobians = value.split(sizes), jacobian.split(sizes)
    data = values[0].abs() if value.ndim == 1 else torch.linalg.vector_norm(values[0], dim=1)
    loss = lam * data.mean()
    distances, all_samples, all_offsets = [], [], []
    for k, (places, t) in enumerate(groups):
        samples = _at(places, values[k + 1], jacobians[k + 1], t, min_gradient)
        moved = sample_network(f, samples, value=values[k + 1])
        near = None if nearest is None else nearest[k]
        near = cloud(places) if near is None else near
        aim = _aim(samples)
        offset = torch.linalg.vector_norm(moved - near, dim=1) - aim
        used = samples.usable(max_residual)
        offset = torch.where(used, offset, 0.0)
        total = (offset.abs() ** p).mean() if p != 1 else offset.abs().mean()
        # The root has no slope at 0, where there is nothing to do.
        distance = total if p == 1 else (total + torch.finfo(total.dtype).tiny) ** (1 / p)
        loss = loss + distance
        distances.append(distance.detach())
        all_samples.append(samples)
        all_offsets.append(offset.detach())
    stacked = torch.stack(distances) if distances else data.new_zeros(0).detach()
    mean = data.mean().detach()
    return ReconstructionTerms(loss, stacked, mean, tuple(all_samples), tuple(all_offsets))


def reconstruction(
    f: Network,
    x: Tensor,
    cloud: NearestPoints,
    starts: Tensor,
    *,
    levels: Sequence[float] = (0.0,),
    near: Tensor | None = None,
    lam: float = 3.0,
    p: float = 1.0,
    max_steps: int = 10,
    tol: float = 1e-5,
    max_residual: float = 0.1,
) -> Tensor:
    """sum_t [mean over S_t of |d(p, X) - |t||^p]^(1/p) + lam/N sum_j |F(x_j)|   (Eq. 13).

    Gradients flow through the sample network p(theta) (Eq. 9): the level sets of F are moved
    until their distance to the cloud is |t|. A surface (l = 1) becomes a level set near a signed
    distance; a curve (l = 2 in space) the set where all outputs vanish.

    Args:
        f: F, (n, d) -> (n,), or (n, l) with ``levels`` (0,) and no ``near``.
        x: points of the cloud for the second term, (b, d); |F| is the Euclidean norm for l > 1.
        cloud: X; d(x, X) is the distance to its nearest point.
        starts: where projections start, (m, d), for every t anew.
        levels: T.
        near: points near the cloud that are not projected, each on its own level: |t| = |F|, as
            in the authors' settings.
        lam, p: lambda and p.
        max_steps, tol: of the Newton projections. A sample that has not arrived stays on the
            level that it has, and asks for the distance of that one.
        max_residual: a sample further from its level than this gives no loss.

    Raises:
        LevelsetError: no points, one that is not finite, or levels that do not suit F.
    """
    groups: list[tuple[Tensor, Tensor | float | None]] = []
    for t in levels:
        s = project(f, starts, level=t, max_steps=max_steps, tol=tol)
        if s.values.ndim == 2 and (t != 0 or near is not None):
            raise LevelsetError(
                f"A network with {s.values.shape[1]} outputs has no distance as its level: take "
                "levels (0,) and no unprojected points."
            )
        groups.append((s.points, t))
    if near is not None:
        groups.append((near, None))
    terms = reconstruction_terms(f, x, groups, cloud, lam=lam, p=p, max_residual=max_residual)
    return terms.loss


def _at(
    places: Tensor, value: Tensor, jacobian: Tensor, t: Tensor | float | None, min_gradient: float
) -> LevelSetSamples:
    """Points as samples of the level they are meant for: t, or their own."""
    value = value.detach()
    level = value if t is None else torch.as_tensor(t).to(value).expand_as(value)
    pinv, full_rank = pseudo_inverse(jacobian, value.ndim == 2, min_gradient=min_gradient)
    failed = ~(full_rank & torch.isfinite(value.reshape(len(value), -1)).all(1))
    pinv = torch.where(failed.reshape(-1, *(1,) * (pinv.ndim - 1)), 0.0, pinv)
    residual = torch.where(torch.isfinite(value - level), value - level, 0.0)
    arrived = ~failed & (residual_norm(residual) <= 1e-5)
    steps = torch.zeros(len(value), dtype=torch.int64, device=value.device)
    return LevelSetSamples(places, residual, pinv, arrived, failed, steps, level, residual)


def _aim(s: LevelSetSamples) -> Tensor | float:
    """|t| of the level that each sample lies on; for l > 1 there is only T = {0}."""
    return (s.level + s.values).abs() if s.values.ndim == 1 else 0.0

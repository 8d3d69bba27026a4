"""Extensions beside Eq. 13: a signed distance to warm-start from, and normals if asked for."""

from __future__ import annotations

import torch
from torch import Tensor

from levelset_core.levelsets import Network, outputs_of, value_with_jacobian


def signed_distance(
    f: Network, x: Tensor, places: Tensor, distance: Tensor, *, lam: float = 3.0
) -> Tensor:
    """lam mean |F(x_j)| + mean |F(q_i) - s_i d(q_i, X)|: regression, before Eq. 13 takes over.

    Args:
        f: F, (n, d) -> (n,).
        x: points of the cloud, (b, d).
        places: q, (m, d).
        distance: s_i d(q_i, X), (m,), negative inside.
        lam: weight of the points of the cloud.
    """
    value, _ = value_with_jacobian(f, torch.cat([x, places]))
    on, off = value[: len(x)], value[len(x) :]
    loss: Tensor = lam * on.abs().mean()
    return loss + (off - distance).abs().mean()


def off_by(
    f: Network, places: Tensor, target: Tensor, *, weight: float = 1.0, side: float = 0.0
) -> Tensor:
    """weight mean ||F(q_i) - v_i|| + side mean max(0, |v_i|/2 - sign(v_i) F(q_i)).

    The first is regression to known values. The second asks for the side alone, and loudly: there
    is no loss and no gradient where F has the right sign and some of the right size.

    Args:
        f: F, (n, d) -> (n,) or (n, l).
        places: q, (m, d).
        target: v, (m,) or (m, l).
        weight, side: of the two; one with several outputs has no side.
    """
    value = outputs_of(f(places), places)
    off = value - target
    loss: Tensor = weight * (
        off.abs().mean() if off.ndim == 1 else torch.linalg.vector_norm(off, dim=1).mean()
    )
    if side:
        loss = loss + side * (target.abs() / 2 - target.sign() * value).clamp_min(0).mean()
    return loss


def along_normals(f: Network, x: Tensor, normals: Tensor, step: float = 0.01) -> Tensor:
    """mean over both signs of |F(x_j +- h n_j) -+ h|: a difference quotient along known normals.

    Args:
        f: F, (n, d) -> (n,).
        x: points of the cloud, (b, d).
        normals: outward, (b, d) of unit length; a zero row is unknown and left out.
        step: h.
    """
    known = normals.square().sum(1) > 0.5
    x, offset = x[known], step * normals[known]
    if not len(x):
        return x.new_zeros(())
    value, _ = value_with_jacobian(f, torch.cat([x + offset, x - offset]))
    outside, inside = value.chunk(2)
    loss: Tensor = 0.5 * ((outside - step).abs().mean() + (inside + step).abs().mean())
    return loss

"""Positions of level set samples as differentiable functions of theta (Sec. 2.2, Eq. 9)."""

from __future__ import annotations

import torch
from torch import Tensor

from levelset_core.levelsets.functions import Network, outputs_of, row_by_row
from levelset_core.levelsets.jacobian import (
    expand_rows,
    pinv_times,
    pseudo_inverse,
    value_and_jacobian,
)
from levelset_core.levelsets.samples import LevelSetSamples


@row_by_row
def sample_network(
    f: Network, s: LevelSetSamples, *, differentiate_pinv: bool = False, value: Tensor | None = None
) -> Tensor:
    """p(theta) = p - D_xF(p; theta_0)^+ [F(p; theta) - c]   (Eq. 9): one fixed linear layer on F.

    Equals ``s.points`` at theta_0, where its derivative is Eq. 8, D_theta p = -D_xF^+ D_theta F:
    the motion, to first order, of the sample along the normals while theta changes. It costs
    one forward pass of F on the samples and O(d) memory a sample. Failed samples stay put.

    Args:
        f: the network, now with any theta.
        s: samples of f at theta_0.
        differentiate_pinv: recompute D_xF^+ at theta inside the graph, so that derivatives of
            second order flow through it too. The paper, and the default, keep it fixed.
        value: F(s.points) with its graph, (n[, l]), where it is known already.

    Returns:
        (n, *d), differentiable in f's parameters.
    """
    points, pinv, level, values, *args = s.points, s.pinv, s.level, s.values, *s.args
    # A failed sample may sit where F is NaN or overflows: it stays out of the graph.
    kept = None if s.fixed else (~s.failed).nonzero().squeeze(1)
    if kept is None:  # masks alone: a good sample stands in for it
        good = (~s.failed).to(torch.uint8).argmax(0)[None]
        points, *args = (
            torch.where(expand_rows(s.failed, t), t.index_select(0, good), t)
            for t in (points, *args)
        )
    elif len(kept) < len(s):
        points, pinv, level, values, *args = (
            t.index_select(0, kept) for t in (points, pinv, level, values, *args)
        )
        value = value if value is None else value.index_select(0, kept)
    value = f(points, *args) if value is None else value
    offset = outputs_of(value, points) - level - values
    if differentiate_pinv:
        _, jacobian = value_and_jacobian(f, points, tuple(args), create_graph=True)
        pinv, _ = pseudo_inverse(jacobian, outputs=offset.ndim == 2)
    if kept is None:
        return s.points - pinv_times(pinv, torch.where(expand_rows(s.failed, offset), 0.0, offset))
    moved = points - pinv_times(pinv, offset)
    return moved if len(kept) == len(s) else s.points.index_copy(0, kept, moved)

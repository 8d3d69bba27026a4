"""Points on level sets as differentiable functions of theta (Sec. 2.2, Eq. 8 and 9)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import Network, as_points, outputs_of, row_by_row
from levelset_core.levelsets.jacobian import (
    expand_rows,
    pinv_times,
    pseudo_inverse,
    value_and_jacobian,
    value_with_jacobian,
)
from levelset_core.levelsets.projection import project
from levelset_core.levelsets.samples import LevelSetSamples


@row_by_row
def sample_network(
    f: Network, s: LevelSetSamples, *, differentiate_pinv: bool = False, value: Tensor | None = None
) -> Tensor:
    """p(theta) = p - D_xF(p; theta_0)^+ [F(p; theta) - c]   (Eq. 9): one fixed linear layer on F.

    Equals ``s.points`` at theta_0, where its derivative is Eq. 8, D_theta p = -D_xF^+ D_theta F:
    the motion, to first order, of the sample along the normals while theta changes. For samples
    of another ``norm`` than "l2" it is the smallest motion in that norm (an extension). It costs
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
    free = s.free
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
        free = free if free is None else free.index_select(0, kept)
        value = value if value is None else value.index_select(0, kept)
    value = f(points, *args) if value is None else value
    offset = outputs_of(value, points) - level - values
    if differentiate_pinv:
        _, jacobian = value_and_jacobian(f, points, tuple(args), create_graph=True)
        jacobian = jacobian if free is None else jacobian * free
        pinv, _ = pseudo_inverse(jacobian, offset.ndim == 2, s.norm)
    if kept is None:
        return s.points - pinv_times(pinv, torch.where(expand_rows(s.failed, offset), 0.0, offset))
    moved = points - pinv_times(pinv, offset)
    return moved if len(kept) == len(s) else s.points.index_copy(0, kept, moved)


@row_by_row
def implicit_root(
    f: Network,
    *inputs: Any,
    solver: Callable[..., LevelSetSamples | Tensor | np.ndarray] = project,
    args: tuple[Tensor, ...] = (),
) -> Tensor:
    """The points that ``solver(f, *inputs)`` returns, differentiable in F's parameters.

        p = lc.implicit_root(f, a, b, solver=bisect)
        p.square().sum().backward()

    Forward they are the solver's, however it finds them: without autograd, in NumPy, by marching
    cubes. Backward they move by Eq. 8, D_theta p = -D_xF(p)^+ D_theta F(p), so that F(p) stays
    what it is: p(theta) = p - D_xF(p)^+ [F(p; theta) - F(p)]. Where the level set has a dimension,
    that is the motion along its normals, the shortest; a solver may also slide along the set
    (a bisection on a segment does), which has no part in it. With as many outputs as dimensions
    the root is a point, and the derivative is complete.

    Args:
        f: F, (n, *d) -> (n,), (n, 1) or (n, l).
        inputs: what the solver is called with after F. Gradients do not reach them.
        solver: returns the points, (n, *d), as a tensor or an array, or samples. It is called
            with gradients off; options go in by ``functools.partial`` or a lambda.
        args: further per-row tensors of ``f`` at the points, (n, ...).

    Returns:
        (n, *d). Where D_xF(p) has no full rank, or F(p) is not finite, the point is a constant.

    Raises:
        LevelsetError: the solver returns no (n, *d) floating point batch.
    """
    with torch.no_grad():
        found = solver(f, *inputs)
    if isinstance(found, LevelSetSamples):
        args = args or found.args
        found = found.points
    try:
        points = as_points(found, f).detach()
    except LevelsetError as error:
        raise LevelsetError(f"The solver returned no batch of points. {error}") from error
    value, jacobian = value_with_jacobian(f, points, args)
    pinv, good = pseudo_inverse(jacobian, outputs=value.ndim == 2)
    good = good & torch.isfinite(value.detach().reshape(len(points), -1)).all(1)
    offset = torch.where(expand_rows(good, value), value - value.detach(), 0.0)
    return points - pinv_times(torch.where(expand_rows(good, pinv), pinv, 0.0), offset)

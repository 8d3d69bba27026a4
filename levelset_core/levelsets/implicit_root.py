"""The points of any solver as differentiable functions of theta (Eq. 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import Network, as_points, row_by_row
from levelset_core.levelsets.jacobian import (
    expand_rows,
    pinv_times,
    pseudo_inverse,
    value_with_jacobian,
)
from levelset_core.levelsets.projection import project
from levelset_core.levelsets.samples import LevelSetSamples


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

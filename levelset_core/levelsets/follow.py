"""Level set points that a training takes along from step to step (an extension)."""

from __future__ import annotations

import torch
from torch import Tensor

from levelset_core.levelsets.functions import Network, row_by_row
from levelset_core.levelsets.jacobian import (
    expand_rows,
    pinv_times,
    pseudo_inverse,
    value_with_jacobian,
)
from levelset_core.levelsets.samples import LevelSetSamples


@row_by_row
def follow_points(
    f: Network, last: LevelSetSamples, *, max_jump: float = 100.0
) -> tuple[Tensor, LevelSetSamples]:
    """The points of a training's last step, where its optimizer step has moved their level set.

    p(theta) = p - D_xF(p; theta_0)^+ [F(p; theta) - level], p the last point: at theta_0 it is one
    Newton step, and its derivative is Eq. 8 at p. So one evaluation of F gives both the points
    and their sample network. What is left of |F - level| is of second order, and the next step
    goes on from there. The points stay where they are along the level set: search for the nearest
    ones anew every so many steps.

    Args:
        f: F as it is now.
        last: samples of it some steps ago. Failed ones stay failed.
        max_jump: a point fails that would move by more than ``max_jump * (1 + ||p||_2)``.

    Returns:
        p(theta), (n, *d), differentiable in f's parameters, and the samples. Their ``points`` are
        p(theta_0); their ``values`` are 0, which F - level is to first order, since nobody looked.
    """
    value, jacobian = value_with_jacobian(f, last.points, last.args)
    pinv, full_rank = pseudo_inverse(jacobian, value.ndim == 2, last.norm)
    residual = value - last.level
    with torch.no_grad():
        gone = pinv_times(pinv, residual).flatten(1)
        reach = 1.0 + torch.linalg.vector_norm(last.points.flatten(1), dim=1)
        short = torch.linalg.vector_norm(gone, dim=1) <= max_jump * reach
        failed = last.failed | ~full_rank | ~short  # NaN is not short
        pinv = torch.where(expand_rows(failed, pinv), 0.0, pinv)
    moved = last.points - pinv_times(pinv, torch.where(expand_rows(failed, value), 0.0, residual))
    nothing, on_level = torch.zeros_like(last.level), ~failed
    return moved, LevelSetSamples(
        moved.detach(), nothing, pinv, on_level, failed, torch.ones_like(last.steps), last.level,
        torch.where(expand_rows(failed, value), 0.0, residual.detach()), last.args, norm=last.norm,
    )  # fmt: skip

"""Newton projection in the row space of a network's first layer: the same steps, fewer numbers.

F(x) = H(W x + b) has D_xF = D_zH W, so that Newton steps never leave x + rows(W). With
W W^T = L L^T (Cholesky) the rows of Q^T = L^-1 W are orthonormal, u = Q^T x holds all that F sees,
F(x) = H(L u + b), and Q keeps lengths: Newton steps on u -> H(L u + b) are those on F. An iteration
then costs h numbers a point in place of d, where h is the width of the first layer (ours).
"""

from __future__ import annotations

import torch
from torch import Tensor

from levelset_core.few_samples.mlp_stack import MLPStack, Places
from levelset_core.levelsets.projection import project
from levelset_core.levelsets.samples import LevelSetSamples


class RowSpaceProjector:
    """:func:`project` for a stack of MLPs with its present weights, fast where h is far below d.

    The samples are those of :func:`project` up to rounding, but for ``max_jump``, which is
    measured on u. Where the first layer does not narrow, or has dependent rows, it is
    :func:`project` itself.

    Args:
        f: the stack, (n, d), (n,) -> (n,).
    """

    def __init__(self, f: MLPStack) -> None:
        self.weight = f.weights[0].detach()  # (R, h, d)
        self.factor: Tensor | None = None
        if 2 * self.weight.shape[1] <= self.weight.shape[2]:
            factor, failed = torch.linalg.cholesky_ex(self.weight @ self.weight.mT)
            diagonal = factor.diagonal(dim1=-2, dim2=-1)  # (R, h)
            sound = (diagonal.amin(1) > 1e-3 * diagonal.amax(1)).all()  # or rounding would show
            if sound and not failed.any():
                self.factor = factor  # (R, h, h)

    def __call__(
        self, f: MLPStack, x: Tensor, *, args: tuple[Tensor, ...], record: bool = False,
        level: float | Tensor = 0.0, max_steps: int = 20, tol: float = 1e-6,
        max_jump: float = 100.0,
    ) -> LevelSetSamples:  # fmt: skip
        """See :func:`project`; ``f`` is the stack of the constructor, ``args`` its members."""
        how = {"max_steps": max_steps, "tol": tol, "max_jump": max_jump}
        factor = self.factor
        if factor is None or record or not torch.isfinite(x).all():
            return project(f, x, level=level, args=args, record=record, **how)  # type: ignore[arg-type]
        (member,) = args
        places = Places(member, len(f))
        z = places.block(x.detach()) @ self.weight.mT  # (R, m, h)
        u = places.rows(torch.linalg.solve_triangular(factor, z.mT, upper=False).mT)
        s = project(_Inner(f, factor), u, level=level, args=args, **how)  # type: ignore[arg-type]
        both = torch.cat([s.points - u, s.pinv], 1)  # (n, 2 h)
        both = torch.cat(places.block(both).chunk(2, 2), 1)  # (R, 2 m, h)
        both = torch.linalg.solve_triangular(factor, both, upper=False, left=False)
        motion, pinv = (both @ self.weight).chunk(2, 1)  # rows times Q^T
        return LevelSetSamples(
            x.detach() + places.rows(motion), s.values, places.rows(pinv), s.converged, s.failed,
            s.steps, s.level, s.start_values, args,
        )  # fmt: skip


class _Inner:
    """u -> H(L u + b) and its derivative, by the layers of F."""

    def __init__(self, f: MLPStack, factor: Tensor) -> None:
        self.f, self.factor = f, factor

    def value_and_jacobian(self, u: Tensor, member: Tensor) -> tuple[Tensor, Tensor]:
        return self.f.value_and_jacobian(u, member, first=self.factor)

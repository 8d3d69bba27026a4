"""What every projector returns: points on (or near) a level set, ready for a sample network."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class LevelSetSamples:
    """n samples of {F = level}, with all that Eq. 9 needs. No field is ever NaN or infinite.

    Attributes:
        points: p, (n, *d).
        values: c = F(p; theta_0) - level, (n[, l]); zero where x or F(p) is not finite.
        pinv: D_xF(p; theta_0)^+, (n, *d[, l]); zero where it does not exist.
        converged: |c| <= tol and D_xF(p) of full rank, (n,) bool.
        failed: no level set point can be had from here: D_xF ~ 0, a step beyond ``max_jump``,
            a value that is not finite, no sign change on a segment, (n,) bool. The others that
            did not converge ran out of steps: the paper keeps them, on their level c.
        steps: steps taken by each point, (n,) int.
        level: the level aimed at, (n[, l]).
        start_values: F(x) - level at the start, (n[, l]); zero where not finite.
        args: further per-row arguments of F, e.g. labels.
        path: every iterate, (k + 1, n, *d), if recorded; a stopped point repeats its place.
        path_values: F - level along ``path``, (k + 1, n[, l]).
    """

    points: Tensor
    values: Tensor
    pinv: Tensor
    converged: Tensor
    failed: Tensor
    steps: Tensor
    level: Tensor
    start_values: Tensor
    args: tuple[Tensor, ...] = ()
    path: Tensor | None = None
    path_values: Tensor | None = None

    def __len__(self) -> int:
        return len(self.points)

    def usable(self, max_residual: float) -> Tensor:
        """Rows that may enter a loss: not failed and |F(p) - level| <= ``max_residual``, (n,)."""
        return ~self.failed & (residual_norm(self.values) <= max_residual)


def residual_norm(values: Tensor) -> Tensor:
    """The largest |F - level| over the outputs, (n,)."""
    return values.abs() if values.ndim == 1 else values.abs().amax(1)

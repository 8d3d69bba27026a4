"""What one optimizer step of a reconstruction reports."""

from __future__ import annotations

from dataclasses import dataclass

from levelset_core.levelsets import residual_norm
from levelset_core.losses.reconstruction import ReconstructionTerms


@dataclass(frozen=True)
class ReconstructionSnapshot:
    """One optimizer step. Lengths are in units of the box, see ``ReconstructionTrainer.scale``.

    Attributes:
        step: its number, counted from 1.
        loss: what it descended.
        data: mean |F(x_j)| over points of the cloud; None in the warm start.
        projected, near: mean |d(p, X) - |t|| of the two kinds of samples; None if there are none.
        residual: median |F(p) - t| of the projected samples, None if there are none.
        converged: share of them within ``newton_tol``.
        fraction: of the budget that is used, 0 to 1.
        seconds: of work so far.
        warm: whether it belongs to the warm start.
    """

    step: int
    loss: float
    data: float | None
    projected: float | None
    near: float | None
    residual: float | None
    converged: float | None
    fraction: float
    seconds: float
    warm: bool

    @classmethod
    def of(
        cls, step: int, loss: float, terms: ReconstructionTerms | None, *, projected: bool,
        near: bool, tol: float, fraction: float, seconds: float,
    ) -> ReconstructionSnapshot:  # fmt: skip
        """From the parts of Eq. 13, or of a step of the warm start, which has none."""
        if terms is None:
            return cls(step, loss, None, None, None, None, None, fraction, seconds, warm=True)
        distances = [float(distance) for distance in terms.distance]
        residual = converged = None
        if projected:
            off = residual_norm(terms.samples[0].values)
            residual, converged = float(off.median()), float((off <= tol).float().mean())
        return cls(
            step, loss, float(terms.data), distances[0] if projected else None,
            distances[-1] if near else None, residual, converged, fraction, seconds, warm=False,
        )  # fmt: skip

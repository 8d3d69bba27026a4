"""What a cloud of curves seems to be, before anything is trained: told with its evidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from levelset_core.geometry.curves.finding import FoundCurves
from levelset_core.geometry.curves.smooth_curve import SmoothCurve

#: What a person may overrule, said where it was guessed.
OVERRULE = {
    "auto": "", "open": ", since ends is set to open", "closed": ", since ends is set to closed",
}  # fmt: skip


@dataclass(frozen=True)
class CurveSurvey:
    """A first look at a cloud of curves. Lengths are in the cloud's units.

    Attributes:
        pieces, closed: how many curves, and how many of them closed.
        spacing: mean distance between points along the curves.
        noise: standard deviation across them, in every direction.
        outliers: points that lie on none, left out.
        points: all of them.
        widest: the longest stretch without a point that closed curves pass, in spacings.
        apart: the distance between the two ends of the open curve where it is least, or None.
        ends: the setting.
    """

    pieces: int
    closed: int
    spacing: float
    noise: float
    outliers: int
    points: int
    widest: float
    apart: float | None
    ends: str
    kind: str = "curve"

    @property
    def told(self) -> str:
        """One or two sentences."""
        open_ones, why = self.pieces - self.closed, []
        what = f"{self.pieces} curves, {self.closed} of them closed"
        if self.pieces == 1:
            what = "one closed curve" if self.closed else "one open curve"
        if self.closed:
            step = "its longest step" if self.pieces == 1 else "the longest step along a closed one"
            why.append(f"{step} is {self.widest:.1f} spacings")
        if open_ones and self.apart is not None:
            share = self.apart / self.spacing
            ends = "its ends" if self.pieces == 1 else "the ends of an open one"
            why.append(f"{ends} are {self.apart:.3g} apart, {share:.0f} spacings")
        lost = ""
        if self.outliers:
            share = self.outliers / self.points
            lost = f" {self.outliers:,} points ({share:.1%}) lie on none and are left out."
        return (
            f"The points seem to follow {what} ({'; '.join(why)}{OVERRULE[self.ends]}); spacing "
            f"{self.spacing:.3g}, noise {self.noise:.2g}.{lost}"
        )

    def unlike(self, pieces: int, closed: int, steps: int) -> str:
        """One sentence where the traced level set has other pieces than the points, else ""."""
        if (pieces, closed) == (self.pieces, self.closed):
            return ""
        return (
            f"After {steps:,} steps the level set has {pieces} pieces, {closed} of them closed, "
            f"where the points follow {self.pieces}, {self.closed} of them closed: give it more "
            "seconds or steps, or a wider network."
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"told": self.told}


def survey_curves(found: FoundCurves, ends: str, unit: float = 1.0) -> CurveSurvey:
    """What there is to say of found curves, whose unit has such a length in the cloud's."""
    curves = found.curves
    apart = [
        unit * float(np.linalg.norm(c.points[0] - c.points[-1])) for c in curves if not c.closed
    ]
    widest = [_widest(c) for c in curves if c.closed]
    return CurveSurvey(
        len(curves), len(widest), unit * found.apart, unit * found.noise,
        int((~found.kept).sum()), len(found.kept), max(widest, default=0.0) / found.apart,
        min(apart, default=None), ends,
    )  # fmt: skip


def _widest(curve: SmoothCurve) -> float:
    feet = np.unique(curve.feet)
    steps = np.diff(feet, append=feet[0] + len(curve.points)) if len(feet) else np.zeros(1)
    return float(steps.max()) * curve.length / len(curve.points)

"""Curves fitted to a cloud, each made whole: what has ends gets a way back to where it began."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from levelset_core.geometry.curves.gaps import wide_steps
from levelset_core.geometry.curves.return_path import return_path
from levelset_core.geometry.curves.smooth_curve import SmoothCurve, fit_curves
from levelset_core.geometry.normalization import Normalization


@dataclass(frozen=True, eq=False)
class CompleteCurve:
    """A fitted curve and, if it is open, the path from its end back to its start.

    Attributes:
        curve: the fit.
        path: (m, d); empty if the curve is closed.
    """

    curve: SmoothCurve
    path: np.ndarray

    @property
    def ring(self) -> np.ndarray:
        """The closed polygon, (n, d)."""
        return np.concatenate([self.curve.points, self.path])

    def closing(self) -> np.ndarray:
        """Points along gaps of the data and along the path, as far apart as the data, (k, d)."""
        points, feet, closed = self.curve.points, np.unique(self.curve.feet), self.curve.closed
        if len(feet) < 2:
            return self.path
        sample = self.curve.length / len(points)
        steps = np.diff(feet, append=feet[0] + len(points)) if closed else np.diff(feet)
        apart = max(float(np.median(steps)), 1.0)
        found = [np.zeros((0, points.shape[1]))]
        for k in wide_steps(steps * sample, self.curve.length, len(self.curve.feet)):
            count = int(steps[k] / apart)
            at = feet[k] + np.linspace(0, steps[k], count + 2)[1:-1]
            found.append(points[np.rint(at).astype(int) % len(points)])
        if len(self.path):
            lengths = np.linalg.norm(np.diff(self.path, axis=0), axis=1)
            stride = max(1, int(apart * sample / max(float(np.median(lengths)), 1e-300)))
            found.append(self.path[stride // 2 :: stride])
        return np.concatenate(found)

    def in_box(self, normalization: Normalization) -> CompleteCurve:
        """The same curve in the units of the box."""
        curve = replace(
            self.curve,
            points=normalization.apply(self.curve.points),
            noise=self.curve.noise / normalization.scale,
        )
        return CompleteCurve(curve, normalization.apply(self.path))


def complete_curves(points: np.ndarray, ends: str = "auto") -> list[CompleteCurve]:
    """The curves near a cloud, whole, the longest first; see :func:`fit_curves`.

    Raises:
        LevelsetError: no curve is found, or ``ends`` is unknown.
    """
    curves = fit_curves(points, ends)
    everything = np.concatenate([curve.points for curve in curves])
    found = []
    for curve in curves:
        path = np.zeros((0, points.shape[1]))
        if not curve.closed:
            path = return_path(curve.points, everything)
            everything = np.concatenate([everything, path])
        found.append(CompleteCurve(curve, path))
    return found

"""Curves fitted to a cloud, each made whole: what has ends gets a way back to its start.

The level set of a continuous F has no ends. So an open curve is closed by a path that goes on
straight at both ends and then keeps its distance to all curves; it is cut off again once F has
been traced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from skimage.graph import route_through_array

from levelset_core.geometry.curves.finding import find_curves
from levelset_core.geometry.curves.gaps import wide_steps
from levelset_core.geometry.curves.smooth_curve import SmoothCurve
from levelset_core.geometry.frames import Normalization
from levelset_core.geometry.meshes import even_points, unit

#: Room around the curves, and the straight parts at the ends, in parts of the longest side.
MARGIN, STRAIGHT = 0.2, 0.08
#: A direction at an end is taken over this part of the curve.
END = 0.03
#: Nodes of the grid along the longest side, by dimension.
NODES = {2: 288, 3: 48}
#: What a step costs is the inverse distance to the curves to this power. Nearer than so many nodes
#: it costs so much: a path that crosses a curve would make two level sets of it.
POWER, WALL, BARRED = 3, 0.75, 1e9
#: A straight part stays this part of its length away from the curves.
CLEAR = 0.5
#: Samples of a ring among which strands are looked for; they are two where the way along the ring
#: is so many times as long as the distance.
STRANDS, TURN = 500, 3.0
#: Smoothing of the path, in nodes; points on it.
SMOOTH, SAMPLES = 2.0, 600


def return_path(curve: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Points from the last point of an open curve back to its first, without these two.

    Args:
        curve: (n, d) in order.
        others: all points that it shall keep off, those of the curve among them, (m, d).
    """
    low, high, tree = others.min(0), others.max(0), cKDTree(others)
    side = float((high - low).max())
    far = max(1, round(END * len(curve)))
    tips, grid_points = [], NODES[curve.shape[1]]
    for tip, inward in ((curve[-1], curve[-1 - far]), (curve[0], curve[far])):
        tips.append(_straight_on(tip, unit((tip - inward)[None])[0], STRAIGHT * side, tree))
    low, high = np.minimum(low, np.min(tips, 0)), np.maximum(high, np.max(tips, 0))
    low, high = low - MARGIN * side, high + MARGIN * side
    step = float((high - low).max()) / grid_points
    axes = [np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    distance = tree.query(nodes.reshape(-1, len(low)))[0].reshape(nodes.shape[:-1])
    cost = (side / np.maximum(distance, 0.1 * step)) ** POWER
    cost[distance < WALL * step] = BARRED
    begin, end = (tuple(np.rint((tip - low) / step).astype(int)) for tip in tips)
    route, _ = route_through_array(cost, begin, end, fully_connected=True, geometric=True)
    places = nodes[tuple(np.array(route).T)]
    places[0], places[-1] = tips
    # The straight parts, then the route, as one line of even points that is smoothed.
    line = np.concatenate([curve[-1:], places, curve[:1]])
    lengths = np.concatenate([[0], np.linalg.norm(np.diff(line, axis=0), axis=1).cumsum()])
    wanted = np.linspace(0, lengths[-1], SAMPLES)
    line = RegularGridInterpolator((lengths,), line)(wanted[:, None])
    smooth = gaussian_filter1d(line, SMOOTH * step * SAMPLES / lengths[-1], axis=0, mode="nearest")
    # Near the ends, where a filter cuts corners, the line itself counts.
    near = np.minimum(wanted, lengths[-1] - wanted)[:, None] / (STRAIGHT * side)
    return np.asarray(line + np.clip(near, 0, 1) * (smooth - line))[1:-1]


def _straight_on(tip: np.ndarray, way: np.ndarray, length: float, tree: cKDTree) -> np.ndarray:
    """The end of a straight part; shorter where another stretch is near."""
    while tree.query(tip + length * way)[0] < CLEAR * length and length > 1e-3:
        length *= 0.7
    return np.asarray(tip + length * way)


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
    """The curves near a cloud, whole, the longest first.

    Raises:
        LevelsetError: as :func:`levelset_core.geometry.curves.finding.find_curves`.
    """
    return completed(find_curves(points, ends).curves)


def completed(curves: Sequence[SmoothCurve]) -> list[CompleteCurve]:
    """The curves, each open one with a way back that keeps off the others."""
    everything = np.concatenate([curve.points for curve in curves])
    found = []
    for curve in curves:
        path = np.zeros((0, everything.shape[1]))
        if not curve.closed:
            path = return_path(curve.points, everything)
            everything = np.concatenate([everything, path])
        found.append(CompleteCurve(curve, path))
    return found


def strand_distance(curves: Sequence[CompleteCurve]) -> float:
    """The least distance between two strands of the rings, (n, d): not along one of them."""
    rings = [even_points(np.concatenate([c.ring, c.ring[:1]]), STRANDS + 1)[0] for c in curves]
    points = np.concatenate([ring[:-1] for ring in rings])
    owner, along = np.divmod(np.arange(len(points)), STRANDS)
    steps = np.array([np.linalg.norm(ring[1] - ring[0]) for ring in rings])[owner]
    distance = cdist(points, points)
    between = np.abs(along[:, None] - along)
    between = np.minimum(between, STRANDS - between) * steps[:, None]
    beside = (owner[:, None] == owner) & (between <= TURN * distance)
    return float(distance[~beside].min(initial=np.inf))

"""Polygons at two hidden layers: signed sums of functions of at most three affine pieces.

Every continuous piecewise linear function on R^2 is a signed sum of maxima of three affine
functions (Wang and Sun, 2005), and two hidden layers compute such a maximum. The sum is found in
a triangulation in which F is affine on every face. By the Brianchon-Gram relation for its faces,

    F = sum_v F_v - sum_e F_e + sum_t F_t,

over vertices, bounded edges and triangles, where F_g goes on for ever as F is close to g. F_t is
affine, F_e = A + c r(w) takes one unit, and F_v, a cone over the rays of v, takes one for each:

    F_v = A + sum_i s_i r(min(a_i, b_i)),    min(a, b) = b - r(b - a),

with a_i, b_i affine, 0 on the ray before and after the i-th, and s_i the slope of F - A along it.
"""

from __future__ import annotations

import numpy as np
import shapely
import torch
from shapely.geometry import MultiPolygon
from torch import nn

from levelset_core.errors import LevelsetError
from levelset_core.exact.compiler import MAX_WEIGHTS, relu_network
from levelset_core.exact.triangulation import Triangulation, cross, line_of, triangulate

#: Two neighbouring sectors of a cone span less than a half-plane.
_WIDE = np.deg2rad(170)
#: Of the size: how far rounding may move the boundary.
_ROUNDING = 1e-7
#: Where on an edge is looked beside it.
_ALONG = (0.03, 0.3, 0.7, 0.97)
#: Slopes and bends below this are rounding.
_NONE = 1e-13


def shallow_network(region: MultiPolygon) -> nn.Sequential:
    """A ReLU network of two hidden layers that is negative inside, 0 on the boundary.

    Args:
        region: a valid region, in float64.

    Returns:
        Linear and ReLU layers in float64, (n, 2) -> (n, 1). |gradient| is at most 3.

    Raises:
        LevelsetError: it would have more than ``MAX_WEIGHTS`` weights, or parts of the region are
            so thin that rounding would spoil its signs.
    """
    low, high = np.reshape(region.bounds, (2, 2))
    center, size = (low + high) / 2, float((high - low).max())
    mesh = triangulate(shapely.transform(region, lambda x: (x - center) / size))
    units = _Units(mesh)
    for v in range(len(mesh.points)):
        units.add_vertex(v)
    units.add_edges()
    units.add_faces()
    network = units.build(center, size)
    _refuse_rounding(network, mesh, center, size)
    return network


@torch.no_grad()
def _refuse_rounding(
    network: nn.Sequential, mesh: Triangulation, center: np.ndarray, size: float
) -> None:
    """Beside thin parts F is flat, and what float64 leaves of it may have the wrong sign.

    Looks at places on both sides of every edge of the boundary.
    """
    zero = mesh.values[mesh.triangles] == 0
    rows = mesh.triangles[zero.sum(1) == 2]
    apex = rows[mesh.values[rows] != 0]
    ends = rows[mesh.values[rows] == 0].reshape(-1, 2)
    height = np.abs(mesh.values[apex]) / np.linalg.norm(mesh.gradients[zero.sum(1) == 2], axis=1)
    least = max(_ROUNDING, 100 * float(np.spacing(np.abs(center).max())) / size)
    part = np.minimum(least / height, 0.5)[:, None]
    a, b, top = mesh.points[ends[:, 0]], mesh.points[ends[:, 1]], mesh.points[apex]
    for t in _ALONG:
        places = ((1 - part) * (a + t * (b - a)) + part * top) * size + center
        found = torch.cat([network(x)[:, 0] for x in torch.from_numpy(places).split(4096)])
        if (found.numpy() * mesh.values[apex] <= 0).any():
            raise LevelsetError(
                f"At two hidden layers rounding would move the boundary by {least:.1g} of the size "
                "or more, because parts of the shape are very thin: take the form deep or balanced."
            )


class _Units:
    """The units of both layers, as affine functions (a, b): a.x + b of the scaled plane."""

    def __init__(self, mesh: Triangulation) -> None:
        self.mesh = mesh
        self.first: list[np.ndarray] = []  # r(w), one a line
        self.index: dict[object, int] = {}
        self.second: list[tuple[np.ndarray, int, float]] = []  # r(plane + factor r(w))
        self.out: list[float] = []
        self.rest = np.zeros(3)  # the affine part of F

    def line(self, key: object, through: np.ndarray, along: np.ndarray) -> int:
        """The unit r(w) of a line, |gradient of w| = 1."""
        if key not in self.index:
            normal = np.array([-along[1], along[0]]) / np.linalg.norm(along)
            self.index[key] = len(self.first)
            self.first.append(np.array([*normal, -normal @ through]))
        return self.index[key]

    def edge_line(self, i: int, j: int) -> int:
        a, b = self.mesh.lines[line_of(i, j)]
        return self.line((a, b), self.mesh.points[a], self.mesh.points[b] - self.mesh.points[a])

    def add_vertex(self, v: int) -> None:
        """F_v: a hat over every ray, in order of their angle."""
        mesh, at = self.mesh, self.mesh.points[v]
        rays: list[tuple[np.ndarray, float, int | None]] = []
        for end in mesh.neighbours[v]:
            along, rise = mesh.points[end] - at, mesh.values[end] - mesh.values[v]
            length = float(np.linalg.norm(along))
            rays.append((along / length, float(rise) / length, end))
        if v >= len(mesh.points) - 3:  # a corner: on each side F grows by 1 away from the triangle
            rays.append((at / np.linalg.norm(at), 0.5, None))
        rays.sort(key=lambda ray: np.arctan2(ray[0][1], ray[0][0]))
        rays = _narrow(rays)
        tilt = _tilt(rays)
        self.rest += [*tilt, mesh.values[v] - tilt @ at]
        for k, (along, slope, j) in enumerate(rays):
            slope -= float(tilt @ along)
            if abs(slope) <= _NONE:
                continue
            before, after = rays[k - 1][0], rays[(k + 1) % len(rays)][0]
            a = np.array([-before[1], before[0]]) / cross(before, along)
            b = np.array([after[1], -after[0]]) / cross(along, after)
            unit = self.line(("ray", v, k), at, along) if j is None else self.edge_line(v, j)
            # b - a = bend * w: one of the two forms of min(a, b) needs r(w), not r(-w).
            bend = float((b - a) @ self.first[unit][:2])
            base = b if bend > 0 else a
            self.second.append((np.array([*base, -base @ at]), unit, -abs(bend)))
            self.out.append(slope)

    def add_edges(self) -> None:
        """-F_e: the affine function to the right of the line, and the bend across it."""
        mesh = self.mesh
        outer = len(mesh.points) - 3
        for i, j in mesh.lines:
            unit = self.edge_line(i, j)
            normal = self.first[unit][:2]
            along = mesh.points[j] - mesh.points[i]
            ends = (i, j) if cross(along, normal) > 0 else (j, i)
            left, right = mesh.beside.get(ends), mesh.beside.get(ends[::-1])
            away = normal if left is None else -normal  # beyond the big triangle F grows by 1
            g, h = (away if t is None else mesh.gradients[t] for t in (left, right))
            assert (left is not None and right is not None) or min(i, j) >= outer
            self.rest -= [*h, mesh.values[i] - h @ mesh.points[i]]
            bend = float((g - h) @ normal)
            if abs(bend) > _NONE:
                self.second.append((np.zeros(3), unit, 1.0))
                self.out.append(-bend)

    def add_faces(self) -> None:
        mesh = self.mesh
        first = mesh.triangles[:, 0]
        offsets = mesh.values[first] - (mesh.gradients * mesh.points[first]).sum(1)
        self.rest += [*mesh.gradients.sum(0), offsets.sum()]

    def build(self, center: np.ndarray, size: float) -> nn.Sequential:
        """The layers; x and -x go along, each as two units, for the affine parts."""
        carried = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], dtype=float)
        one = np.array([*carried, *self.first])
        lines, hats = len(one), len(self.second)
        count = 2 * lines + lines * (hats + 4) + hats + 4
        if count > MAX_WEIGHTS:
            raise LevelsetError(
                f"At two hidden layers the network would have {count} weights, more than "
                f"{MAX_WEIGHTS}: take the form deep or balanced, or simplify the shape."
            )
        two, bias = np.zeros((hats + 4, lines)), np.zeros(hats + 4)
        two[range(4), range(4)] = 1
        for row, (plane, unit, factor) in enumerate(self.second, 4):
            two[row, :4] = plane[0], -plane[0], plane[1], -plane[1]
            two[row, 4 + unit] += factor
            bias[row] = plane[2]
        x, y, rest = self.rest
        out = np.array([[x, -x, y, -y, *self.out]]) * size
        scaled = one[:, :2] / size
        first = scaled, one[:, 2] - scaled @ center
        return relu_network([first, (two, bias), (out, np.array([rest * size]))])


def _narrow(
    rays: list[tuple[np.ndarray, float, int | None]],
) -> list[tuple[np.ndarray, float, int | None]]:
    """More rays where two neighbouring sectors span a half-plane, with the slope of F there."""
    k = 0
    while k < len(rays):
        sectors = [_angle(rays[k - 1 + n][0], rays[(k + n) % len(rays)][0]) for n in (0, 1)]
        if sum(sectors) < _WIDE:
            k += 1
            continue
        wide = k - 1 + int(sectors[1] >= sectors[0])
        (p, f, _), (q, g, _) = rays[wide], rays[(wide + 1) % len(rays)]
        length = float(np.linalg.norm(p + q))  # of the bisector, in which F is affine
        rays.insert(wide % len(rays) + 1, ((p + q) / length, (f + g) / length, None))
        k = 0
    return rays


def _tilt(rays: list[tuple[np.ndarray, float, int | None]]) -> np.ndarray:
    """The gradient of a linear function that takes the slope from as many rays as possible."""
    along, slopes = np.array([r[0] for r in rays]), np.array([r[1] for r in rays])
    pairs = np.stack([along, np.roll(along, -1, axis=0)], axis=1)
    sides = np.stack([slopes, np.roll(slopes, -1)], axis=1)[..., None]
    tilts = np.concatenate([np.zeros((1, 2)), np.linalg.solve(pairs, sides)[..., 0]])
    left = np.abs(slopes - tilts @ along.T) > _NONE
    found: np.ndarray = tilts[left.sum(1).argmin()]
    return found


def _angle(p: np.ndarray, q: np.ndarray) -> float:
    """From p counterclockwise to q."""
    return float(np.arctan2(cross(p, q), p @ q) % (2 * np.pi))

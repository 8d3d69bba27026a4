"""One literal per edge: the formula of a polygon or of an unbounded chain of edges.

After Dobkin, Guibas, Hershberger, Snoeyink: "An efficient algorithm for finding the CSG
representation of a simple polygon" (1988). A chain, its first and last edge prolonged to
half-lines, divides the plane. Cut at a vertex of its convex hull and prolonged there, it falls
into two such chains, and the side to its left is the intersection of theirs if it turns left at
that vertex, else the union. An extension is the choice of the vertex: the one that leads to the
least depth.
"""

from __future__ import annotations

import math

import numpy as np
import shapely

from levelset_core.exact.formula import Formula, Literal, Operation, merge

#: Up to this many edges every vertex is tried, beyond it those nearest the middle of a chain.
_ALL = 64
_FEW = 1
#: Angles (radians) and relative distances below which directions and heights count as equal.
_ANGLE, _HEIGHT = 1e-9, 1e-12
#: From so many points on, those that are surely inside are left out before their hull is made.
_MANY = 200


def edge_literals(points: np.ndarray, closed: bool) -> list[Literal]:
    """The line of every edge, negative to its left: (n, 2) -> n (closed) or n - 1 literals."""
    ends = np.roll(points, -1, axis=0) if closed else points[1:]
    starts = points if closed else points[:-1]
    along = ends - starts
    normals = np.column_stack([along[:, 1], -along[:, 0]])
    normals /= np.hypot(*along.T)[:, None]
    offsets = -(normals * (starts + ends)).sum(1) / 2
    return [Literal(n, float(b)) for n, b in zip(normals, offsets, strict=True)]


def chain_formula(points: np.ndarray) -> Formula:
    """F < 0 to the left of a chain whose first and last edge go on for ever: (n, 2), n >= 2."""
    return _Chains(points, edge_literals(points, closed=False)).formula(0, len(points) - 2)


def ring_formula(points: np.ndarray) -> Formula:
    """F < 0 to the left of a simple ring: inside if it runs counterclockwise, else outside."""
    n = len(points)
    twice = np.concatenate([points, points, points[:1]])
    lines = edge_literals(points, closed=True)
    chains = _Chains(twice, lines + lines, closed=True)

    # Prolonged at two vertices that are extreme in opposite directions, the halves cannot meet.
    def rank(pair: tuple[int, int]) -> tuple[int, int]:
        return chains.joint(*pair)[1], abs(n - 2 * (pair[1] - pair[0]))

    pairs = _antipodal(points)
    if n > _ALL:
        pairs = sorted(pairs, key=lambda pair: abs(n - 2 * (pair[1] - pair[0])))[:_FEW]
    i, j = min(pairs, key=rank)
    operation, _ = chains.joint(i, j)
    halves = [chains.formula(i, j - 1, operation), chains.formula(j, i + n - 1, operation)]
    return merge(operation, halves)


class _Chains:
    """The formulas of all stretches of edges i..j of one polyline; edge k starts at point k."""

    def __init__(self, points: np.ndarray, lines: list[Literal], closed: bool = False) -> None:
        self.points, self.lines = points, lines
        self.size = float(np.ptp(points, axis=0).max())
        step = np.diff(points, axis=0)
        self.angle = np.arctan2(step[:, 1], step[:, 0])  # of every edge
        turn = step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]
        self.turns: list[Operation] = ["max", *("max" if t > 0 else "min" for t in turn)]
        self.exhaustive = len(lines) <= 2 * _ALL
        #: Of a ring, which is written twice, edges and vertices come again after so many.
        self.period = len(lines) // 2 if closed else len(points)
        self.number = {tuple(p): k for k, p in enumerate(points[: self.period].tolist())}
        #: (i, j) -> for each operation on top: leaves of a full tree of gates, vertex to cut at.
        self.known: dict[tuple[int, int], dict[Operation, tuple[int, int]]] = {}

    def joint(self, i: int, j: int) -> tuple[Operation, int]:
        """A ring cut at vertices i and j: the operation, and the depth it leads to."""
        n = len(self.lines) // 2
        operation = self.turns[i + n] if i == 0 else self.turns[i]
        self.solve(i, j - 1)
        self.solve(j, i + n - 1)
        leaves = self.leaves(i, j - 1, operation) + self.leaves(j, i + n - 1, operation)
        return operation, (leaves - 1).bit_length()

    def leaves(self, i: int, j: int, operation: Operation) -> int:
        """2^depth that a stretch adds to a gate, less where it melts into a gate of its kind."""
        if i == j:
            return 1
        choices = self.known[i, j]
        full = min(1 << (count - 1).bit_length() for count, _ in choices.values())
        return min(full, choices[operation][0]) if operation in choices else full

    def solve(self, i: int, j: int) -> None:
        """Find the best vertices to cut at for edges i..j and all stretches that this needs."""
        stack = [(i, j)]
        while stack:
            i, j = stack[-1]
            if i == j or (i, j) in self.known:
                stack.pop()
                continue
            cuts = self.cuts(i, j)
            missing = [
                part for k in cuts for part in ((i, k - 1), (k, j))
                if part[0] < part[1] and part not in self.known
            ]  # fmt: skip
            if missing:
                stack += missing
                continue
            best: dict[Operation, tuple[int, int]] = {}
            for k in cuts:
                turn = self.turns[k]
                count = self.leaves(i, k - 1, turn) + self.leaves(k, j, turn)
                best[turn] = min(best.get(turn, (count, k)), (count, k))
            self.known[i, j] = best
            stack.pop()

    def formula(self, i: int, j: int, above: Operation | None = None) -> Formula:
        """The shallowest formula of edges i..j; of the kind of the gate above if that pays."""
        done: list[Formula] = []
        # Stretches to do; and gates, whose two children are then the last that are done.
        stack: list[tuple[int, int, Operation | None] | Operation] = [(i, j, above)]
        while stack:
            item = stack.pop()
            if isinstance(item, str):
                second, first = done.pop(), done.pop()
                done.append(merge(item, [first, second]))
                continue
            i, j, above = item
            if i == j:
                done.append(self.lines[i])
                continue
            self.solve(i, j)
            choices = self.known[i, j]
            operation = min(choices, key=lambda turn: choices[turn][0])
            if above in choices and choices[above][0] == self.leaves(i, j, above):
                operation = above
            k = choices[operation][1]
            stack += [operation, (k, j, operation), (i, k - 1, operation)]
        return done[0]

    # -- where a chain may be cut ----------------------------------------------------------------

    def cuts(self, i: int, j: int) -> list[int]:
        """Vertices of the convex hull of the chain of edges i..j."""
        if j == i + 1:
            return [j]
        hull = self.hull(i, j)
        if not self.exhaustive:
            hull = sorted(hull, key=lambda k: abs(2 * k - i - j - 1))[:_FEW]
        return hull

    def hull(self, i: int, j: int) -> list[int]:
        # The half-lines leave along -edge i and along edge j. Vertex k is one of the hull if it
        # is alone the farthest in some direction in which neither half-line gets ahead: if its
        # cone of outward normals meets the cone of those directions.
        inner = self.points[i + 1 : j + 1]
        back, ahead = self.angle[i] + math.pi, self.angle[j]
        between = math.remainder(ahead - back, 2 * math.pi)
        half = (math.pi - abs(between)) / 2
        if half < _ANGLE:
            return [i + 1 + k for k in self.flat(inner, back)]
        middle = back + between / 2 + math.pi
        ring, start, width = _normal_cones(inner)
        offset = np.remainder(start - middle + math.pi, 2 * math.pi) - math.pi
        overlap = np.maximum(
            np.minimum(offset + width, half) - np.maximum(offset, -half),
            np.minimum(offset + width - 2 * math.pi, half) + half,
        )
        good = ring[overlap > _ANGLE]
        if not len(good):
            good = ring[[overlap.argmax()]]
        first = i + 1
        return [first + (self.number[p] - first) % self.period for p in map(tuple, good.tolist())]

    def flat(self, inner: np.ndarray, back: float) -> list[int]:
        """Half-lines in opposite directions: ends of the two faces of the hull along them."""
        direction = np.array([math.cos(back), math.sin(back)])
        along = inner @ direction
        height = inner @ np.array([-direction[1], direction[0]])
        found: set[int] = set()
        for h in (height, -height):
            face = np.flatnonzero(h >= h.max() - _HEIGHT * self.size)
            if 0 not in face:  # the half-line at the first vertex does not cover this end
                found.add(int(face[along[face].argmax()]))
            if len(inner) - 1 not in face:
                found.add(int(face[along[face].argmin()]))
        return sorted(found) or [len(inner) // 2]  # all on one line: any vertex will do


def _normal_cones(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners of the convex hull, (k, 2), and where their outward normals begin and span."""
    points = _outer(points)
    line = shapely.linestrings(points if len(points) > 1 else np.repeat(points, 2, axis=0))
    hull = shapely.get_coordinates(shapely.convex_hull(line))
    if len(hull) == 1:
        return hull, np.zeros(1), np.full(1, 2 * math.pi)
    ring = hull[:-1][::-1] if len(hull) > 2 else hull  # counterclockwise
    leaving = np.roll(ring, -1, axis=0) - ring
    normal = np.arctan2(leaving[:, 1], leaving[:, 0]) - math.pi / 2
    start = np.roll(normal, 1)
    width = np.remainder(normal - start, 2 * math.pi)
    return ring, start, width


def _outer(points: np.ndarray) -> np.ndarray:
    """Without most of the points that are surely no corners of the hull.

    Those lie inside the polygon of the points farthest in eight directions.
    """
    if len(points) < _MANY:
        return points
    near = points - points[0]  # exact, where coordinates are far larger than the shape
    x, y = np.ascontiguousarray(near.T)
    far = [np.argmax(h) for h in (x, x + y, y, y - x, -x, -x - y, -y, x - y)]
    outer = np.zeros(len(points), dtype=bool)
    clear = _HEIGHT * float(np.abs(near).max()) ** 2  # of rounding
    for a, b in zip(near[far], near[far[1:] + far[:1]], strict=True):
        if (a != b).any():
            u, v = b - a
            outer |= u * y - v * x <= u * a[1] - v * a[0] + clear
    kept: np.ndarray = points[outer]
    return kept


def _antipodal(points: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of vertices, i < j, that are alone the farthest in opposite directions."""
    ring, start, width = _normal_cones(points)
    number = {tuple(p): k for k, p in enumerate(points.tolist())}
    corners = [number[p] for p in map(tuple, ring.tolist())]
    pairs = set()
    for a in range(len(corners)):
        offset = np.remainder(start + math.pi - start[a] + math.pi, 2 * math.pi) - math.pi
        overlap = np.minimum(offset + width, width[a]) - np.maximum(offset, 0.0)
        for b in np.flatnonzero(overlap > _ANGLE):
            i, j = sorted((corners[a], corners[b]))
            pairs.add((i, j))
    return sorted(pairs)

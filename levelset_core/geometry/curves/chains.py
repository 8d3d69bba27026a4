"""Scattered points of curves put in order: which follows which, and where a curve closes.

Every point may have two neighbours. The shortest links come first, and none turns back by more
than a right angle, as in NN-crust (Dey and Kumar, 1999); dense noisy points are thinned before,
to a scale at which they look like a line. What is left are fragments; their ends are joined where
the join goes on in the direction of both.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import DisjointSet, fcluster, linkage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, depth_first_order
from scipy.spatial import cKDTree

from levelset_core.errors import LevelsetError
from levelset_core.settings import choose

#: What becomes of two ends that face each other.
ENDS = ("auto", "open", "closed")
#: Points look like a line if their spread across is at most this part of that along it.
FLAT = 0.2
#: Sizes of the neighbourhoods that this is tried with.
NEIGHBOURHOODS = (4, 6, 9, 14, 21, 32, 48, 72, 110)
#: Points nearer to each other than this part of such a neighbourhood become one: of the smallest,
#: and of larger ones, which are needed where there is more noise than distance between points.
THIN, THIN_NOISY = 0.3, 0.5
#: Points that are ordered at most; of more, every k-th counts.
MOST = 4000
#: Candidates of a link, and its length at most, in usual distances of neighbours.
CANDIDATES, LONG = 8, 4.0
#: A join may turn so far in all (degrees) if it is no longer than this part of what it joins: two
#: fifths of a circle, and less of what winds more.
JOINS = ((150.0, 0.5), (200.0, 0.17))
#: So many distances are no gap: such ends are joined unless they point the same way.
NEAR = 4.0
#: A chain so much shorter than another, and so near to it, in distances of neighbours, is noise.
ASIDE_SHARE, ASIDE = 0.2, 2.0
#: A direction is taken over so many links, and over this part of a fragment.
BACK, BACK_SHARE = 3, 0.04
#: Fewer points make no curve of their own.
LEAST = 4


@dataclass(frozen=True, eq=False)
class Chain:
    """Points in order, (k, d); ``closed``: the first follows the last."""

    points: np.ndarray
    closed: bool


def order_points(points: np.ndarray, ends: str = "auto") -> list[Chain]:
    """Chains through points near one or several curves, the longest first.

    Args:
        points: (n, d), in any order.
        ends: "auto" closes a chain if its ends are near each other or go on towards each other;
            "open" closes none, "closed" every one.

    Raises:
        LevelsetError: no curve is found, or ``ends`` is unknown.
    """
    choose("ends", ends, ENDS)
    nodes = thinned(points)
    if len(nodes) < LEAST:
        raise LevelsetError(f"A curve needs {LEAST} points at different places, got {len(nodes)}.")
    links = _Links(nodes)
    links.take_short()
    links.take_joins(ends)
    chains: list[Chain] = []
    for chain in sorted(links.chains(), key=lambda chain: -len(chain.points)):
        astray = any(  # left beside a longer one where the points scatter
            len(chain.points) < ASIDE_SHARE * len(longer.points)
            and np.median(cKDTree(longer.points).query(chain.points)[0]) <= ASIDE * links.spacing
            for longer in chains
        )
        if len(chain.points) >= LEAST and not astray:
            chains.append(chain)
    if not chains:
        raise LevelsetError("The points do not follow any curve: they are too few or too noisy.")
    return chains


def thinned(points: np.ndarray) -> np.ndarray:
    """Means of points nearer to each other than the scale at which they look like a line."""
    points = points[:: -(-len(points) // MOST)]
    if len(points) < 2:
        return points
    groups = fcluster(linkage(points, "complete"), _nearness(points), "distance") - 1
    count = np.bincount(groups)
    return np.asarray(np.stack([np.bincount(groups, axis) / count for axis in points.T], axis=1))


def _nearness(points: np.ndarray) -> float:
    """What counts as one point: by the smallest neighbourhoods that look like a line, if any do."""
    tree = cKDTree(points)
    found = []
    for size in NEIGHBOURHOODS:
        if size > NEIGHBOURHOODS[0] and size > len(points) // 4:
            break
        distance, rows = tree.query(points, k=min(size, len(points)))
        near = points[rows]
        spread = np.linalg.svd(near - near.mean(1, keepdims=True), compute_uv=False)
        flatness = float(np.median(spread[:, 1] / np.maximum(spread[:, 0], 1e-300)))
        part = THIN if size == NEIGHBOURHOODS[0] else THIN_NOISY
        found.append((flatness, part * float(np.median(distance[:, -1]))))
        if flatness < FLAT:
            break
    return min(found)[1]


class _Links:
    """Links between nodes, two a node at most."""

    def __init__(self, nodes: np.ndarray) -> None:
        self.nodes = nodes
        self.neighbours: list[list[int]] = [[] for _ in nodes]
        self.groups = DisjointSet(range(len(nodes)))
        k = min(CANDIDATES + 1, len(nodes))
        self.distance, self.rows = cKDTree(nodes).query(nodes, k=k)
        self.spacing = float(np.median(self.distance[:, 1 : min(3, k)]))

    def take_short(self) -> None:
        """Neighbours on the curve; no ring is closed."""
        k = self.rows.shape[1] - 1
        a, b = np.repeat(np.arange(len(self.nodes)), k), self.rows[:, 1:].ravel()
        length = self.distance[:, 1:].ravel()
        kept = (a < b) & (length <= LONG * self.spacing)
        for _, i, j in sorted(zip(length[kept], a[kept].tolist(), b[kept].tolist(), strict=True)):
            few = len(self.neighbours[i]) < 2 and len(self.neighbours[j]) < 2
            if few and not self.groups.connected(i, j) and self._ahead(i, j) and self._ahead(j, i):
                self._link(i, j)

    def take_joins(self, ends: str) -> None:
        """Links between the ends of fragments, the shortest and straightest first."""
        tips = [i for i, near in enumerate(self.neighbours) if len(near) == 1]
        lengths = {}
        for i in tips:
            walked = self.nodes[list(self._walk(i))]
            lengths[i] = float(np.linalg.norm(np.diff(walked, axis=0), axis=1).sum())
        inward = {i: self._inward(i, lengths[i]) for i in tips}
        joins = []
        for i, j in itertools.combinations(tips, 2):
            own = self.groups.connected(i, j)
            chord = self.nodes[j] - self.nodes[i]
            length = float(np.linalg.norm(chord))
            turn = turning(inward[i], chord, inward[j])
            joined = lengths[i] if own else lengths[i] + lengths[j]
            near = length <= NEAR * self.spacing and inward[i] @ inward[j] < 0
            if own and ends == "open":
                continue
            if near or goes_on(turn, length / joined) or (own and ends == "closed"):
                joins.append((length * (1 + turn / 90), i, j))
        for _, i, j in sorted(joins):
            if len(self.neighbours[i]) < 2 and len(self.neighbours[j]) < 2:
                self._link(i, j)

    def chains(self) -> list[Chain]:
        """The points of every fragment in order."""
        a = np.repeat(np.arange(len(self.nodes)), [len(near) for near in self.neighbours])
        b = np.array([j for near in self.neighbours for j in near], dtype=int)
        graph = csr_array((np.ones(len(a)), (a, b)), shape=(len(self.nodes),) * 2)
        _, labels = connected_components(graph, directed=False)
        found = []
        for label in range(labels.max() + 1):
            rows = np.nonzero(labels == label)[0]
            tips = [i for i in rows if len(self.neighbours[i]) < 2]
            first = tips[0] if tips else rows[0]
            order = depth_first_order(graph, first, directed=False, return_predecessors=False)
            found.append(Chain(self.nodes[order], not tips))
        return found

    def _ahead(self, i: int, j: int) -> bool:
        """Whether going to j at i is no turning back."""
        return all(
            np.dot(self.nodes[j] - self.nodes[i], self.nodes[i] - self.nodes[k]) >= 0
            for k in self.neighbours[i]
        )

    def _link(self, i: int, j: int) -> None:
        self.neighbours[i].append(j)
        self.neighbours[j].append(i)
        self.groups.merge(i, j)

    def _walk(self, tip: int) -> Iterable[int]:
        """The nodes of a fragment from its tip on."""
        before, here = -1, tip
        while True:
            yield here
            ahead = [k for k in self.neighbours[here] if k != before]
            if not ahead:
                return
            before, here = here, ahead[0]

    def _inward(self, tip: int, length: float) -> np.ndarray:
        """The direction of a fragment at its tip, into it."""
        direction: np.ndarray = np.zeros_like(self.nodes[tip])
        for count, node in enumerate(self._walk(tip)):
            direction = self.nodes[node] - self.nodes[tip]
            if count >= BACK and np.linalg.norm(direction) >= BACK_SHARE * length:
                break
        return direction


def turning(first: np.ndarray, chord: np.ndarray, second: np.ndarray) -> float:
    """How far a join turns in all, in degrees.

    Args:
        first, second: directions at its ends, into what it joins.
        chord: from the first end to the second.
    """
    a, b, c = (v / max(float(np.linalg.norm(v)), 1e-300) for v in (-first, chord, second))
    return float(np.degrees(np.arccos(np.clip([a @ b, b @ c], -1, 1)).sum()))


def goes_on(turn: float, share: float) -> bool:
    """Whether a join of this turning, and of this length in parts of what it joins, is natural."""
    return any(turn <= most and share <= part for most, part in JOINS)

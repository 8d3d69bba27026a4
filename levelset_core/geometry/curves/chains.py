"""Places along curves put in order: which follows which, and where a curve closes.

Every place may have two neighbours. The shortest links come first, and none turns back by more
than a right angle, as in NN-crust (Dey and Kumar, 1999). What is left are fragments; ends that are
near each other and do not point the same way are joined.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
from scipy.cluster.hierarchy import DisjointSet
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, depth_first_order
from scipy.spatial import cKDTree

from levelset_core.geometry.meshes import Polyline, unit

#: What becomes of two ends that face each other.
ENDS = ("auto", "open", "closed")
#: Candidates of a link; its length at most, and that of a join of two ends, in widths.
CANDIDATES, LONG, NEAR = 8, 2.5, 4.0
#: A link across the direction of one of its ends counts as so much longer.
ACROSS = 3.0
#: A chain that turns by more than this within two links each way has a kink (degrees).
KINK = 55.0
#: A chain so much shorter than another, and so near to it, in widths, is noise.
ASIDE_SHARE, ASIDE = 0.2, 1.0
#: A direction is taken over so many links.
BACK = 3
#: Fewer places make no curve of their own.
LEAST = 4


def link_places(
    places: np.ndarray,
    widths: np.ndarray,
    tangents: np.ndarray | None = None,
    *,
    close: bool = True,
) -> list[Polyline]:
    """Chains through places along curves, of ``LEAST`` or more, the longest first.

    Args:
        places: (n, d), in any order, about a width apart.
        tangents: of the curve at each, of length 1 and either sign, if they are known.
        widths: how far the points around each are of the same stretch, (n,).
        close: whether a chain may close.
    """
    links = _Links(places, widths, tangents)
    links.take_short()
    links.take_near(close=close)
    if tangents is not None:
        links.break_kinks()
    chains: list[Polyline] = []
    width = float(np.median(widths))
    for chain in sorted(links.chains(), key=lambda chain: -len(chain.points)):
        astray = any(  # left beside a longer one where the points scatter
            len(chain.points) < ASIDE_SHARE * len(longer.points)
            and np.median(cKDTree(longer.points).query(chain.points)[0]) <= ASIDE * width
            for longer in chains
        )
        if not astray:
            chains.append(chain)
    return chains


class _Links:
    """Links between nodes, two a node at most."""

    def __init__(self, nodes: np.ndarray, widths: np.ndarray, tangents: np.ndarray | None) -> None:
        self.nodes, self.widths, self.tangents = nodes, widths, tangents
        self.neighbours: list[list[int]] = [[] for _ in nodes]
        self.groups = DisjointSet(range(len(nodes)))
        k = min(CANDIDATES + 1, len(nodes))
        self.distance, self.rows = cKDTree(nodes).query(nodes, k=k)

    def take_short(self) -> None:
        """Neighbours on the curve; no ring is closed."""
        k = self.rows.shape[1] - 1
        a, b = np.repeat(np.arange(len(self.nodes)), k), self.rows[:, 1:].ravel()
        length = self.distance[:, 1:].ravel()
        if self.tangents is not None:  # a rung between two strands counts as longer
            chord = unit(self.nodes[b] - self.nodes[a])
            for end in (a, b):
                length = length * (1 + ACROSS * (1 - (chord * self.tangents[end]).sum(1) ** 2))
        kept = (a < b) & (length <= LONG * np.maximum(self.widths[a], self.widths[b]))
        for _, i, j in sorted(zip(length[kept], a[kept].tolist(), b[kept].tolist(), strict=True)):
            few = len(self.neighbours[i]) < 2 and len(self.neighbours[j]) < 2
            if few and not self.groups.connected(i, j) and self._ahead(i, j) and self._ahead(j, i):
                self._link(i, j)

    def take_near(self, *, close: bool) -> None:
        """Links between the ends of fragments, the shortest and straightest first."""
        tips = np.array([i for i, near in enumerate(self.neighbours) if len(near) == 1], dtype=int)
        if len(tips) < 2:
            return
        places, reach = self.nodes[tips], NEAR * self.widths[tips]
        inward = np.array([self._inward(i) for i in tips])
        joins = []
        for a, b in cKDTree(places).query_pairs(float(reach.max())):
            chord = places[b] - places[a]
            length = float(np.linalg.norm(chord))
            length *= 1 + turning(inward[a], chord, inward[b]) / 90
            if length <= max(reach[a], reach[b]) and inward[a] @ inward[b] < 0:
                joins.append((length, tips[a], tips[b]))
        for _, i, j in sorted(joins):
            own = self.groups.connected(i, j)
            if len(self.neighbours[i]) < 2 and len(self.neighbours[j]) < 2 and (close or not own):
                self._link(i, j)

    def break_kinks(self) -> None:
        """Cut where a chain turns sharply: it has gone over to another strand there.

        True corners are joined again, as ends that are near each other.
        """
        kinks = []
        for i, near in enumerate(self.neighbours):
            if len(near) == 2:
                back, on = (self.nodes[self._after(i, j)] for j in near)
                ahead = on - self.nodes[i]
                turn = turning(back - self.nodes[i], ahead, ahead)
                if turn > KINK:
                    kinks.append((turn, i))
        for _, i in sorted(kinks, reverse=True):
            if len(self.neighbours[i]) == 2:
                apart = [
                    float(np.linalg.norm(self.nodes[i] - self.nodes[j])) for j in self.neighbours[i]
                ]
                j = self.neighbours[i].pop(int(np.argmax(apart)))
                self.neighbours[j].remove(i)

    def _after(self, before: int, here: int) -> int:
        """The node that follows ``here`` after ``before``; ``here`` if it is the last."""
        return next((k for k in self.neighbours[here] if k != before), here)

    def chains(self) -> list[Polyline]:
        """The points of every fragment in order, without those of few."""
        a = np.repeat(np.arange(len(self.nodes)), [len(near) for near in self.neighbours])
        b = np.array([j for near in self.neighbours for j in near], dtype=int)
        graph = csr_array((np.ones(len(a)), (a, b)), shape=(len(self.nodes),) * 2)
        _, labels = connected_components(graph, directed=False)
        found = []
        for label in range(labels.max() + 1):
            rows = np.nonzero(labels == label)[0]
            if len(rows) < LEAST:
                continue
            tips = [i for i in rows if len(self.neighbours[i]) < 2]
            first = tips[0] if tips else rows[0]
            order = depth_first_order(graph, first, directed=False, return_predecessors=False)
            found.append(Polyline(self.nodes[order], closed=not tips))
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

    def _inward(self, tip: int) -> np.ndarray:
        """The direction of a fragment at its tip, into it."""
        walked = list(itertools.islice(self._walk(tip), BACK + 1))
        return np.asarray(self.nodes[walked[-1]] - self.nodes[tip])


def turning(first: np.ndarray, chord: np.ndarray, second: np.ndarray) -> float:
    """How far a join turns in all, in degrees.

    Args:
        first, second: directions at its ends, into what it joins.
        chord: from the first end to the second.
    """
    a, b, c = (v / max(float(np.linalg.norm(v)), 1e-300) for v in (-first, chord, second))
    return float(np.degrees(np.arccos(np.clip([a @ b, b @ c], -1, 1)).sum()))

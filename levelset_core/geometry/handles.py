"""Short loops around handles and tunnels of a closed mesh, and cutting along them.

A loop that does not separate its piece goes around a handle or through a tunnel. Cutting along it
and closing both sides with discs removes that handle or tunnel, and leaves a closed mesh (Guskov
and Wood, *Topological noise removal*, Graphics Interface 2001).

Loops come from a tree and a cotree (Erickson and Whittlesey, *Greedy optimal homotopy and homology
generators*, SODA 2005): a shortest-path tree from a root; a maximum spanning tree of the faces over
the edges left, an edge as long as its loop through the root. Each edge in neither closes a loop,
and all faces are joined without crossing it: it does not separate.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree
from scipy.spatial import cKDTree

from levelset_core.geometry.meshes import Mesh

#: Rounds in which a loop is made shorter, from a base on the loop before.
SHORTER = 2
#: Loops near a vertex that are looked at.
AT_ONCE = 3
#: How far the two sides of a cut move apart, in parts of the way to their neighbours.
APART = 0.3


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of a closed mesh, or of a part of it.

    Attributes:
        vertices: (n,) their numbers in the mesh.
        ends: (k, 2) rows of ``vertices``.
        sides: (k, 2) faces; in a part, each connected rest of the mesh counts as one more face.
        lengths: (k,).
    """

    vertices: np.ndarray
    ends: np.ndarray
    sides: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, mesh: Mesh) -> Edges:
        """The edges of a mesh in which each has two faces."""
        n, faces = len(mesh.vertices), mesh.faces
        directed = np.concatenate([faces[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
        keys = directed.min(1) * n + directed.max(1)
        order = np.argsort(keys, kind="stable").reshape(-1, 2)
        ends = np.stack(np.divmod(keys[order[:, 0]], n), axis=1)
        lengths = np.linalg.norm(mesh.vertices[ends[:, 0]] - mesh.vertices[ends[:, 1]], axis=1)
        return cls(np.arange(n), ends, order % len(faces), lengths)

    @cached_property
    def graph(self) -> csr_matrix:
        """Of the vertices, weighted by length."""
        return csr_matrix((self.lengths, self.ends.T), shape=(len(self.vertices),) * 2)

    def part(self, near: np.ndarray) -> Edges:
        """Those between vertices for which ``near``, (n,), holds."""
        kept = near[self.ends].all(1)
        size = int(self.sides.max()) + 1
        rest = coo_matrix((np.ones(int((~kept).sum())), self.sides[~kept].T), shape=(size, size))
        _, face = connected_components(rest, directed=False)
        number = np.cumsum(near) - 1
        sides = np.unique(face[self.sides[kept]], return_inverse=True)[1].reshape(-1, 2)
        return Edges(self.vertices[near], number[self.ends[kept]], sides, self.lengths[kept])


def loops_through(edges: Edges, base: int) -> list[np.ndarray]:
    """Loops through a vertex that do not separate, the shortest first, as rows of vertices.

    Without the way to the vertex and back, if it only touches the loop.
    """
    far, before = dijkstra(edges.graph, directed=False, indices=base, return_predecessors=True)
    a, b = edges.ends.T
    # Neither in the tree nor out of its reach.
    rows = np.flatnonzero(np.isfinite(far[a]) & (before[a] != b) & (before[b] != a))
    length = (far[a] + far[b] + edges.lengths)[rows]
    rows = rows[np.argsort(-length, kind="stable")]
    pairs, first = np.unique(np.sort(edges.sides[rows], 1), axis=0, return_index=True)
    between = pairs[:, 0] != pairs[:, 1]
    if not between.any():
        return [_loop(edges.ends[row], before) for row in rows[::-1]]
    size = int(edges.sides.max()) + 1
    weights = 1.0 + first[between]  # the rank by length, the longest first
    cotree = minimum_spanning_tree(csr_matrix((weights, pairs[between].T), shape=(size, size)))
    left = np.ones(len(rows), dtype=bool)
    left[np.rint(cotree.data - 1).astype(int)] = False
    return [_loop(edges.ends[row], before) for row in rows[left][::-1]]


def _loop(edge: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The ways from the ends of an edge back to where they meet."""
    ways: list[list[int]] = []
    for vertex in edge.tolist():
        way = [vertex]
        while before[way[-1]] >= 0:
            way.append(int(before[way[-1]]))
        ways.append(way)
    first, second = ways
    while len(first) > 1 and len(second) > 1 and first[-2] == second[-2]:
        first.pop()
        second.pop()
    return np.array(first + second[-2::-1])


def loop_length(vertices: np.ndarray, loop: np.ndarray) -> float:
    """Sum of the edges of a loop of rows of ``vertices``."""
    places = vertices[loop]
    return float(np.linalg.norm(places - np.roll(places, -1, axis=0), axis=1).sum())


def short_loops(mesh: Mesh, edges: Edges, base: int, longest: float) -> list[np.ndarray]:
    """Loops that do not separate near a vertex, made shorter, none over ``longest``."""
    away = np.linalg.norm(mesh.vertices - mesh.vertices[base], axis=1)
    own = edges.part(away <= 0.6 * longest)
    place = mesh.vertices[own.vertices]

    def length(loop: np.ndarray) -> float:
        return loop_length(place, loop)

    found: list[np.ndarray] = []
    for best in loops_through(own, int(np.searchsorted(own.vertices, base)))[:AT_ONCE]:
        for _ in range(SHORTER):
            again = loops_through(own, int(best[len(best) // 2]))
            if not again or length(again[0]) > 0.999 * length(best):
                break
            best = again[0]
        if length(best) <= longest and len(best) > 2:
            found.append(best)
    return [own.vertices[loop] for loop in sorted(found, key=length)]


def straight(mesh: Mesh, loop: np.ndarray) -> np.ndarray:
    """A loop without corners that a single face cuts off."""
    rows = mesh.faces[np.isin(mesh.faces, loop).sum(1) == 3]
    faces = {frozenset(face) for face in rows.tolist()}
    way = loop.tolist()
    at = 0
    while at < len(way) > 3:
        if frozenset((way[at - 1], way[at], way[(at + 1) % len(way)])) in faces:
            del way[at]
            at = max(at - 2, 0)
        else:
            at += 1
    return np.array(way)


def cut_along(mesh: Mesh, loop: np.ndarray) -> Mesh | None:
    """A closed mesh cut along a loop, both sides closed with discs; None if that cannot be.

    The sides move apart, so that they share no place. Normals are lost.
    """
    faces, n, loop = mesh.faces.copy(), len(mesh.vertices), straight(mesh, loop)
    incident = np.flatnonzero(np.isin(mesh.faces, loop).any(1))
    following: dict[int, dict[int, tuple[int, int]]] = {}
    for number, face in zip(incident.tolist(), mesh.faces[incident].tolist(), strict=True):
        for k in range(3):
            following.setdefault(face[k], {})[face[k - 2]] = (face[k - 1], number)
    ahead, behind = np.roll(loop, -1).tolist(), np.roll(loop, 1).tolist()
    beside: tuple[list[set[int]], list[set[int]]] = ([], [])
    for k, vertex in enumerate(loop.tolist()):
        for start, end, part in ((ahead[k], behind[k], 0), (behind[k], ahead[k], 1)):
            around: set[int] = set()
            here = start
            while here != end:
                here, number = following[vertex][here]
                around.add(here)
                if part == 0:
                    faces[number][mesh.faces[number] == vertex] = n + k
            around.discard(end)
            if not around:
                return None  # a face has two edges of the loop: no room to cut there
            beside[part].append(around)
    own = mesh.vertices[loop]
    left, right = (
        own + APART * (np.array([mesh.vertices[list(s)].mean(0) for s in part]) - own)
        for part in beside
    )
    vertices = np.concatenate([mesh.vertices, left, left.mean(0)[None], right.mean(0)[None]])
    vertices[loop] = right
    ring, tip = n + np.arange(len(loop)), n + len(loop)
    lids = [
        np.stack([np.roll(ring, -1), ring, np.full_like(ring, tip)], axis=1),
        np.stack([loop, np.roll(loop, -1), np.full_like(loop, tip + 1)], axis=1),
    ]
    return Mesh(vertices, np.concatenate([faces, *lids]))


def joined_by_tube(first: Mesh, second: Mesh) -> Mesh:
    """Two closed meshes as one: their nearest vertices give way to a tube."""
    distance, row = cKDTree(first.vertices).query(second.vertices)
    near = int(distance.argmin())
    n = len(first.vertices)
    ring = _around(first.faces, int(row[near]))
    other = _around(second.faces, near)[::-1] + n
    vertices = np.concatenate([first.vertices, second.vertices])
    start = np.linalg.norm(vertices[other] - vertices[ring[0]], axis=1).argmin()
    other = np.roll(other, -start)
    strip, i, k = [], 0, 0
    while i < len(ring) or k < len(other):
        here, there = ring[i % len(ring)], other[k % len(other)]
        if i * len(other) <= k * len(ring):  # both come around together
            strip.append([here, ring[(i + 1) % len(ring)], there])
            i += 1
        else:
            strip.append([other[(k + 1) % len(other)], there, here])
            k += 1
    kept = [
        first.faces[(first.faces != row[near]).all(1)],
        second.faces[(second.faces != near).all(1)] + n,
    ]
    normals = np.concatenate([first.vertex_normals, second.vertex_normals])
    found = Mesh(vertices, np.concatenate([*kept, np.array(strip)]), normals)
    return found.select_faces(np.arange(len(found.faces)))


def _around(faces: np.ndarray, vertex: int) -> np.ndarray:
    """The neighbours of a vertex of a closed mesh, in the order of its faces."""
    own = faces[(faces == vertex).any(1)]
    turned = (np.argmax(own == vertex, axis=1)[:, None] + np.arange(3)) % 3
    following = dict(np.take_along_axis(own, turned, axis=1)[:, 1:].tolist())
    ring = [next(iter(following))]
    while (after := following[ring[-1]]) != ring[0]:
        ring.append(after)
    return np.array(ring)

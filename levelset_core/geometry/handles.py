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

    def part(self, mesh: Mesh, near: np.ndarray) -> Part:
        """Those between vertices of the mesh for which ``near``, (n,), holds."""
        kept = near[self.ends[:, 0]] & near[self.ends[:, 1]]
        size = len(mesh.faces)
        rest = coo_matrix((np.ones(int((~kept).sum())), self.sides[~kept].T), shape=(size, size))
        _, label = connected_components(rest, directed=False)
        return Part(mesh, near, label, np.unique(self.sides[kept]))


@dataclass(frozen=True, eq=False)
class Part:
    """Some vertices of a closed mesh, which can be cut without a look at all others.

    Attributes:
        mesh: all of it.
        near: (n,) whether a vertex belongs to the part.
        label: (m,) of each face; the same where faces are joined without crossing the part's edges.
        faces: the numbers of those with such an edge.
    """

    mesh: Mesh
    near: np.ndarray
    label: np.ndarray
    faces: np.ndarray

    @cached_property
    def edges(self) -> Edges:
        """The part's; each connected rest of the mesh counts as one more face."""
        n, faces = len(self.mesh.vertices), self.mesh.faces[self.faces]
        directed = np.concatenate([faces[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
        own = np.flatnonzero(self.near[directed[:, 0]] & self.near[directed[:, 1]])
        keys = directed[own].min(1) * n + directed[own].max(1)
        order = own[np.argsort(keys, kind="stable")].reshape(-1, 2)
        ends = np.sort(directed[order[:, 0]], axis=1)
        sides = self.label[self.faces[order % len(faces)]]
        sides = np.unique(sides, return_inverse=True)[1].reshape(-1, 2)
        place = self.mesh.vertices[ends]
        lengths = np.linalg.norm(place[:, 0] - place[:, 1], axis=1)
        vertices = np.flatnonzero(self.near)
        return Edges(vertices, np.searchsorted(vertices, ends), sides, lengths)

    def cut(self, loop: np.ndarray) -> Part | None:
        """The part of the mesh cut along a loop in it, see :func:`cut_along`, or None."""
        after = cut_along(self.mesh, loop)
        if after is None:
            return None
        n, m = len(self.near), len(self.label)
        lids = np.arange(m, len(after.faces))
        return Part(
            after,
            np.concatenate([self.near, np.ones(len(after.vertices) - n, dtype=bool)]),
            np.concatenate([self.label, self.label.max() + 1 + lids - m]),
            np.concatenate([self.faces, lids]),
        )


def loops_through(edges: Edges, base: int, most: int | None = None) -> list[np.ndarray]:
    """Loops through a vertex that do not separate, the shortest first, as rows of vertices.

    Without the way to the vertex and back, if it only touches the loop. So many at most.
    """
    far, before = dijkstra(edges.graph, directed=False, indices=base, return_predecessors=True)
    a, b = edges.ends.T
    # Neither in the tree nor out of its reach.
    rows = np.flatnonzero(np.isfinite(far[a]) & (before[a] != b) & (before[b] != a))
    length = (far[a] + far[b] + edges.lengths)[rows]
    rows = rows[np.argsort(-length, kind="stable")]
    size, sides = int(edges.sides.max()) + 1, edges.sides[rows]
    keys = np.minimum(sides[:, 0], sides[:, 1]) * size + np.maximum(sides[:, 0], sides[:, 1])
    pairs, first = np.unique(keys, return_index=True)
    one, other = np.divmod(pairs, size)
    between = one != other
    left = np.ones(len(rows), dtype=bool)
    if between.any():
        weights = 1.0 + first[between]  # the rank by length, the longest first
        ends = one[between], other[between]
        cotree = minimum_spanning_tree(csr_matrix((weights, ends), shape=(size, size)))
        left[np.rint(cotree.data - 1).astype(int)] = False
    return [_loop(edges.ends[row], before) for row in rows[left][::-1][:most]]


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


def part_around(mesh: Mesh, edges: Edges, base: int, longest: float) -> Part:
    """What loops near a vertex can reach, none over ``longest``."""
    away = np.linalg.norm(mesh.vertices - mesh.vertices[base], axis=1)
    return edges.part(mesh, away <= 0.6 * longest)


def short_loops(part: Part, base: int, longest: float) -> list[np.ndarray]:
    """Loops that do not separate near a vertex, made shorter, none over ``longest``."""
    own, place = part.edges, part.mesh.vertices[part.edges.vertices]

    def length(loop: np.ndarray) -> float:
        return loop_length(place, loop)

    found: list[np.ndarray] = []
    for best in loops_through(own, int(np.searchsorted(own.vertices, base)), AT_ONCE):
        for _ in range(SHORTER):
            again = loops_through(own, int(best[len(best) // 2]), 1)
            if not again or length(again[0]) > 0.999 * length(best):
                break
            best = again[0]
        if length(best) <= longest and len(best) > 2:
            found.append(best)
    return [own.vertices[loop] for loop in sorted(found, key=length)]


def straight(mesh: Mesh, loop: np.ndarray) -> np.ndarray:
    """A loop without corners that a single face cuts off."""
    own = _on(mesh, loop)
    faces = {frozenset(face) for face in mesh.faces[own[0] & own[1] & own[2]].tolist()}
    way = loop.tolist()
    at = 0
    while at < len(way) > 3:
        if frozenset((way[at - 1], way[at], way[(at + 1) % len(way)])) in faces:
            del way[at]
            at = max(at - 2, 0)
        else:
            at += 1
    return np.array(way)


def _on(mesh: Mesh, loop: np.ndarray) -> list[np.ndarray]:
    """Of the three corners of each face whether they are on a loop, three times (m,)."""
    chosen = np.zeros(len(mesh.vertices), dtype=bool)
    chosen[loop] = True
    return [chosen[corner] for corner in mesh.faces.T]


def cut_along(mesh: Mesh, loop: np.ndarray) -> Mesh | None:
    """A closed mesh cut along a loop, both sides closed with discs; None if that cannot be.

    The sides move apart, so that they share no place. Normals are lost.
    """
    faces, n, loop = mesh.faces.copy(), len(mesh.vertices), straight(mesh, loop)
    own = _on(mesh, loop)
    incident = np.flatnonzero(own[0] | own[1] | own[2])
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
    place = mesh.vertices[loop]
    left, right = (
        place + APART * (np.array([mesh.vertices[list(s)].mean(0) for s in part]) - place)
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

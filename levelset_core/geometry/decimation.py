"""A mesh with fewer triangles, and what that costs, measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.errors import LevelsetError, optional
from levelset_core.geometry.compare import distance_to
from levelset_core.geometry.meshes import Mesh
from levelset_core.geometry.topology import Soundness, soundness

#: How eagerly edges are collapsed: the library's own, then gentler where that breaks the surface.
EAGERNESS = (7.0, 3.0)
#: The library may keep a few more triangles than it should; so many times as many are told.
OVER = 1.05
#: A surface keeps at least so many triangles.
LEAST = 4


@dataclass(frozen=True, eq=False)
class Decimated:
    """A mesh with fewer triangles. Lengths are in the mesh's units.

    Attributes:
        mesh: what is left, with the colours of the nearest vertices.
        faces, wanted: how many there were, and should be left.
        mean, largest: distance between the two surfaces, from the vertices of each to the other.
    """

    mesh: Mesh
    faces: int
    wanted: int
    mean: float
    largest: float

    @property
    def told(self) -> str:
        """One sentence, or two."""
        count = len(self.mesh.faces)
        if count == self.faces:
            return f"All {self.faces:,} triangles: no fewer were asked for."
        more = " Fewer would tear it." if count > OVER * self.wanted else ""
        return (
            f"{count:,} of {self.faces:,} triangles: the surface moves by {self.mean:.2g} on "
            f"average, {self.largest:.2g} at most.{more}"
        )


def decimated(mesh: Mesh, triangles: int) -> Decimated:
    """A mesh with about so many triangles: edges are collapsed where quadrics say it costs least.

    Garland and Heckbert (1997), as the library fast-simplification has it. A solid stays one:
    closed, manifold, turned the same way.

    Args:
        mesh: with at least one face; with fewer than ``triangles`` it stays as it is.
        triangles: the budget.

    Raises:
        LevelsetError: the library is missing, or so few triangles would tear the surface.
    """
    if triangles < LEAST:
        raise LevelsetError(f"A surface needs at least {LEAST} triangles, got {triangles}.")
    if len(mesh.faces) <= triangles:
        return Decimated(mesh, len(mesh.faces), triangles, 0.0, 0.0)
    library = optional("fast_simplification", "viewer")
    middle, before = mesh.bounds.mean(0), soundness(mesh)
    points, faces = mesh.vertices - middle, mesh.faces.astype(np.int32)
    for eagerness in EAGERNESS:
        found = library.simplify(points, faces, target_count=triangles, agg=eagerness)
        left = Mesh(found[0] + middle, found[1]).select_faces(np.arange(len(found[1])))
        if len(left.faces) and _as_sound(soundness(left), before):
            return _measured(mesh, left, triangles)
    raise LevelsetError(
        f"{triangles:,} triangles are too few for this surface: they would tear it. Ask for more."
    )


def _as_sound(after: Soundness, before: Soundness) -> bool:
    """Nothing torn, joined or turned, no hole or handle lost."""
    torn = not before.open_edges and after.open_edges
    worse = after.shared_edges > before.shared_edges or after.turned_edges > before.turned_edges
    return not (torn or worse or after.flat_faces or after.euler != before.euler)


def _measured(mesh: Mesh, left: Mesh, wanted: int) -> Decimated:
    # Around the middle: VTK has single precision.
    middle = mesh.bounds.mean(0)
    one, other = mesh.moved(1.0, -middle), left.moved(1.0, -middle)
    costs = distance_to(one.vertices, other), distance_to(other.vertices, one)
    if mesh.colours is not None:
        _, near = cKDTree(one.vertices).query(other.vertices)
        left = Mesh(left.vertices, left.faces, colours=mesh.colours[near])
    mean, largest = max(c.mean() for c in costs), max(c.max() for c in costs)
    return Decimated(left, len(mesh.faces), wanted, float(mean), float(largest))

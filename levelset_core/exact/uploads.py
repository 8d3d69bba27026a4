"""A stranger's shapes: what a confined process makes of them, see ``confined``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np

from levelset_core.data.uploads import uploaded_mesh
from levelset_core.errors import LevelsetError
from levelset_core.exact.files.plane import read_plane_shape
from levelset_core.exact.polygon import exact_polygon
from levelset_core.exact.polyhedron import exact_polyhedron
from levelset_core.exact.shapes import PlaneShape
from levelset_core.exact.tolerance import extent, tolerance_of
from levelset_core.geometry.meshes import Mesh

#: Meshes.
SOLID_FILES = (".obj", ".ply", ".stl", ".off")
#: Sizes of a solid that float32 numbers, and their squares, can show.
SHOWN = (1e-15, 1e15)
#: Half the side of the square that a shape is scaled to.
HALF = 1.2


def uploaded_plane_shape(name: str, content: bytes, form: str) -> PlaneShape:
    """The shape in a file, moved and scaled into the canvas.

    Its network is built once here, where that may take no more than it may.

    Args:
        name: of the file.
        content: of the file.
        form: of the network, "deep" or "balanced".

    Raises:
        LevelsetError: it cannot be read.
    """
    shape = read_plane_shape(content, name)
    corners = np.concatenate([*shape.rings, *shape.chains])
    if not np.isfinite(corners).all():
        raise LevelsetError(f"{name}: a coordinate is no finite number.")
    middle = corners.min(0) / 2 + corners.max(0) / 2
    half = float((corners.max(0) / 2 - corners.min(0) / 2).max())
    scale = HALF / max(half, 1e-12)
    rings, chains = (
        [(line - middle) * scale for line in lines] for lines in (shape.rings, shape.chains)
    )
    tolerance = shape.tolerance  # what its digits say is gone once it is scaled
    if tolerance is None and half > 0:
        tolerance = tolerance_of(corners) / extent(corners)
    found = PlaneShape(
        rings, chains, shape.notes, tolerance, ((float(middle[0]), float(middle[1])), scale)
    )
    with suppress(LevelsetError):  # the page shows it together with the shape
        exact_polygon(found.parts, form=form, tolerance=tolerance)
    return found


def uploaded_solid(name: str, content: bytes, form: str) -> Mesh:
    """The mesh in a file; its network is built once here, as for shapes in the plane.

    Raises:
        LevelsetError: it cannot be read, or holds points alone.
    """
    if Path(name).suffix.lower() not in SOLID_FILES:
        raise LevelsetError(
            f"{Path(name).name}: a solid is a mesh in a file of {', '.join(SOLID_FILES)}; polygons "
            "are opened under Plane."
        )
    mesh = uploaded_mesh(name, content)
    if not SHOWN[0] <= (size := extent(mesh.vertices)) <= SHOWN[1]:
        raise LevelsetError(
            f"{Path(name).name}: its size is {size:.3g}, and pictures are drawn of sizes from "
            "{:g} to {:g}. The command `levelset exact` builds it.".format(*SHOWN)
        )
    with suppress(LevelsetError):
        exact_polyhedron(mesh, form=form)
    return mesh

"""A stranger's points and meshes: what a confined process makes of them, see ``confined``."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

from levelset_core.data.pointclouds import PointCloud, sample_surface, thinned
from levelset_core.data.readers import read_geometry
from levelset_core.data.scan_sets import read_scans
from levelset_core.data.tables import FirstRows, first_rows
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh

#: Points drawn from an uploaded mesh.
DRAWN = 30_000


def uploaded_cloud(
    names: Sequence[str], columns: Sequence[str] | None, *contents: bytes
) -> tuple[PointCloud, Mesh | None]:
    """The cloud in one or several files, thinned, and the mesh it is from.

    Args:
        names: what the files are called.
        columns: see :func:`~levelset_core.data.read_point_cloud`.
        contents: of the files.

    Raises:
        LevelsetError: they cannot be read.
    """
    files = [io.BytesIO(content) for content in contents]
    truth = None
    if len(names) == 1 and not names[0].lower().endswith(".conf"):
        found = read_geometry(files[0], names[0], columns=columns)
        if isinstance(found, Mesh):
            truth = replace(found)
            found = replace(sample_surface(found, DRAWN), source=names[0])
        cloud = found
    else:
        cloud = read_scans(files, list(names), columns=columns)
    return thinned(cloud), truth


def uploaded_rows(name: str, content: bytes) -> FirstRows | None:
    """See :func:`~levelset_core.data.tables.first_rows`."""
    return first_rows(io.BytesIO(content), name)


def uploaded_mesh(name: str, content: bytes) -> Mesh:
    """The mesh in a file.

    Raises:
        LevelsetError: it cannot be read, or holds points alone.
    """
    mesh = read_geometry(io.BytesIO(content), name)
    if not isinstance(mesh, Mesh):
        raise LevelsetError(f"{name}: it holds points without faces; a mesh is needed.")
    return replace(mesh)

"""Where a surface has no data: holes that were closed, listed; an open surface ends there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from levelset_core.geometry import (
    Mesh,
    boundary_loops,
    components,
    remove_small_components,
    soundness,
)
from levelset_core.geometry.clouds import noise_level
from levelset_core.geometry.trimming import NARROW, data_distance, empty_regions, spacings, trim
from levelset_core.reconstruction.solid import Place, Solid

#: A region counts if it rises so many times over what a place may be away: others are chance.
RISE = 1.6
#: Points that tell the usual spacing.
SPACED = 20_000
#: Pieces of less than this share of the largest that trimming leaves are crumbs.
CRUMB = 0.01


def away_from_data(mesh: Mesh, points: np.ndarray, *, open: bool = False) -> np.ndarray:
    """How far each place of a surface is from its data, with density: colour, or trim, by it.

    The distance to the nearest point over the spacing of the points there (or their noise, if
    that is larger), averaged over a few rings of neighbours.

    Args:
        mesh: the surface, with n vertices.
        points: the data, (m, 3), in the same units.
        open: whether the surface ends where its data does: places that lead from one rim to
            another are then further away.

    Returns:
        (n,) without unit: about 0.5 where the points are, above 1.5 where there are none.
    """
    return data_distance(mesh, points, noise_level(points), rims=open)


def trimmed(mesh: Mesh, away: np.ndarray, most: float) -> Mesh:
    """The part of a surface that is not further from its data than ``most``, without crumbs.

    Args:
        mesh: the whole surface.
        away: (n,) of :func:`away_from_data`.
        most: in spacings of the points; infinity leaves the mesh as it is.
    """
    if not (away > most).any():
        return mesh
    return remove_small_components(trim(mesh, away, most), CRUMB)


def at_data(solid: Solid, points: np.ndarray, most: float, *, open: bool) -> Solid:
    """A solid that knows where it has no data; if it is open, without these places.

    Args:
        solid: in any units.
        points: the data, (n, 3), in the same.
        most: places further from the points than so many of their spacings have no data.
        open: trim the surface there.
    """
    mesh = solid.mesh
    if not len(mesh.faces):
        return solid
    values = away_from_data(mesh, points, open=open)
    some = slice(None, None, 1 + len(points) // SPACED)
    spacing = float(np.median(spacings(points, some)))
    empty = []
    for region in empty_regions(mesh, values, most):
        places = mesh.vertices[region]
        size = float(np.linalg.norm(np.ptp(places, axis=0)))
        if size < NARROW * spacing or values[region].max() < RISE * most:
            values[region] = most
            continue
        center = tuple(places.mean(0).tolist())
        empty.append(Place("hole", center, size, float(values[region].max()) * spacing))
    solid = replace(solid, empty=tuple(empty), whole=mesh, away=values)
    if not open:
        return solid
    sheet = trimmed(mesh, values, most)
    rims = len(boundary_loops(sheet))
    genus = (2 * len(components(sheet)) - rims - soundness(sheet).euler) // 2
    return replace(solid, mesh=sheet, trimmed=True, handles=(), genus=max(genus, 0))

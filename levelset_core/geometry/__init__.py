"""Geometry of level sets: meshes and polylines out of a network, and how good they are."""

from levelset_core.geometry.analysis import (
    Component,
    components,
    keep_components,
    remove_small_components,
)
from levelset_core.geometry.clouds import NearestPoints
from levelset_core.geometry.compare import Comparison, compare, distance_to
from levelset_core.geometry.curves.extraction import Curve, extract_curve
from levelset_core.geometry.curves.gaps import Gap, curve_report, gaps
from levelset_core.geometry.export import mesh_bytes, polyline_bytes, write_mesh, write_polyline
from levelset_core.geometry.grid import Grid, evaluate_volume
from levelset_core.geometry.meshes import Mesh, Polyline
from levelset_core.geometry.plane import Bounds, contours, evaluate_grid, nearest_on_contours
from levelset_core.geometry.poisson import poisson_surface
from levelset_core.geometry.surface import extract_mesh
from levelset_core.geometry.topology import Soundness, boundary_loops, soundness

__all__ = [
    "Bounds",
    "Comparison",
    "Component",
    "Curve",
    "Gap",
    "Grid",
    "Mesh",
    "NearestPoints",
    "Polyline",
    "Soundness",
    "boundary_loops",
    "compare",
    "components",
    "contours",
    "curve_report",
    "distance_to",
    "evaluate_grid",
    "evaluate_volume",
    "extract_curve",
    "extract_mesh",
    "gaps",
    "keep_components",
    "mesh_bytes",
    "nearest_on_contours",
    "poisson_surface",
    "polyline_bytes",
    "remove_small_components",
    "soundness",
    "write_mesh",
    "write_polyline",
]

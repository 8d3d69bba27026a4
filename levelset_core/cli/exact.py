"""``exact``: the ReLU network whose zero level set is a given polygon or mesh (Theorem 1)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from levelset_core.cli.common import Parser, answer, progress, whole
from levelset_core.errors import LevelsetError
from levelset_core.paths import find_bundled

if TYPE_CHECKING:  # torch takes seconds to import, and --help needs none of it
    from levelset_core.exact import ExactNetwork
    from levelset_core.exact.sign_check import Reference

_PLANE = (".json", ".geojson", ".svg")
_SOLID = (".obj", ".ply", ".stl", ".off")


def options(exact: Parser) -> None:
    """Add the options."""
    exact.add_argument(
        "shape", metavar="SHAPE", help="polygon (.json, .svg) or mesh (.obj, .ply, .stl)"
    )
    exact.add_argument("-o", "--output", required=True, help="NET.safetensors or NET.onnx")
    exact.add_argument(
        "--points", type=whole(1), default=100_000, help="random points whose signs are checked"
    )
    exact.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from levelset_core.exact.network import exact_onnx, exact_safetensors
    from levelset_core.exact.sign_check import check_signs

    output = Path(options.output)
    writers = {".safetensors": exact_safetensors, ".onnx": exact_onnx}
    if output.suffix.lower() not in writers:
        raise LevelsetError(f"{output.name}: networks are written as .safetensors or .onnx.")
    if not output.parent.is_dir():
        raise LevelsetError(f"{output.name}: its folder {str(output.parent)!r} does not exist.")
    e, reference = _build(str(find_bundled(options.shape)))
    if not options.json:
        progress(f"Built in {e.seconds:.3f} s; checking {options.points} points.")
    for tally in check_signs(e.network, reference, points=options.points, seed=options.seed):
        found = tally
    try:
        output.write_bytes(writers[output.suffix.lower()](e))
    except OSError as error:
        raise LevelsetError(f"{output.name}: cannot be written ({error.strerror}).") from error
    result = {
        "planes": e.planes, "depth": e.depth, "widths": list(e.widths), "weights": e.weights,
        "seconds": e.seconds, "points": found.points, "wrong_signs": found.wrong,
        "largest_on_surface": found.on_boundary, "output": str(output),
    }  # fmt: skip
    lines = (f"{name.replace('_', ' '):20}{value}" for name, value in result.items())
    return answer(options, result, *lines)


def _build(shape: str) -> tuple[ExactNetwork, Reference]:
    from levelset_core.data.readers import read_geometry
    from levelset_core.exact import exact_polygon, exact_polyhedron
    from levelset_core.exact.shape_files import read_plane_shape
    from levelset_core.exact.sign_check import plane_reference, solid_reference
    from levelset_core.geometry.meshes import Mesh

    ending = Path(shape).suffix.lower()
    if ending in _PLANE:
        plane = read_plane_shape(shape)
        return exact_polygon(plane.parts), plane_reference(plane.rings, plane.chains)
    if ending not in _SOLID:
        raise LevelsetError(
            f"{Path(shape).name}: a shape is a polygon ({', '.join(_PLANE)}) or a mesh "
            f"({', '.join(_SOLID)}), not {ending or 'a file without ending'}."
        )
    mesh = read_geometry(shape)
    if not isinstance(mesh, Mesh):
        raise LevelsetError(f"{Path(shape).name}: it holds points without faces; a mesh is needed.")
    return exact_polyhedron(mesh), solid_reference(mesh)

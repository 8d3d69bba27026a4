"""``exact``: the ReLU network whose zero level set is a given polygon or mesh (Theorem 1)."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from levelset_core.cli.common import Parser, answer, progress, whole
from levelset_core.errors import LevelsetError
from levelset_core.paths import find_bundled

if TYPE_CHECKING:  # torch takes seconds to import, and --help needs none of it
    from levelset_core.exact import ExactNetwork
    from levelset_core.exact.sign_check import Reference

_PLANE = (".json", ".geojson", ".wkt", ".svg")
_SOLID = (".obj", ".ply", ".stl", ".off")


def options(exact: Parser) -> None:
    """Add the options."""
    exact.add_argument(
        "shape", metavar="SHAPE", help="polygon (.json, .geojson, .wkt, .svg) or mesh (.obj, .ply, "
        ".stl, .off)",
    )  # fmt: skip
    exact.add_argument("-o", "--output", required=True, help="NET.safetensors or NET.onnx")
    exact.add_argument(
        "--points", type=whole(1), default=100_000, help="random points whose signs are checked"
    )
    exact.add_argument(
        "--form", default="deep", choices=("deep", "balanced", "shallow"),
        help="deep: few weights; balanced: O(log n) hidden layers and many weights; shallow: two "
        "hidden layers and more weights yet, for polygons (default: deep)",
    )  # fmt: skip
    exact.add_argument(
        "--tolerance", type=float, metavar="PART",
        help="corners this close to a line or a plane count as on it, relative to the size "
        "(default: as the digits of the coordinates say)",
    )  # fmt: skip
    exact.add_argument("--float32", action="store_true", help="write ONNX in single precision")
    exact.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from levelset_core.exact.network import exact_onnx, exact_safetensors
    from levelset_core.exact.sign_check import check_signs, single_error

    output = Path(options.output)
    writers: dict[str, Callable[[ExactNetwork], bytes]] = {
        ".safetensors": exact_safetensors,
        ".onnx": partial(exact_onnx, single=options.float32),
    }
    if output.suffix.lower() not in writers:
        raise LevelsetError(f"{output.name}: networks are written as .safetensors or .onnx.")
    if not output.parent.is_dir():
        raise LevelsetError(f"{output.name}: its folder {str(output.parent)!r} does not exist.")
    if options.float32 and output.suffix.lower() != ".onnx":
        raise LevelsetError(f"{output.name}: --float32 is for ONNX; safetensors keep float64.")
    e, reference, notes = _build(
        str(find_bundled(options.shape)), {"form": options.form, "tolerance": options.tolerance}
    )
    if not options.json:
        progress(f"Built in {e.seconds:.3f} s; checking {options.points} points.")
    for tally in check_signs(e.network, reference, points=options.points, seed=options.seed):
        found = tally
    if found.wrong:
        raise LevelsetError(
            f"{Path(options.shape).name}: {found.wrong} of {found.points} random points have the "
            "wrong sign, so nothing is written. Repair the shape (parts that touch or nearly "
            "touch), or try another --tolerance."
        )
    try:
        output.write_bytes(writers[output.suffix.lower()](e))
    except OSError as error:
        raise LevelsetError(f"{output.name}: cannot be written ({error.strerror}).") from error
    result = {
        "planes": e.planes, "depth": e.depth, "widths": list(e.widths), "weights": e.weights,
        "seconds": e.seconds, "points": found.points, "wrong_signs": found.wrong,
        "largest_on_surface": found.on_boundary, "output": str(output), "form": e.form,
        "tolerance": e.tolerance, "merged": e.merged,
    }  # fmt: skip
    lines = [f"{name.replace('_', ' '):20}{value}" for name, value in result.items()]
    notes = [*notes, *([e.note] if e.note else [])]
    if options.float32:
        result["float32_error"] = off = single_error(e.network, reference, options.seed)
        notes.append(
            f"In float32 F is off by up to {off:.1g}: signs are right where |F| is larger."
        )
    return answer(options, {**result, "notes": notes}, *lines, *notes)


def _build(shape: str, how: dict[str, Any]) -> tuple[ExactNetwork, Reference, list[str]]:
    from levelset_core.confined import confined
    from levelset_core.data.readers import read_geometry
    from levelset_core.exact import exact_polygon, exact_polyhedron
    from levelset_core.exact.files.plane import plane_shape_bytes, read_plane_shape
    from levelset_core.exact.sign_check import plane_reference, solid_reference
    from levelset_core.geometry.meshes import Mesh

    ending = Path(shape).suffix.lower()
    if ending in _PLANE:
        # A few bytes of SVG can keep its parser busy for hours: limits apply here too.
        logging.getLogger("levelset_core.confined").setLevel(logging.ERROR)  # a sentence is enough
        content, name = plane_shape_bytes(Path(shape)), Path(shape).name
        plane = confined(read_plane_shape, name, len(content), content, name)
        if how["tolerance"] is None:
            how = {**how, "tolerance": plane.tolerance}
        e = exact_polygon(plane.parts, **how)
        reference = plane_reference(plane.rings, plane.chains, tolerance=how["tolerance"])
        return e, reference, list(plane.notes)
    if ending not in _SOLID:
        raise LevelsetError(
            f"{Path(shape).name}: a shape is a polygon ({', '.join(_PLANE)}) or a mesh "
            f"({', '.join(_SOLID)}), not {ending or 'a file without ending'}."
        )
    mesh = read_geometry(shape)
    if not isinstance(mesh, Mesh):
        raise LevelsetError(f"{Path(shape).name}: it holds points without faces; a mesh is needed.")
    e = exact_polyhedron(mesh, **how)
    return e, solid_reference(mesh, e.tolerance if e.merged else 0.0), []

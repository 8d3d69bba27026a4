"""``reconstruct`` and ``curve``: a raw point cloud in, a mesh or polylines out (Sec. 3.3)."""

from __future__ import annotations

import argparse
import importlib
import math
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from levelset_core.cli.clouds import add_cloud_options, read_cloud
from levelset_core.cli.common import (
    INTERRUPTED,
    Parser,
    above_zero,
    add_threads,
    answer,
    numbers,
    progress,
)
from levelset_core.cli.scan_folder import run_folder, scan_folder
from levelset_core.errors import LevelsetError

if TYPE_CHECKING:  # torch takes seconds to import, and --help needs none of it
    from levelset_core.data import PointCloud
    from levelset_core.reconstruction import ReconstructionTrainer

_MESHES = (".ply", ".obj", ".stl", ".glb")
_LINES = (".ply", ".obj", ".csv")
#: Seconds between two lines of progress.
_TELL_EVERY = 2.0
#: A command that takes so many times the seconds asked for says so.
LATE = 1.15
#: Share of the seconds that writing may take besides, and seconds of it at most.
_FILES, _MOST_FILES = 0.05, 1.0
#: In fewer seconds than this the preset "hurried" takes the place of "quick": a small network takes
#: three times as many steps, and local features bring the detail.
_HURRIED = 30.0
#: In fewer than this the grids of the surface and of its prior have so many nodes: that leaves more
#: of them to the training.
_COARSE, _NODES, _PRIOR_NODES = 15.0, 160, 64


def options(verb: Parser) -> None:
    """Add the options of ``reconstruct``."""
    _add_options(verb, "OUT.ply, .obj, .stl or .glb")
    verb.add_argument(
        "--preset", default="quick",
        help="quick, hurried, balanced or paper: in less than 30 s quick is hurried",
    )  # fmt: skip
    verb.add_argument(
        "--levels", type=numbers, default="0", metavar="T,T,..",
        help="levels t of {F = t} to write, in the input's units, one file each (--levels=-0.01,0)",
    )  # fmt: skip
    verb.add_argument(
        "--normals", action="store_true", help="use the normals of the file: F grows along them"
    )
    verb.add_argument(
        "--surface", default="auto",
        help="closed, or open: trimmed where no data is; auto takes what the points seem to be",
    )  # fmt: skip
    verb.add_argument(
        "--keep-all", action="store_true", help="keep small pieces far from the others"
    )
    verb.set_defaults(run=_run_surface)


def curve_options(verb: Parser) -> None:
    """Add the options of ``curve``."""
    _add_options(verb, "OUT.ply, .obj or .csv")
    verb.add_argument("--preset", default="quick", help="quick or paper")
    verb.add_argument(
        "--ends", "--surface", default="auto",
        help="auto decides from the points and closes a gap where that looks natural; open never "
        "closes, closed always",
    )  # fmt: skip
    verb.set_defaults(run=_run_curve)


def _add_options(verb: Parser, endings: str) -> None:
    add_cloud_options(verb)
    verb.add_argument(
        "-o", "--output", required=True, metavar="OUT",
        help=f"{endings}; of a folder of scans a folder, for a .ply each",
    )  # fmt: skip
    verb.add_argument(
        "--seconds", type=above_zero,
        help="time for everything, reading and writing included, of a folder for each scan "
        "(default: the preset's)",
    )  # fmt: skip
    verb.add_argument("--steps", type=int, help="optimizer steps at most (default: the preset's)")
    verb.add_argument(
        "--resolution", type=int, help="grid nodes on the longest side (default: the preset's)"
    )
    add_threads(verb)


def _run_surface(options: argparse.Namespace) -> int:
    if folder := scan_folder(options, _MESHES):
        return run_folder(options, folder, surface)
    return _show(options, *surface(options))


def _run_curve(options: argparse.Namespace) -> int:
    if folder := scan_folder(options, _LINES):
        return run_folder(options, folder, curve)
    return _show(options, *curve(options))


def surface(options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Make one surface and write it; what to tell of it, and whether training came to its end.

    Raises:
        LevelsetError: the input or an option does not fit, or there is no surface.
    """
    begun = time.perf_counter()
    output = _output(options.output, _MESHES)
    _import_optimizers()

    from levelset_core.data.readers import SAMPLES
    from levelset_core.geometry import components, write_mesh
    from levelset_core.geometry.export import how_written
    from levelset_core.reconstruction import ReconstructionConfig
    from levelset_core.reconstruction.colours import carried

    (preset, extra), seconds = _for_seconds(options), options.seconds
    if seconds is None and options.steps is None:
        seconds = ReconstructionConfig.preset(preset).seconds
    cloud = read_cloud(options, "surface", samples=SAMPLES, seconds=seconds)
    if options.normals and cloud.normals is None:
        raise LevelsetError(f"{cloud.source}: --normals needs a file with normals, it has none.")
    if options.normals:
        extra["normals_weight"] = 1.0
    trainer = _trainer(options, cloud, preset, begun, surface=options.surface, **extra)
    finished = _train(trainer, cloud)
    result: dict[str, Any] = {}
    for level in options.levels:
        solid = trainer.extract_solid(level=level, keep_all=options.keep_all)
        mesh = solid.mesh
        if not len(mesh.faces):
            raise LevelsetError(
                f"The level set F = {level:g} is empty: train longer, or take another level."
            )
        path = output
        if level != 0 and len(options.levels) > 1:
            path = output.with_name(f"{output.stem}_level_{level:g}{output.suffix}")
        mesh, scalars = carried(mesh, trainer.cloud)
        write_mesh(mesh, path, scalars=scalars)
        counts = {"preset": preset, "vertices": len(mesh.vertices), "faces": len(mesh.faces),
                  "components": len(components(mesh)), "components_found": solid.pieces,
                  "output": str(path), "solid": solid.as_dict()}  # fmt: skip
        for sentence in solid.told:
            progress(sentence)
        if not result or level == 0:
            result = counts
        if level == options.levels[0] and (note := how_written(mesh, path.suffix[1:].lower())):
            progress(note)
    return _report(options, trainer, cloud, begun, finished, result), finished


def _for_seconds(options: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """The preset of a surface and its changes where the seconds are few; what they are is said."""
    from levelset_core.reconstruction import ReconstructionConfig

    preset, seconds = str(options.preset), options.seconds or math.inf
    usual = ReconstructionConfig.preset(preset)
    said: list[str] = []
    changes: dict[str, Any] = {}
    if seconds < _HURRIED and preset == "quick":
        preset = "hurried"
        small = ReconstructionConfig.preset(preset)
        said.append(
            f"a network of {small.depth} layers of {small.width} (preset hurried) instead of "
            f"{usual.depth} of {usual.width}"
        )
    if seconds < _COARSE and usual.resolution > _NODES:
        changes["prior_nodes"] = _PRIOR_NODES
        if options.resolution is None:
            changes["resolution"] = _NODES
            said.append(
                f"a grid of {_NODES} nodes along the longest side instead of {usual.resolution} "
                f"(--resolution {usual.resolution} takes the finer one)"
            )
    if said:
        progress(f"In {seconds:g} s {', and '.join(said)}.")
    return preset, changes


def curve(options: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Make one curve and write it; see :func:`surface`.

    Raises:
        LevelsetError: the input or an option does not fit, or there is no curve.
    """
    begun = time.perf_counter()
    output = _output(options.output, _LINES)

    from levelset_core.geometry import curve_report, write_polyline
    from levelset_core.reconstruction.preparation.curve_survey import CurveSurvey

    cloud = read_cloud(options, "curve", samples=None)
    space = cloud.points.shape[1] == 3
    names = {"quick": "curve" if space else "curve2d", "paper": "curve-paper"}
    if options.preset not in names or (options.preset == "paper" and not space):
        raise LevelsetError(
            f"Unknown preset {options.preset!r}: choose quick"
            + (" or paper." if space else "; the paper's is for curves in space.")
        )
    trainer = _trainer(options, cloud, names[options.preset], begun, ends=options.ends)
    finished = _train(trainer, cloud)
    lines = trainer.extract_curve().polylines
    if not lines:
        raise LevelsetError(
            f"F has no zero near the points after {trainer.step} steps: give it more seconds or "
            "steps, or another seed."
        )
    write_polyline(lines, output)
    report = curve_report(lines, trainer.cloud.points)
    seems = trainer.prepared.survey
    if isinstance(seems, CurveSurvey):
        unlike = seems.unlike(report["pieces"], report["closed"], trainer.step)
        report |= {"note": unlike} if unlike else {}
    for gap in report["gaps"]:
        progress(
            f"A gap of the data, {gap['length']:.4g} long, is closed from {_place(gap['start'])} "
            f"to {_place(gap['end'])}."
        )
    if report["ends"]:
        progress(f"Open, with ends at {', '.join(_place(end) for end in report['ends'])}.")
    result = report | {"output": str(output)}
    return _report(options, trainer, cloud, begun, finished, result), finished


def _import_optimizers() -> None:
    """Beside all else: the first optimizer imports torch's compiler, which takes a second."""
    Thread(target=importlib.import_module, args=("torch._dynamo",), daemon=True).start()


def _place(point: list[float]) -> str:
    return f"({', '.join(f'{x:.4g}' for x in point)})"


def _output(name: str, endings: tuple[str, ...]) -> Path:
    path = Path(name)
    if path.suffix.lower() not in endings:
        raise LevelsetError(f"{path.name}: the output ends in one of {', '.join(endings)}.")
    if not path.parent.is_dir():
        raise LevelsetError(f"{path.name}: its folder {str(path.parent)!r} does not exist.")
    return path


def _trainer(
    options: argparse.Namespace, cloud: PointCloud, preset: str, begun: float, **changes: Any
) -> ReconstructionTrainer:
    from levelset_core.device import pick_device
    from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer

    changes["seed"] = options.seed
    if options.resolution is not None:
        changes["resolution"] = options.resolution
    if options.steps is not None:
        changes |= {"steps": options.steps, "seconds": None}
    if options.seconds is not None:
        files = min(_FILES * options.seconds, _MOST_FILES)
        left = options.seconds - (time.perf_counter() - begun) - files
        changes["seconds"] = max(left, min(options.seconds, 1.0))
    config = ReconstructionConfig.preset(preset, **changes)
    trainer = ReconstructionTrainer(
        config, cloud, device=pick_device(options.device), threads=options.threads
    )
    if found := trainer.prepared.survey:
        progress(found.told)
    if trainer.cloud.outliers:
        progress(f"{cloud.source}: {trainer.cloud.outliers} outliers left out.")
    return trainer


def _train(trainer: ReconstructionTrainer, cloud: PointCloud) -> bool:
    """Train to the end; False if interrupted, with what was reached until then."""
    told = 0.0
    try:
        for snapshot in trainer:
            if time.perf_counter() - told > _TELL_EVERY:
                told = time.perf_counter()
                share = max(snapshot.fraction, 1e-9)
                left = snapshot.seconds * (1 - share) / share
                progress(f"step {snapshot.step}  loss {snapshot.loss:.5f}  {left:.0f} s left")
    except KeyboardInterrupt:
        if not trainer.step:
            raise
        progress("Interrupted: writing what was reached.")
        return False
    return True


def _report(
    options: argparse.Namespace, trainer: ReconstructionTrainer, cloud: PointCloud, begun: float,
    finished: bool, result: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    result = {
        "points": len(cloud), "outliers": trainer.cloud.outliers, "steps": trainer.step,
        "seconds": round(time.perf_counter() - begun, 2), **result,
    }  # fmt: skip
    if options.json and cloud.notes:
        result["notes"] = list(cloud.notes)  # on stderr they were said already
    if found := trainer.prepared.survey:
        result["survey"] = found.as_dict()
    c, few, late = trainer.config, "", ""
    if finished and c.seconds is not None:
        from levelset_core.reconstruction.budget import few_steps

        few = few_steps(
            trainer.step, float(options.seconds or c.seconds),
            dimensions=trainer.points.shape[1] - c.outputs, most=c.steps,
        )  # fmt: skip
    if finished and options.seconds and result["seconds"] > LATE * options.seconds:
        late = (
            f"It took {result['seconds']:.0f} s where {options.seconds:g} were asked for: training "
            f"got {trainer.seconds:.0f} of them, preparing and writing the others."
        )
    if note := " ".join(filter(None, [few, result.get("note"), late])):
        result["note"] = note
    return result


def _show(options: argparse.Namespace, result: dict[str, Any], finished: bool) -> int:
    told: dict[str, Any] = {
        k: len(v) if isinstance(v, list) else v for k, v in result.items()
    }  # lists: above
    if seems := told.pop("survey", None):
        told["seems to be"] = seems["kind"]
    if solid := told.pop("solid", None):
        told |= {
            "watertight": "yes" if solid["watertight"] else "no",
            "Euler number": solid["euler"],
        }
    done = answer(options, result, *(f"{k.replace('_', ' '):18}{v}" for k, v in told.items()))
    return done if finished else INTERRUPTED

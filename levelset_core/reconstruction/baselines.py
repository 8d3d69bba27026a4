"""What the baselines of Table 2 have in common as runs: a mesh, and how good it is."""

from __future__ import annotations

from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, components, mesh_bytes
from levelset_core.reconstruction.assess import assess
from levelset_core.reconstruction.shapes import SHAPE, Shape, write_shape
from levelset_core.runs.files import replacing
from levelset_core.runs.folder import Run


def finish_mesh(mesh: Mesh, run: Run, *, steps: int) -> dict[str, Any]:
    """Write the mesh, what its errors are, and return the run's result.

    Raises:
        LevelsetError: the mesh is empty.
    """
    if not len(mesh.faces):
        raise LevelsetError("The method found no surface in these points.")
    seconds = run.status().seconds
    shape = Shape((mesh,), (), steps, seconds)
    write_shape(run.artifacts / SHAPE, shape)
    with replacing(run.artifacts / "mesh.ply") as partial:
        partial.write_bytes(mesh_bytes(mesh, "ply"))
    return {
        "steps": steps,
        "seconds": seconds,
        "vertices": len(mesh.vertices),
        "faces": len(mesh.faces),
        "components": len(components(mesh)),
        "comparison": assess(run, shape),
    }


def check_baseline(settings: dict[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    """``config`` with known names only, and ``about``.

    Raises:
        LevelsetError: an unknown setting.
    """
    config = dict(settings.get("config", {}))
    config.pop("seed", None)  # every run has one of its own
    if unknown := sorted(set(config) - set(known)):
        raise LevelsetError(f"Unknown setting {unknown[0]!r}.")
    return {"config": config, "about": dict(settings.get("about", {}))}

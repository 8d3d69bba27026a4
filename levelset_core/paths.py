"""Where things are on the disk: what comes with the project, and the folders of a person."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

#: The folder that holds the package: of a clone, or the environment's site-packages.
ROOT = Path(__file__).resolve().parents[1]


def _assets() -> Path:
    """An installed package has its assets inside, a clone beside it."""
    inside = Path(str(importlib.resources.files("levelset_core"))) / "assets"
    return inside if inside.is_dir() else ROOT / "assets"


#: What comes with the project: samples, an excerpt of MNIST, trained networks, front ends.
ASSETS = _assets()
CHECKPOINTS = ASSETS / "checkpoints"


def present_name(name: str) -> str:
    """The name of a bundled network today: what ended in "_ours" ends in "_level_set"."""
    return f"{name.removesuffix('_ours')}_level_set" if name.endswith("_ours") else name


def find_bundled(path: Path | str) -> Path:
    """The file at ``path``, or the bundled one that is meant by it.

    ``assets/...``, as documents and stored results have it, is found wherever the program is
    installed, also under the name that the file had before.
    """
    path = Path(path)
    places = [path]
    if "assets" in path.parts:
        places.append(ASSETS.joinpath(*path.parts[path.parts.index("assets") + 1 :]))
    named = [p.with_stem(present_name(p.stem)) for p in places if p.stem]
    return next((p for p in [*places, *named] if p.exists()), path)


def data_folder(data_dir: Path | str | None = None) -> Path:
    """``data_dir``, else ``$LEVELSET_DATA``, else ``levelset/data`` in the user's cache folder."""
    if chosen := data_dir or os.environ.get("LEVELSET_DATA"):
        return Path(chosen).expanduser().absolute()
    return user_cache_path("levelset") / "data"


def runs_folder() -> Path:
    """``$LEVELSET_RUNS``, else ``levelset/runs`` in the folder where this system keeps data."""
    if chosen := os.environ.get("LEVELSET_RUNS"):
        return Path(chosen).expanduser().absolute()
    return user_data_path("levelset") / "runs"


def child_environment(threads: int) -> dict[str, str]:
    """What this process gives to one that it starts: its modules, a number of threads."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": path}

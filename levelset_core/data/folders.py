"""Where data are: what comes with the project, and the folder that a person keeps them in."""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: What comes with the project.
ASSETS = Path(__file__).resolve().parents[2] / "assets"


def data_folder(data_dir: Path | str | None = None) -> Path:
    """``data_dir``, else ``$LEVELSET_DATA``, else ``levelset/data`` in the user's cache folder."""
    if chosen := data_dir or os.environ.get("LEVELSET_DATA"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "levelset" / "data"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "levelset" / "data"

"""Arrays in a run's folder: NPZ without pickle."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from levelset_core.errors import LevelsetError
from levelset_core.runs.files import replacing


def write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Replace an NPZ file."""
    with replacing(path) as partial:
        partial.write_bytes(array_bytes(arrays))


def array_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """Arrays as the content of an NPZ file."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """An NPZ file without pickle.

    Raises:
        LevelsetError: it is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise LevelsetError(f"There is no {path.name} yet.") from None
    except (OSError, ValueError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise LevelsetError(f"{path.name} is damaged and cannot be read.") from error


def take(arrays: dict[str, np.ndarray], name: str) -> np.ndarray:
    """One of them.

    Raises:
        LevelsetError: it is not there.
    """
    if name not in arrays:
        raise LevelsetError(f"There is no {name!r} in the file.")
    return arrays[name]

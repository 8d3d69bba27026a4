"""Files that are either the old or the new one, never half of it: JSON, and NPZ without pickle."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from levelset_core.errors import LevelsetError

#: Ends the name of a file that is still being written.
PARTIAL = ".partial"
#: Bytes of a JSON file at most: another program may have written anything.
MAX_JSON = 64 << 20


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write to the yielded path; at the end of the block it replaces ``path`` in one move.

    The content is on the disk before the name is: after a crash there is the old file or the new.
    Preview writers of a run use it too, since a page may read while they write.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{PARTIAL}")
    try:
        yield partial
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace a JSON file."""
    text = json.dumps(value, indent=1)
    with replacing(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        LevelsetError: there is no such file, or it does not hold a JSON object.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_JSON + 1)
        if len(content) > MAX_JSON:
            raise LevelsetError(f"{path.name} is damaged: it has more than {MAX_JSON >> 20} MB.")
        value = json.loads(content)
    except LevelsetError:
        raise
    except OSError as error:
        raise LevelsetError(f"{path.name} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise LevelsetError(f"{path.name} is damaged: it is not JSON.") from error
    if not isinstance(value, dict):
        raise LevelsetError(f"{path.name} is damaged: it does not hold a JSON object.")
    return value


def remove_partials(folder: Path) -> None:
    """Clear away what a killed process left half written."""
    for path in folder.rglob(f".*{PARTIAL}"):
        path.unlink(missing_ok=True)


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
    except Exception as error:  # NumPy, zipfile and zlib raise whatever they stumble over
        raise LevelsetError(f"{path.name} is damaged and cannot be read.") from error


def take(arrays: dict[str, np.ndarray], name: str) -> np.ndarray:
    """One of them.

    Raises:
        LevelsetError: it is not there.
    """
    if name not in arrays:
        raise LevelsetError(f"There is no {name!r} in the file.")
    return arrays[name]

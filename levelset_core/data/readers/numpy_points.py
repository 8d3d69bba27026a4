"""Arrays from NPY and NPZ files, never unpickled, their sizes looked at first."""

from __future__ import annotations

import io
import zipfile

import numpy as np

from levelset_core.errors import LevelsetError


def load_arrays(data: bytes, label: str, max_bytes: int) -> dict[str, np.ndarray]:
    """All arrays of numbers in a file, by name; a lone NPY array is called "points".

    Raises:
        LevelsetError: the file is damaged, too large once unpacked, or holds pickled objects.
    """
    try:
        if not zipfile.is_zipfile(io.BytesIO(data)):
            return {"points": _number_array(data, label)}
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > max_bytes:
                raise LevelsetError(
                    f"{label}: {size / 2**20:.0f} MB unpacked are too many, at most "
                    f"{max_bytes >> 20} MB are read."
                )
            members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise LevelsetError(f"{label}: the archive is damaged.") from error
    if not members:
        raise LevelsetError(f"{label}: the archive is empty.")
    return {
        name.removesuffix(".npy"): _number_array(member, label) for name, member in members.items()
    }


def _number_array(data: bytes, label: str) -> np.ndarray:
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except ValueError as error:
        if "allow_pickle" in str(error) and data.startswith(b"\x93NUMPY"):
            raise LevelsetError(
                f"{label}: it holds pickled Python objects, which are never read; save plain "
                "arrays of numbers."
            ) from error
        raise LevelsetError(f"{label}: this is no readable NumPy file.") from error
    except (EOFError, OSError, SyntaxError) as error:
        raise LevelsetError(f"{label}: this is no readable NumPy file.") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise LevelsetError(f"{label}: it holds an array of {array.dtype}, not of numbers.")
    return array.astype(np.int64 if array.dtype.kind in "iu" else np.float64)

"""The binary picture that travels from a worker to the browser (docs/architecture.md)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

_DTYPES = {"float32", "int16", "uint8"}
#: int16 steps from zero to the largest |F| of a field.
FIELD_STEPS = 32767


def encode_frame(header: dict[str, Any], arrays: list[tuple[str, int, np.ndarray]]) -> bytes:
    """uint32 header length, the JSON header, then the arrays, each aligned to 8 bytes.

    Args:
        header: anything JSON can say; NaN and infinity become null.
        arrays: (name, panel, values) with values of float32, int16 or uint8.
    """
    entries, chunks, offset = [], [], 0
    for name, panel, values in arrays:
        assert values.dtype.name in _DTYPES, values.dtype
        data = np.ascontiguousarray(values).tobytes()
        entries.append(
            {
                "name": name,
                "panel": panel,
                "dtype": values.dtype.name,
                "shape": list(values.shape),
                "offset": offset,
            }
        )
        padding = -len(data) % 8
        chunks += [data, bytes(padding)]
        offset += len(data) + padding
    text = json.dumps(_plain({**header, "arrays": entries}), allow_nan=False).encode()
    start = len(text).to_bytes(4, "little") + text
    return b"".join([start, bytes(-len(start) % 8), *chunks])


def decode_frame(data: bytes) -> tuple[dict[str, Any], dict[tuple[str, int], np.ndarray]]:
    """What :func:`encode_frame` wrote: the header and the arrays by (name, panel)."""
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])
    start = 4 + length + -(4 + length) % 8
    arrays = {}
    for entry in header["arrays"]:
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(data, entry["dtype"], count, start + entry["offset"])
        arrays[entry["name"], entry["panel"]] = values.reshape(entry["shape"])
    return header, arrays


def quantize_field(field: np.ndarray) -> tuple[np.ndarray, float]:
    """F on a grid as int16 and the scale that gives it back: F = values * scale.

    NaN becomes 0, infinity the largest number: a picture of a diverged network is still one.
    """
    field = np.nan_to_num(field)
    scale = float(np.abs(field).max()) / FIELD_STEPS or 1.0
    return np.round(field / scale).astype(np.int16), scale


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value

"""A picture read as the browser reads it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np


def decode_frame(data: bytes) -> tuple[dict[str, Any], dict[tuple[str, int], np.ndarray]]:
    """What ``encode_frame`` wrote: the header and the arrays by (name, panel)."""
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])
    start = 4 + length + -(4 + length) % 8
    arrays = {}
    for entry in header["arrays"]:
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(data, entry["dtype"], count, start + entry["offset"])
        arrays[entry["name"], entry["panel"]] = values.reshape(entry["shape"])
    return header, arrays

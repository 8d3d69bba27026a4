"""Writes frame.json: a frame as the server encodes it, and what the browser must read from it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np

from levelset_core.live.frames import encode_frame, quantize_field

FILE = Path(__file__).with_name("frame.json")


def fixture() -> dict:
    """Two panels: a circle's field with margins, one of them missing, and a field alone."""
    axis = np.linspace(-2, 2, 7, dtype=np.float32)
    circle = axis[None, :] ** 2 + axis[:, None] ** 2 - np.float32(1)
    plane = np.broadcast_to(axis[None, :] / 4, circle.shape)
    margin = np.array([0.5, np.nan, -0.25, 0.125], np.float32)
    flag = np.array([0, 1, 2], np.uint8)  # three bytes: what follows is padded
    foot = np.arange(8, dtype=np.float32).reshape(4, 2)
    panels, fields = [], []
    for name, field in (("geometric_svm", circle), ("xent", plane)):
        steps, scale = quantize_field(field)
        panels.append({"objective": name, "title": f"é {name}", "scale": scale, "loss": np.nan})
        fields.append(steps)
    arrays = [
        ("field", 0, fields[0]), ("margin", 0, margin), ("flag", 0, flag), ("foot", 0, foot),
        ("field", 1, fields[1]),
    ]  # fmt: skip
    header = {"version": 3, "frame": 12, "playing": True, "panels": panels}
    return {
        "bytes": base64.b64encode(encode_frame(header, arrays)).decode(),
        "fields": [circle.ravel().tolist(), plane.ravel().tolist()],
        "scales": [panel["scale"] for panel in panels],
        "margin": [None if np.isnan(value) else float(value) for value in margin],
        "flag": flag.tolist(),
        "foot": foot.ravel().tolist(),
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(fixture(), indent=1) + "\n")

"""The binary picture that travels from a worker to the browser, and what it tells of a panel."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch

from levelset_core.levelsets import value_and_jacobian
from levelset_core.live.protocol import PanelHeader
from levelset_core.playground import OBJECTIVES, Measurement, PlaygroundTrainer, trouble

_DTYPES = {"float32", "int16", "uint8"}
#: int16 steps from zero to the largest |F| of a field.
FIELD_STEPS = 32767
#: Of a measurement, in the history.
_FIGURES = ("accuracy", "held_out", "margin_min", "margin_median", "residual", "converged")
#: Overlays whose arrays a measurement brings along.
_MEASURED = {"margins", "balls", "path", "gradients", "axis"}


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
        entry = {"name": name, "panel": panel, "dtype": values.dtype.name}
        entries.append({**entry, "shape": list(values.shape), "offset": offset})
        padding = -len(data) % 8
        chunks += [data, bytes(padding)]
        offset += len(data) + padding
    text = json.dumps(_plain({**header, "arrays": entries}), allow_nan=False).encode()
    start = len(text).to_bytes(4, "little") + text
    return b"".join([start, bytes(-len(start) % 8), *chunks])


def read_header(frame: bytes) -> dict[str, Any]:
    """The header of an encoded picture."""
    length = int.from_bytes(frame[:4], "little")
    header: dict[str, Any] = json.loads(frame[4 : 4 + length])
    return header


def quantize_field(field: np.ndarray) -> tuple[np.ndarray, float]:
    """F on a grid as int16 and the scale that gives it back: F = values * scale.

    NaN becomes 0, infinity the largest number: a picture of a diverged network is still one.
    """
    field = np.nan_to_num(field)
    scale = float(np.abs(field).max()) / FIELD_STEPS or 1.0
    return np.round(field / scale).astype(np.int16), scale


def panel_header(
    trainer: PlaygroundTrainer, m: Measurement | None, scale: float, motion_error: float | None
) -> PanelHeader:
    """What a picture says of a panel beside its arrays."""
    return PanelHeader(
        title=OBJECTIVES[trainer.config.objective].title,
        objective=trainer.config.objective,
        distance=trainer.config.metric,
        norm=trainer.norm,
        step=trainer.step,
        loss=trainer.loss if m else None,
        accuracy=m.accuracy if m else None,
        heldout=m.held_out if m else None,
        margin_min=m.margin_min if m else None,
        margin_median=m.margin_median if m else None,
        converged=m.converged if m else None,
        failed=int(m.samples.failed.sum()) if m else 0,
        scale=scale,
        motion_error=motion_error,
        trouble=trouble(trainer.config, trainer.points, m) if m else "",
    )


def history_row(panel: int, trainer: PlaygroundTrainer, m: Measurement) -> dict[str, Any]:
    """A row of the history: the figures of one panel at one step."""
    title = OBJECTIVES[trainer.config.objective].title
    head = {"panel": panel, "title": title, "step": m.step, "loss": trainer.loss}
    head |= {"norm": m.norm, "margin_newton": m.newton_there}
    head["trouble"] = trouble(trainer.config, trainer.points, m)
    return head | {name: getattr(m, name) for name in _FIGURES}


def point_arrays(
    panel: int, trainer: PlaygroundTrainer, m: Measurement, overlays: set[str]
) -> list[tuple[str, int, np.ndarray]]:
    """The arrays of one value a point, (P, ...)."""
    if not overlays & _MEASURED:
        return []
    s = m.samples
    flag = torch.where(s.failed, 2, torch.where(s.converged, 0, 1))
    margins = np.where(np.isfinite(m.margins), m.margins, np.nan)
    arrays: dict[str, np.ndarray] = {
        "margin": margins.astype(np.float32),
        "output": m.outputs.astype(np.float32),
        "foot": m.feet.astype(np.float32),
        "flag": flag.cpu().numpy().astype(np.uint8),
    }
    if "path" in overlays and s.path is not None and s.path_values is not None:
        arrays["path"] = s.path.transpose(0, 1).cpu().numpy().astype(np.float32)  # (P, K, 2)
        arrays["residual"] = s.path_values.abs().T.cpu().numpy().astype(np.float32)
    if overlays & {"gradients", "axis", "balls"}:
        feet = torch.as_tensor(np.nan_to_num(m.feet), dtype=torch.float32, device=trainer.device)
        _, gradient = value_and_jacobian(trainer.network, feet)
        arrays["gradient"] = gradient.cpu().numpy().astype(np.float32)
        arrays["axis"] = gradient.abs().argmax(1).cpu().numpy().astype(np.uint8)
    return [(name, panel, values) for name, values in arrays.items()]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value

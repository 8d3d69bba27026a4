"""What a picture and the history tell of one panel."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from levelset_core.levelsets import value_and_jacobian
from levelset_core.live.protocol import PanelHeader
from levelset_core.playground import OBJECTIVES, Measurement, PlaygroundTrainer

#: Overlays whose arrays a measurement brings along.
_MEASURED = {"margins", "balls", "path", "gradients", "axis"}


def panel_header(
    trainer: PlaygroundTrainer, m: Measurement | None, scale: float, motion_error: float | None
) -> PanelHeader:
    """What a picture says of a panel beside its arrays."""
    return PanelHeader(
        title=OBJECTIVES[trainer.config.objective].title,
        objective=trainer.config.objective,
        distance=trainer.config.metric,
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
    )


def history_row(panel: int, trainer: PlaygroundTrainer, m: Measurement) -> dict[str, Any]:
    """A row of the history: the figures of one panel at one step."""
    return {
        "panel": panel,
        "title": OBJECTIVES[trainer.config.objective].title,
        "step": m.step,
        "loss": trainer.loss,
        "accuracy": m.accuracy,
        "held_out": m.held_out,
        "margin_min": m.margin_min,
        "margin_median": m.margin_median,
        "residual": m.residual,
        "converged": m.converged,
    }


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

"""Places near the level sets of F in the plane, where a search for nearest points can start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from levelset_core.data import BOUNDS
from levelset_core.geometry import contours, nearest_on_contours


@dataclass(frozen=True)
class ContourStarts:
    """Places near the level sets of F, read off its contours on a grid.

    Attributes:
        field: F on a grid over the plane, (m, m), row 0 at ymin.
        norm: what nearest means, "l2" or "linf".
    """

    field: np.ndarray
    norm: str

    def __call__(self, x: Tensor, level: float | Tensor) -> Tensor:
        """The place of {F = level} on the contours nearest to each of x, (n, 2); NaN if none."""
        xy, order = x.detach().cpu().numpy(), 2.0 if self.norm == "l2" else np.inf
        levels = level.detach().cpu().numpy() if isinstance(level, Tensor) else level
        levels = np.broadcast_to(np.asarray(levels, float), len(xy))
        places = np.empty(xy.shape)
        for value in np.unique(levels):
            rows, lines = levels == value, contours(self.field, BOUNDS, float(value))
            _, places[rows] = nearest_on_contours(xy[rows], lines, norm=order)
        return torch.as_tensor(places).to(x)

"""Level sets of F over a rectangle of the plane: the field on a grid, contours, distances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.spatial import cKDTree
from skimage.measure import find_contours
from torch import Tensor

from levelset_core.levelsets import home_of

Bounds = tuple[float, float, float, float]  # xmin, xmax, ymin, ymax


@torch.no_grad()
def evaluate_grid(
    f: Callable[[Tensor], Tensor], bounds: Bounds, n: int, *, device: torch.device | str = "cpu"
) -> np.ndarray:
    """F at the corners of an n x n grid, both ends included: (n, n), row 0 at ymin."""
    dtype, _ = home_of(f)
    x = torch.linspace(bounds[0], bounds[1], n, device=device, dtype=dtype)
    y = torch.linspace(bounds[2], bounds[3], n, device=device, dtype=dtype)
    grid = torch.cartesian_prod(y, x).flip(1)  # (n * n, 2) as (x, y)
    # This many points at a time stay in the cache of one core.
    values = torch.cat([f(part) for part in grid.split(2048)])
    return values.reshape(n, n).cpu().numpy()


def contours(field: np.ndarray, bounds: Bounds, level: float = 0.0) -> list[np.ndarray]:
    """The polylines of {F = level} by marching squares (scikit-image), each (k, 2) as (x, y)."""
    if not field.min() <= level <= field.max():
        return []
    rows, columns = field.shape
    step = np.array([(bounds[1] - bounds[0]) / (columns - 1), (bounds[3] - bounds[2]) / (rows - 1)])
    corner = np.array([bounds[0], bounds[2]])
    return [corner + line[:, ::-1] * step for line in find_contours(field, level)]


def nearest_on_contours(
    xy: np.ndarray, lines: list[np.ndarray], *, norm: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest place of every point on the contours, between their vertices too.

    Args:
        xy: (n, 2).
        lines: as :func:`contours` returns them.
        norm: 2 or ``numpy.inf``.

    Returns:
        Its distance, (n,), and place, (n, 2); infinite and NaN if there is no contour.
    """
    if not lines or not len(xy):
        return np.full(len(xy), np.inf), np.full((len(xy), 2), np.nan)
    starts = np.concatenate([line[:-1] for line in lines])
    steps = np.concatenate([np.diff(line, axis=0) for line in lines])
    tree, half = cKDTree(starts + steps / 2), np.linalg.norm(steps, ord=norm, axis=1).max() / 2
    distance, places = np.empty(len(xy)), np.empty((len(xy), 2))
    rows, count = np.arange(len(xy)), 4
    while len(rows):
        count = min(count, len(starts))
        to_middle, near = tree.query(xy[rows], k=range(1, count + 1), p=norm)
        found = _nearest_on_segments(xy[rows], starts[near], steps[near], norm)
        distance[rows], places[rows] = found
        # A segment beyond these has its middle too far for a nearer place.
        unsure = to_middle[:, -1] - half < found[0]
        rows, count = rows[unsure & (count < len(starts))], 4 * count
    return distance, places


def _nearest_on_segments(
    xy: np.ndarray, starts: np.ndarray, steps: np.ndarray, norm: float
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest place of every point on k segments of its own, (n, k, 2) as start and step."""
    (u, v), (du, dv) = (np.moveaxis(part, 2, 0) for part in (starts - xy[:, None], steps))
    with np.errstate(divide="ignore", invalid="ignore"):
        if norm == 2:
            stops = [-(u * du + v * dv) / (du * du + dv * dv)]
        else:  # max(|u + t du|, |v + t dv|) is convex in t and has its kinks here
            stops = [-u / du, -v / dv, (v - u) / (du - dv), -(u + v) / (du + dv)]
    along = np.stack([np.zeros_like(u), np.ones_like(u), *stops], axis=2)
    along = np.clip(np.nan_to_num(along), 0.0, 1.0)[..., None]  # (n, k, stops, 1)
    places = (starts[:, :, None] + along * steps[:, :, None]).reshape(len(xy), -1, 2)
    away = np.abs(places - xy[:, None])
    distance = np.hypot(away[..., 0], away[..., 1]) if norm == 2 else np.maximum(*away.T).T
    best = np.arange(len(xy)), distance.argmin(axis=1)
    return distance[best], places[best]

"""Colours and intensity of a cloud on the surface that was made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from levelset_core.data import PointCloud
from levelset_core.geometry import Mesh

#: Nearest points that share in a vertex's colour.
NEIGHBOURS = 6


def carried(mesh: Mesh, cloud: PointCloud) -> tuple[Mesh, dict[str, np.ndarray]]:
    """The mesh with the cloud's colours, and its intensity, one number a vertex.

    A vertex takes the mean of its nearest points, weighted by 1 / (d^2 + s^2) with d their
    distance and s the median distance to the nearest: near a point its own value, between points
    a blend. A cloud with intensity alone gives grey from its 2% to its 98% quantile.

    Args:
        mesh: in the cloud's frame.
        cloud: the points that it was made of.
    """
    known = None if cloud.intensity is None else np.isfinite(cloud.intensity)
    if not len(mesh.vertices) or (cloud.colours is None and (known is None or not known.any())):
        return mesh, {}
    middle = cloud.points.mean(0)
    count = min(NEIGHBOURS, len(cloud))
    distance, rows = cKDTree(cloud.points - middle).query(mesh.vertices - middle, k=count)
    distance, rows = distance.reshape(-1, count), rows.reshape(-1, count)
    softness = max(float(np.median(distance[:, 0])) ** 2, np.finfo(float).tiny)
    weights = 1 / (distance**2 + softness)
    scalars: dict[str, np.ndarray] = {}
    colours = np.zeros((len(mesh.vertices), 3))
    if cloud.colours is not None:
        shares = weights / weights.sum(1, keepdims=True)
        colours = np.einsum("vk,vkc->vc", shares, cloud.colours[rows].astype(np.float64))
    if known is not None and cloud.intensity is not None and known.any():
        usable = weights * known[rows] + 1e-9 * weights.min()
        values = np.where(known, cloud.intensity, np.nanmedian(cloud.intensity))[rows]
        scalars["intensity"] = (usable * values).sum(1) / usable.sum(1)
        if cloud.colours is None:
            low, high = np.nanquantile(cloud.intensity, [0.02, 0.98])
            grey = (scalars["intensity"] - low) / max(high - low, np.finfo(float).tiny)
            colours = np.repeat(255 * np.clip(grey, 0, 1)[:, None], 3, axis=1)
    return replace(mesh, colours=np.rint(colours).astype(np.uint8)), scalars

"""How an open curve comes back to where it began, far from all others.

The level set of a continuous F has no ends. So an open curve is closed by a path that goes on
straight at both ends and then keeps its distance; it is cut off again where F has been traced.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import RegularGridInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree
from skimage.graph import route_through_array

from levelset_core.geometry.meshes import unit

#: Room around the curves, and the straight parts at the ends, in parts of the longest side.
MARGIN, STRAIGHT = 0.2, 0.08
#: A direction at an end is taken over this part of the curve.
END = 0.03
#: Nodes of the grid along the longest side, by dimension.
NODES = {2: 96, 3: 40}
#: What a step costs is the inverse distance to the curves to this power.
POWER = 3
#: Smoothing of the path, in nodes; points on it.
SMOOTH, SAMPLES = 2.0, 600


def return_path(curve: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Points from the last point of an open curve back to its first, without these two.

    Args:
        curve: (n, d) in order.
        others: all points that it shall keep off, those of the curve among them, (m, d).
    """
    low, high = others.min(0), others.max(0)
    side = float((high - low).max())
    far = max(1, round(END * len(curve)))
    tips, grid_points = [], NODES[curve.shape[1]]
    for tip, inward in ((curve[-1], curve[-1 - far]), (curve[0], curve[far])):
        tips.append(tip + STRAIGHT * side * unit((tip - inward)[None])[0])
    low, high = np.minimum(low, np.min(tips, 0)), np.maximum(high, np.max(tips, 0))
    low, high = low - MARGIN * side, high + MARGIN * side
    step = float((high - low).max()) / grid_points
    axes = [np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)]
    nodes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    distance = cKDTree(others).query(nodes.reshape(-1, len(low)))[0].reshape(nodes.shape[:-1])
    cost = (side / np.maximum(distance, 0.1 * step)) ** POWER
    begin, end = (tuple(np.rint((tip - low) / step).astype(int)) for tip in tips)
    route, _ = route_through_array(cost, begin, end, fully_connected=True, geometric=True)
    places = nodes[tuple(np.array(route).T)]
    places[0], places[-1] = tips
    # The straight parts, then the route, as one line of even points that is smoothed.
    line = np.concatenate([curve[-1:], places, curve[:1]])
    lengths = np.concatenate([[0], np.linalg.norm(np.diff(line, axis=0), axis=1).cumsum()])
    wanted = np.linspace(0, lengths[-1], SAMPLES)
    line = RegularGridInterpolator((lengths,), line)(wanted[:, None])
    smooth = gaussian_filter1d(line, SMOOTH * step * SAMPLES / lengths[-1], axis=0, mode="nearest")
    # Near the ends, where a filter cuts corners, the line itself counts.
    near = np.minimum(wanted, lengths[-1] - wanted)[:, None] / (STRAIGHT * side)
    path: np.ndarray = line + np.clip(near, 0, 1) * (smooth - line)
    return path[1:-1]

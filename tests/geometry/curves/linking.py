"""How often two closed curves in space wind around each other."""

from __future__ import annotations

import numpy as np

from levelset_core.geometry.curves.solid_angle import half_angle
from levelset_core.geometry.meshes import Polyline, even_points

#: Places along the second curve, and corners of the first.
PLACES, CORNERS = 2000, 1000


def linking_number(first: Polyline, second: Polyline) -> int:
    """The linking number of two closed curves in space; its sign is that of their directions.

    Half the solid angle of the first grows by 2 pi for every turn of the second around it (Gauss).

    Args:
        first, second: closed, without common points.
    """
    ring = even_points(first.whole, CORNERS + 1)[0][:-1]
    angle = half_angle(even_points(second.whole, PLACES)[0], [ring])
    turned = np.angle(np.exp(1j * np.diff(angle))).sum()
    return int(np.rint(turned / (2 * np.pi)))

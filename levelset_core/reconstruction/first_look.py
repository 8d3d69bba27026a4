"""A coarse surface of a cloud within a second, to look at while a trainer is being prepared."""

from __future__ import annotations

import numpy as np
import torch

from levelset_core.data import PointCloud, check_spread
from levelset_core.geometry import Mesh, extract_mesh
from levelset_core.geometry.normalization import Normalization
from levelset_core.geometry.winding import WindingNumber, even_part
from levelset_core.parallel import Workers
from levelset_core.random import numpy_generator

#: Points drawn from the cloud, points that the winding number is fitted to, and nodes.
DRAWN, FITTED, RESOLUTION = 20_000, 700, 40
MARGIN = 0.1


def first_look(cloud: PointCloud, threads: int) -> Mesh:
    """The level set of a winding number fitted to a few points, in the cloud's units.

    Raises:
        LevelsetError: the points do not spread in three directions.
    """
    check_spread(cloud, "surface")
    normalization = Normalization.of(cloud.points)
    rows = numpy_generator(0).permutation(len(cloud))[:DRAWN]
    part, cell = even_part(normalization.apply(cloud.points[rows]), FITTED)
    winding = WindingNumber(torch.from_numpy(part.astype(np.float32)), cell, Workers(threads))
    bounds = part.min(0) - MARGIN, part.max(0) + MARGIN
    mesh = extract_mesh(
        lambda x: winding.middle - winding(x), np.stack(bounds), RESOLUTION, snap=False
    )
    return mesh.moved(normalization.scale, normalization.center)

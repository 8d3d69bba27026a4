"""Levelset Lab's engine: see, steer and trust the level sets of neural networks.

Implements *Controlling Neural Level Sets* (Atzmon et al., NeurIPS 2019).

    import levelset_core as lc

    s = lc.project(f, x)                # Sec. 2.1: samples of {F = 0}
    p = lc.sample_network(f, s)         # Sec. 2.2: their positions, differentiable in theta
    loss = lc.losses.margin(f, x, y)    # Sec. 3: losses on the level set
    p = lc.implicit_root(f, x, solver=my_solver)  # Eq. 8 for points found in any other way
"""

from levelset_core import _moved, geometry, levelsets, losses, networks
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError
from levelset_core.levelsets import LevelSetSamples, implicit_root, project, sample_network

__version__ = "0.1.0"

_moved.install()

__all__ = [
    "LevelSetSamples",
    "LevelsetError",
    "geometry",
    "implicit_root",
    "levelsets",
    "losses",
    "networks",
    "pick_device",
    "project",
    "sample_network",
]

"""Levelset Lab's engine: see, steer and trust the level sets of neural networks.

Implements *Controlling Neural Level Sets* (Atzmon et al., NeurIPS 2019).

    import levelset_core as lc

    s = lc.project(f, x)                # Sec. 2.1: samples of {F = 0}
    s = lc.nearest_points(f, x, norm="linf")  # Sec. 3.2: the nearest ones, with their distance
    p = lc.sample_network(f, s)         # Sec. 2.2: their positions, differentiable in theta
    loss = lc.losses.margin(f, x, y)    # Sec. 3: losses on the level set
    p = lc.implicit_root(f, x, solver=my_solver)  # Eq. 8 for points found in any other way

Nothing is loaded before it is used: ``import levelset_core`` takes no time.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from levelset_core import _moved
from levelset_core.errors import LevelsetError

if TYPE_CHECKING:
    from levelset_core import geometry, levelsets, losses, networks
    from levelset_core.device import pick_device
    from levelset_core.levelsets import (
        LevelSetSamples,
        implicit_root,
        nearest_points,
        project,
        sample_network,
    )

__version__ = "0.1.0"

_moved.install()

__all__ = [
    "LevelSetSamples",
    "LevelsetError",
    "geometry",
    "implicit_root",
    "levelsets",
    "losses",
    "nearest_points",
    "networks",
    "pick_device",
    "project",
    "sample_network",
]

#: Name -> the module that holds it; every other public name is a module itself.
_HOMES = {
    "pick_device": "levelset_core.device",
    **dict.fromkeys(
        ("LevelSetSamples", "implicit_root", "nearest_points", "project", "sample_network"),
        "levelset_core.levelsets",
    ),
}


def __getattr__(name: str) -> Any:
    """Load what is asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = _HOMES.get(name)
    module = importlib.import_module(home or f"{__name__}.{name}")
    found = getattr(module, name) if home else module
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

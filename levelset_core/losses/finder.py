"""What finds the level set points of a loss: Newton, as in the paper, or the nearest ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import torch

from levelset_core.errors import LevelsetError
from levelset_core.levelsets import LevelSetSamples, nearest_points, norm_for, project
from levelset_core.settings import choose

#: Where on the level set a loss acts: at Newton's foot (the paper), or at the nearest point.
Points: TypeAlias = Literal["newton", "nearest"]
POINTS = ("newton", "nearest")


def finder(
    points: Points,
    distance: str,
    norm: str | None,
    projector: Callable[..., LevelSetSamples] = project,
    *,
    starts: int,
    draws: int,
    generator: torch.Generator | None,
    record: bool,
    stop: Literal["arrived", "fixed"],
    max_steps: int,
    tol: float | None,
    max_jump: float,
) -> Callable[..., LevelSetSamples]:
    """A function of (f, x, level=, args=, warm=) that gives the samples; see the losses.

    Raises:
        LevelsetError: other points, or the nearest ones with ``stop="fixed"`` or a ``projector``.
    """
    choose("kind of points", points, POINTS)
    how: dict[str, Any] = {"max_steps": max_steps, "max_jump": max_jump}
    how |= {} if tol is None else {"tol": tol}
    if points == "nearest":
        if stop == "fixed" or projector is not project:
            raise LevelsetError(
                "points='nearest' is a search of its own: it takes neither stop='fixed' nor a "
                "projector. Leave them out, or take points='newton'."
            )
        how |= {"norm": norm or norm_for(distance), "starts": starts, "draws": draws}
        how |= {"generator": generator}
        return lambda f, x, warm=None, **more: nearest_points(f, x, warm=warm, **how, **more)
    how |= {"record": record}
    how |= {} if norm in (None, "l2") else {"norm": norm}  # a projector need not know of norms
    how |= {} if stop == "arrived" else {"stop": stop}
    return lambda f, x, warm=None, **more: projector(f, x, **how, **more)

"""What finds the level set points of a loss: Newton, as in the paper, or the nearest ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets import LevelSetSamples, Network, nearest_points, norm_for, project
from levelset_core.levelsets.jacobian import expand_rows
from levelset_core.levelsets.norms import length
from levelset_core.settings import choose

#: Where on the level set a loss acts: at Newton's foot (the paper), or at the nearest point.
Points: TypeAlias = Literal["newton", "nearest"]
POINTS = ("newton", "nearest")
#: How many random places a search for nearest points tries, or a function of (x, level) that gives
#: a place for each of x, (n, *d): the search starts there where that is nearer than ``warm``.
Starts: TypeAlias = int | Callable[[Tensor, float | Tensor], Tensor]


def finder(
    points: Points,
    distance: str,
    norm: str | None,
    projector: Callable[..., LevelSetSamples] = project,
    *,
    starts: Starts,
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
        how |= {"norm": norm or norm_for(distance), "draws": draws, "generator": generator}

        def nearest(
            f: Network, x: Tensor, level: float | Tensor = 0.0, warm: Any = None, **more: Any
        ) -> LevelSetSamples:
            if isinstance(starts, int):
                return nearest_points(f, x, level=level, warm=warm, starts=starts, **how, **more)
            best = nearer_places(x, starts(x, level), warm, how["norm"])
            return nearest_points(f, x, level=level, warm=best, starts=0, **how, **more)

        return nearest
    how |= {"record": record}
    how |= {} if norm in (None, "l2") else {"norm": norm}  # a projector need not know of norms
    how |= {} if stop == "arrived" else {"stop": stop}
    return lambda f, x, warm=None, **more: projector(f, x, **how, **more)


def nearer_places(
    x: Tensor, places: Tensor, warm: Tensor | LevelSetSamples | None, norm: str
) -> Tensor | LevelSetSamples:
    """Of two places to start from the one nearer to x, (n, *d): one search costs half of two."""
    if warm is None:
        return places
    sound = torch.ones(len(x), dtype=torch.bool, device=x.device)
    last, sound = (warm, sound) if isinstance(warm, Tensor) else (warm.points, ~warm.failed)
    there = length(places - x, norm).nan_to_num(torch.inf)
    here = torch.where(sound, length(last - x, norm), torch.inf)
    return torch.where(expand_rows(there < here, x), places, last)

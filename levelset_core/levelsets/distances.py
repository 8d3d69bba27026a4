"""Distances between an input and a level set sample: L2, L_inf, L1 and rho (Sec. 3.2)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from levelset_core.settings import choose

#: (x, p, D_xF(p)^+), each (n, *d) -> (n,)
Distance = Callable[[Tensor, Tensor, Tensor], Tensor]


def l2(x: Tensor, p: Tensor, pinv: Tensor) -> Tensor:
    """||x - p||_2, (n,)."""
    distance: Tensor = torch.linalg.vector_norm((x - p).flatten(1), dim=1)
    return distance


def linf(x: Tensor, p: Tensor, pinv: Tensor) -> Tensor:
    """||x - p||_inf, (n,)."""
    return (x - p).flatten(1).abs().amax(1)


def l1(x: Tensor, p: Tensor, pinv: Tensor) -> Tensor:
    """||x - p||_1, (n,)."""
    return (x - p).flatten(1).abs().sum(1)


def rho(x: Tensor, p: Tensor, pinv: Tensor) -> Tensor:
    """|x^i - p^i| at i = argmax |D_xF(p; theta_0)|, (n,): never more than L_inf.

    For l = 1 the pseudo-inverse is parallel to D_xF, so its largest entry names the same axis.
    """
    return (x - p).flatten(1).gather(1, rho_axis(pinv)[:, None]).squeeze(1).abs()


def rho_axis(pinv: Tensor) -> Tensor:
    """The axis rho looks along, i = argmax |D_xF(p)|, (n,) int."""
    return pinv.flatten(1).abs().argmax(1)


DISTANCES: dict[str, Distance] = {"l2": l2, "linf": linf, "l1": l1, "rho": rho}


def norm_for(distance: str) -> str:
    """The norm whose nearest points and pseudo-inverse suit a distance: its own; "linf" for rho.

    rho is no norm. Where p is nearest to x in L_inf, it is the L_inf distance.
    """
    return "linf" if distance == "rho" else distance


def get_distance(name: str) -> Distance:
    """The distance called ``name``: "l2", "linf", "l1" or "rho".

    Raises:
        LevelsetError: there is none of that name.
    """
    choose("distance", name, DISTANCES)
    return DISTANCES[name]

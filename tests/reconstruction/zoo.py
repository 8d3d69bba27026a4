"""Shapes with known pieces, Euler number and distance, as scans of them: sparse and noisy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from levelset_core.geometry import extract_mesh
from levelset_core.geometry.analysis import sample_faces
from levelset_core.geometry.surface import project_near
from levelset_core.random import numpy_generator

Sdf = Callable[[Tensor], Tensor]


def ball(radius: float, at: tuple[float, ...] = (0.0, 0.0, 0.0)) -> Sdf:
    return lambda x: (x - x.new_tensor(at)).norm(dim=1) - radius


def box(half: tuple[float, ...], at: tuple[float, ...] = (0.0, 0.0, 0.0)) -> Sdf:
    def f(x: Tensor) -> Tensor:
        q = (x - x.new_tensor(at)).abs() - x.new_tensor(half)
        return q.clamp_min(0).norm(dim=1) + q.amax(1).clamp_max(0)

    return f


def rod(a: tuple[float, ...], b: tuple[float, ...], radius: float) -> Sdf:
    """With round ends."""

    def f(x: Tensor) -> Tensor:
        start, way = x.new_tensor(a), x.new_tensor(b) - x.new_tensor(a)
        share = ((x - start) @ way / way.square().sum()).clamp(0, 1)
        return (x - start - share[:, None] * way).norm(dim=1) - radius

    return f


def torus(
    large: float, small: float, at: tuple[float, ...] = (0.0, 0.0, 0.0), axis: int = 2
) -> Sdf:
    others = [k for k in range(3) if k != axis]

    def f(x: Tensor) -> Tensor:
        y = x - x.new_tensor(at)
        return torch.hypot(y[:, others].norm(dim=1) - large, y[:, axis]) - small

    return f


def drill(radius: float, at: tuple[float, float] = (0.0, 0.0), axis: int = 2) -> Sdf:
    others = [k for k in range(3) if k != axis]
    return lambda x: (x[:, others] - x.new_tensor(at)).norm(dim=1) - radius


def union(*parts: Sdf) -> Sdf:
    return lambda x: torch.stack([part(x) for part in parts]).amin(0)


def without(first: Sdf, *others: Sdf) -> Sdf:
    return lambda x: torch.stack([first(x), *(-part(x) for part in others)]).amax(0)


def wires(radius: float, half: float = 0.75) -> Sdf:
    corners = [(x, y, z) for x in (-half, half) for y in (-half, half) for z in (-half, half)]
    edges = [
        (a, b) for a in corners for b in corners
        if a < b and sum(p != q for p, q in zip(a, b, strict=True)) == 1
    ]  # fmt: skip
    return union(*(rod(a, b, radius) for a, b in edges))


@dataclass(frozen=True)
class Solid:
    """A shape with what is true of its surface: pieces and Euler number in all."""

    f: Sdf
    pieces: int
    euler: int


FEET = ((0.6, 0), (-0.4, 0.5), (-0.4, -0.5))

SOLIDS = {
    # CAD parts with sharp edges
    "bracket": Solid(
        without(
            union(box((0.8, 0.4, 0.1), (0, 0, -0.5)), box((0.1, 0.4, 0.6), (-0.7, 0, 0))),
            drill(0.15, (0.1, 0.0)),
            drill(0.15, (0.55, 0.0)),
            drill(0.15, (0.0, 0.2), axis=0),
        ),
        1,
        -4,
    ),
    # thin rods
    "wires": Solid(wires(0.06), 1, -8),
    "tripod": Solid(
        union(*(rod((0, 0, 0.6), (x, y, -0.7), 0.04) for x, y in FEET)),
        1,
        2,
    ),
    # nested shells
    "shell": Solid(without(ball(0.8), ball(0.55)), 2, 4),
    "ball in shell": Solid(union(without(ball(0.85), ball(0.65)), ball(0.35)), 3, 6),
    "box in box": Solid(without(box((0.8, 0.6, 0.5)), box((0.6, 0.4, 0.3))), 2, 4),
    # several objects
    "seven": Solid(
        union(
            ball(0.3, (-0.6, -0.6, 0)),
            torus(0.3, 0.1, (0.6, 0.55, 0)),
            box((0.25, 0.2, 0.15), (0.6, -0.6, 0)),
            ball(0.15, (-0.6, 0.5, 0.3)),
            ball(0.2, (-0.1, 0, -0.5)),
            rod((-0.2, 0.9, 0), (0.1, 0.9, 0.5), 0.08),
            box((0.15, 0.15, 0.15), (0, -0.1, 0.5)),
        ),
        7,
        12,
    ),
    "links": Solid(
        union(torus(0.4, 0.12, (-0.2, 0, 0)), torus(0.4, 0.12, (0.2, 0, 0), axis=1)), 2, 0
    ),
    # a room seen from inside: furniture on the floor, a column, a lamp that hangs free
    "room": Solid(
        without(
            box((0.9, 0.7, 0.5)),
            box((0.25, 0.2, 0.2), (0.4, 0.2, -0.35)),
            box((0.1, 0.1, 0.6), (-0.4, -0.2, 0)),
            ball(0.12, (0.1, -0.3, 0.2)),
        ),
        2,
        2,
    ),
}


def turned(seed: int) -> np.ndarray:
    """A rotation, (3, 3)."""
    return Rotation.random(random_state=seed).as_matrix()


def scan(f: Sdf, count: int, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """Points of {f = 0}, even in the mean, with noise (in units).

    Args:
        f: signed distance, within [-1.1, 1.1]^3.
        count: of the points.
        noise: standard deviation.
        seed: of everything.
    """
    rng = numpy_generator(seed)
    mesh = extract_mesh(f, (-1.1, 1.1), 160, snap=False)
    places, _ = sample_faces(mesh, 2 * count, rng)
    s, good = project_near(f, places, 0.0, 0.05)
    places = np.where(good[:, None], s.points.double().numpy(), places)
    places = places[rng.permutation(len(places))[:count]]
    return places + noise * rng.normal(size=places.shape)

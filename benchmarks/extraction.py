"""What the narrow band buys: a mesh at 256^3 against evaluation at every node, in the same run.

    python -m benchmarks.extraction [--store] [--quick]

The network is as the preset "quick" has it, fitted for a moment to the distance to a shape. Both
ways are timed as people call them, with the Newton steps of the vertices: the dense way once, the
narrow one before and after it, of which the slower counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks import _measure
from levelset_core import pick_device
from levelset_core.data import SURFACES
from levelset_core.geometry import Grid, Mesh, extract_mesh
from levelset_core.geometry.grid import narrow_band
from levelset_core.networks import ImplicitMLP
from levelset_core.random import torch_generator

REQUIRED = {"genus_two.speedup": 10.0}
BOUNDS = (-1.0, 1.0)
SHAPE = "genus_two"
HIDDEN, OCTAVES = (128, 128, 128, 128), 6
BATCH = 2048


def fitted(shape: str, steps: int, seed: int) -> ImplicitMLP:
    """A network fitted to the function of a shape, half of the places near its surface."""
    generator = torch_generator(seed)
    f = ImplicitMLP(3, HIDDEN, octaves=OCTAVES, generator=generator)
    optimizer = torch.optim.Adam(f.parameters(), lr=2e-3)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    surface = torch.from_numpy(extract_mesh(SURFACES[shape], BOUNDS, 64).vertices).float()
    for _ in range(steps):
        rows = torch.randint(len(surface), (BATCH // 2,), generator=generator)
        near = surface[rows] + 0.05 * torch.randn(len(rows), 3, generator=generator)
        anywhere = 2 * torch.rand(BATCH // 2, 3, generator=generator) - 1
        x = torch.cat([near, anywhere])
        loss = (f(x) - SURFACES[shape](x)).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        rates.step()
    return f.to(pick_device()).eval()


def timed(work: Callable[[], Mesh]) -> tuple[Mesh, float]:
    begun = time.perf_counter()
    mesh = work()
    return mesh, time.perf_counter() - begun


def same(a: Mesh, b: Mesh) -> bool:
    """Whether two meshes agree in every bit."""
    return np.array_equal(a.vertices, b.vertices) and np.array_equal(a.faces, b.faces)


def narrow_and_dense(f: Callable[[Tensor], Tensor], resolution: int) -> dict[str, Any]:
    """Seconds of both ways, and whether the meshes agree in every bit."""

    def extract(**options: bool) -> Callable[[], Mesh]:
        return lambda: extract_mesh(f, BOUNDS, resolution, **options)

    extract_mesh(f, BOUNDS, 32)  # what only the first call costs
    before, first = timed(extract())
    dense, dense_seconds = timed(extract(dense=True))
    after, last = timed(extract())
    _, bare = timed(extract(snap=False))
    grid = Grid.over(BOUNDS, resolution, 3)
    return {
        "vertices": len(dense.vertices),
        "faces": len(dense.faces),
        "identical": same(before, dense) and same(after, dense),
        "narrow_seconds": round(max(first, last), 2),
        "narrow_seconds_without_newton": round(bare, 2),
        "dense_seconds": round(dense_seconds, 2),
        "speedup": round(dense_seconds / max(first, last), 1),
        "evaluations_ratio": round(grid.size / narrow_band(f, grid).evaluations, 1),
    }


def measure(*, quick: bool = False, seed: int = 0) -> dict[str, Any]:
    """All figures."""
    steps, resolution = (20, 48) if quick else (400, 256)
    f = fitted(SHAPE, steps, seed)
    return {"resolution": resolution, SHAPE: narrow_and_dense(f, resolution)}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    options = _measure.parse(_measure.parser("Narrow-band extraction against dense."), arguments)
    figures = measure(quick=options.quick, seed=options.seed)
    return _measure.report("extraction", options, figures, REQUIRED)


if __name__ == "__main__":
    main()

"""Surfaces from raw points by Eq. 13."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from levelset_core.data import PointCloud
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, evaluate_volume
from levelset_core.networks.export import implicit_snippet, save_implicit
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer
from levelset_core.reconstruction.assess import assess, write_surface
from levelset_core.reconstruction.budget import (
    MANY,
    ReconstructionSnapshot,
    few_steps,
    make_plan,
    read_plan,
)
from levelset_core.reconstruction.colours import carried
from levelset_core.reconstruction.extraction import MARGIN
from levelset_core.reconstruction.preparation.prior import first_look
from levelset_core.reconstruction.shapes import (
    FIELD,
    PREVIEW,
    SHAPE,
    FieldGrid,
    Shape,
    read_cloud,
    write_field,
    write_shape,
)
from levelset_core.runs.files import replacing
from levelset_core.runs.folder import Run
from levelset_core.runs.kinds import Goal, Kind, Metric

#: Nodes along the longest side of the first preview, of the others, and of F's grid.
FIRST, LATER, GRID = 40, (32, 96), 96
#: Before so many steps F is still the sphere it starts from: nothing to see.
WARMED_UP = 20
#: Seconds that a preview may take: with the pause between two, less than two seconds in all.
PREVIEW_SECONDS = 0.25
#: What settings that a stored run lacks were when it was made: runs are stored with all of them.
EARLIER = {"side_weight": 0.0, "refine": False}


class Reconstruct(Kind):
    """Settings: ``config``, those of a :class:`ReconstructionConfig`, and ``about``: what a page
    wants to keep with the run, such as the name of its input. The input is ``cloud.npz``.

    The seed is the run's own; so are steps and seconds, if it has them. Seconds are the training's
    alone, and become steps before the first one (:mod:`levelset_core.reconstruction.budget`).
    """

    name = "reconstruct"
    title = "Surface reconstruction"
    metrics: ClassVar[Mapping[str, Metric]] = {
        "loss": Metric("Loss (Eq. 13)", log=True),
        "data": Metric("mean |F| on the cloud", log=True),
        "projected": Metric("mean |d(p, X) − |F||, samples of S₀", log=True),
        "near": Metric("mean |d(p, X) − |F||, near the cloud", log=True),
        "residual": Metric("Newton residual, median", log=True),
        "converged": Metric("converged part"),
    }
    preview_every = 1.1
    preview_from = WARMED_UP
    preparing = "Preparing the points and measuring how many steps fit."
    finishing = "Extracting the surface and measuring it."
    outputs: ClassVar[tuple[int, ...]] = (1,)

    def __init__(self) -> None:
        self._resolution = FIRST

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        config = ReconstructionConfig.from_dict(settings.get("config", {}))
        if config.outputs not in self.outputs:
            raise LevelsetError(f"A {self.title.lower()} has no {config.outputs} outputs.")
        values = config.to_dict()
        del values["seed"]  # every run has one of its own
        return {"config": values, "about": dict(settings.get("about", {}))}

    def build(self, run: Run) -> ReconstructionTrainer:
        wanted = _wanted(run)
        steps = wanted.steps if wanted.seconds is None else read_plan(run)
        cloud = read_cloud(run)
        fresh = not (run.artifacts / PREVIEW).exists()
        if fresh:
            self._look(cloud, run)  # a person waits for the first surface
        trainer = ReconstructionTrainer(
            replace(wanted, steps=steps or MANY, seconds=None), cloud,
            device=torch.device(run.config.device), threads=run.config.threads,
            look=(lambda mesh: self._show(mesh, run)) if fresh else None,
        )  # fmt: skip
        if steps is None and wanted.seconds is not None:
            trainer.budget.steps = make_plan(
                run, trainer, wanted.seconds, warm=wanted.warm_share, most=wanted.steps,
                watching=PREVIEW_SECONDS / (PREVIEW_SECONDS + self.preview_every),
            )  # fmt: skip
        return trainer

    def goal(self, run: Run, trainer: Any) -> Goal:
        return Goal(trainer.budget.steps)

    def row(self, snapshot: ReconstructionSnapshot) -> dict[str, Any] | None:
        # Every step at first, then fewer: what a chart on a logarithmic axis can show.
        if snapshot.step >= 200 and snapshot.step % 5:
            return None
        return {name: getattr(snapshot, name) for name in self.metrics}

    def _look(self, cloud: PointCloud, run: Run) -> None:
        self._show(first_look(cloud, run.config.threads), run)

    def _show(self, mesh: Mesh, run: Run) -> None:
        write_shape(run.artifacts / PREVIEW, Shape((mesh,)))

    def preview(self, run: Run, trainer: ReconstructionTrainer) -> None:
        """Write the surface so far, as fine as ``PREVIEW_SECONDS`` allow."""
        begun = time.perf_counter()
        shape = self.extract(trainer, min(self._resolution, trainer.config.resolution))
        if not shape.empty:
            write_shape(run.artifacts / PREVIEW, shape)
        taken = time.perf_counter() - begun
        finer = min(1.25, (PREVIEW_SECONDS / taken) ** 0.5)  # a surface has resolution^2 cells
        self._resolution = int(np.clip(self._resolution * finer, *LATER))

    def extract(self, trainer: ReconstructionTrainer, resolution: int) -> Shape:
        """The shape on a grid of so many nodes along the longest side."""
        mesh = trainer.extract_mesh(resolution)
        return Shape((mesh,), (), trainer.step, trainer.seconds)

    def final(self, trainer: ReconstructionTrainer) -> tuple[Shape, dict[str, Any]]:
        """The result, and what there is to say of how it was made."""
        solid = trainer.extract_solid()
        whole = solid.whole if solid.trimmed else None
        shape = Shape((solid.mesh,), (), trainer.step, trainer.seconds, whole, solid.away)
        return shape, {
            "solid": solid.as_dict(),
            "survey": trainer.prepared.survey and trainer.prepared.survey.as_dict(),
        }

    def finish(self, run: Run, trainer: ReconstructionTrainer) -> dict[str, Any]:
        shape, told = self.final(trainer)
        if shape.empty:
            raise LevelsetError(
                f"F has no zero within the cloud's box after {trainer.step} steps: give it more "
                "seconds or steps, or another seed."
            )
        shape = self.coloured(shape, trainer.cloud)
        write_shape(run.artifacts / SHAPE, shape)
        if trainer.points.shape[1] == 3:
            write_field(run.artifacts / FIELD, self._field(trainer))
        scale, center, axes = trainer.normalization.back
        assert axes is not None
        with replacing(run.artifacts / "network.safetensors") as partial:
            network = trainer.network
            partial.write_bytes(save_implicit(network, center=center, scale=scale, axes=axes))
        with replacing(run.artifacts / "network.py") as partial:
            partial.write_text(implicit_snippet("network.safetensors"), encoding="utf-8")
        result: dict[str, Any] = {"steps": trainer.step, "seconds": run.status().seconds}
        result |= told | self._write(run, shape, trainer.cloud)
        wanted = _wanted(run)
        if wanted.seconds is not None:
            size, most = trainer.points.shape[1] - wanted.outputs, wanted.steps
            if note := few_steps(trainer.step, wanted.seconds, dimensions=size, most=most):
                result["note"] = " ".join(filter(None, [note, result.get("note")]))
        return result | {"comparison": assess(run, shape)}

    def coloured(self, shape: Shape, cloud: PointCloud) -> Shape:
        """The shape with the cloud's colours."""
        meshes = tuple(carried(mesh, cloud)[0] for mesh in shape.meshes)
        whole = None if shape.whole is None else carried(shape.whole, cloud)[0]
        return replace(shape, meshes=meshes, whole=whole)

    def _field(self, trainer: ReconstructionTrainer) -> FieldGrid:
        """F on a grid along the cloud's own axes, which need not be those of the box."""
        scale, center, axes = trainer.normalization.back
        assert axes is not None
        points = trainer.points.cpu().double().numpy() @ axes
        bounds = np.stack([points.min(0) - MARGIN, points.max(0) + MARGIN])
        nodes = min(GRID, trainer.config.resolution)
        values, grid = evaluate_volume(_AlongCloud(trainer.network, axes), bounds, nodes)
        outputs = values[None] if values.ndim == 3 else np.moveaxis(values, -1, 0)
        ends = (scale * np.array(end) + center for end in (grid.lower, grid.upper))
        return FieldGrid(outputs * scale, *ends)

    def _write(self, run: Run, shape: Shape, cloud: PointCloud) -> dict[str, Any]:
        """The shape as a file for other programs; what there is to say of it."""
        return write_surface(run, shape.meshes[0])


class _AlongCloud(nn.Module):
    """F of places whose axes are the cloud's; beyond the box it grows by the distance to it.

    Nothing was trained there, and the encoding repeats itself.
    """

    def __init__(self, network: nn.Module, axes: np.ndarray) -> None:
        super().__init__()
        self.network, self.axes = network, axes

    def forward(self, x: Tensor) -> Tensor:
        places = x @ torch.from_numpy(self.axes).to(x).T
        within = places.clamp(-1.0, 1.0)
        values: Tensor = self.network(within)
        rows = values.reshape(len(x), -1)
        size = torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min(1e-12)
        beyond = torch.linalg.vector_norm(places - within, dim=1, keepdim=True)
        grown: Tensor = rows * (1 + beyond / size)
        return grown.view_as(values)


def _wanted(run: Run) -> ReconstructionConfig:
    """The settings, with the run's own seed and limits."""
    values = {**EARLIER, **run.config.settings["config"], "seed": run.config.seed}
    if run.config.steps or run.config.seconds:
        values |= {"steps": run.config.steps, "seconds": run.config.seconds}
    return ReconstructionConfig.from_dict(values)


KIND = Reconstruct

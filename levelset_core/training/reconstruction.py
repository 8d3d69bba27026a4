"""Trains F on a raw cloud by Eq. 13: an iterator of snapshots, one optimizer step each."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from levelset_core.data.normalization import Normalization
from levelset_core.data.pointclouds import PointCloud, check_spread, remove_outliers
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Curve, Mesh, extract_curve, extract_mesh
from levelset_core.geometry.nearest import NearestPoints
from levelset_core.levelsets import LevelSetSamples, project, residual_norm, value_with_jacobian
from levelset_core.levelsets.jacobian import pinv_times
from levelset_core.losses.reconstruction import ReconstructionTerms, reconstruction_terms
from levelset_core.networks import ImplicitMLP
from levelset_core.parallel import Workers
from levelset_core.random import torch_generator
from levelset_core.training.cloud_samples import (
    NearPoints,
    SignedPoints,
    near_points,
    projection_starts,
    signed_points,
)
from levelset_core.training.muon import Muon
from levelset_core.training.reconstruction_config import ReconstructionConfig

#: Steps in which the learning rate rises.
RISE = 50
#: A persistent sample lives this many steps, then it starts anew.
LIFE = 50
#: The furthest a persistent sample goes in a step, and from the origin.
STRIDE, REACH = 0.2, 1.2
#: A flatter F than this has no distance to tell: its samples give no loss.
MIN_GRADIENT = 0.1
#: Margin of the extraction around the cloud.
MARGIN = 0.1
#: How far outside the normals' points are, for the optional term on normals.
NORMAL_STEP = 0.01
#: The extraction is tried at this resolution and this share of the time, to know what it takes.
PROBE, PROBE_AT = 64, 0.3


@dataclass(frozen=True)
class ReconstructionSnapshot:
    """One optimizer step. Lengths are in units of the box, see ``ReconstructionTrainer.scale``.

    Attributes:
        step: its number, counted from 1.
        loss: what it descended.
        data: mean |F(x_j)| over points of the cloud.
        projected, near: mean |d(p, X) - |t|| of the two kinds of samples; None if there are none.
        residual: median |F(p) - t| of the projected samples, None if there are none.
        converged: share of them within ``newton_tol``.
        fraction: of the budget that is used, 0 to 1.
        seconds: of work so far.
        warm: whether it belongs to the warm start.
    """

    step: int
    loss: float
    data: float
    projected: float | None
    near: float | None
    residual: float | None
    converged: float | None
    fraction: float
    seconds: float
    warm: bool


class ReconstructionTrainer:
    """Reconstructs a surface or a curve; ``for snapshot in trainer`` trains until the budget ends.

    A budget of steps gives the same weights bit for bit for the same settings, cloud and seed,
    whatever happens in between. A budget of seconds leaves room for the extraction; how many
    steps fit, and so the weights, depend on the machine.

    Args:
        config: all settings.
        cloud: the raw points, (n, 2) or (n, 3).
        device: default: :func:`levelset_core.pick_device`.
        threads: on the CPU; default: all cores.

    Attributes:
        network: F, in units of the box [-1, 1]^d.
        normalization: from the cloud's units to the box and back.
        points: the cloud as it is trained on: cleaned, in the box, (n, d).
        step, seconds: done so far.

    Raises:
        LevelsetError: the cloud does not spread, or does not suit the number of outputs.
    """

    def __init__(
        self,
        config: ReconstructionConfig,
        cloud: PointCloud,
        *,
        device: torch.device | None = None,
        threads: int | None = None,
    ) -> None:
        begun = time.perf_counter()
        self.config, self.device = config, device or pick_device()
        dimension = cloud.points.shape[1]
        if dimension - config.outputs not in (1, 2) or (dimension, config.outputs) == (2, 2):
            raise LevelsetError(
                f"{config.outputs} outputs in {dimension} dimensions are neither a surface nor a "
                "curve: curves in space take 2, everything else 1."
            )
        check_spread(cloud, "surface" if dimension - config.outputs == 2 else "curve")
        self.cloud = remove_outliers(cloud) if config.outliers else cloud
        self.normalization = Normalization.of(self.cloud.points)
        self.points = torch.from_numpy(self.normalization.apply(self.cloud.points)).float()
        self.points = self.points.to(self.device)
        self.workers = Workers(threads if self.device.type == "cpu" else 1)
        self.nearest = NearestPoints(self.points, self.workers, approximate=True)
        self.normals = None
        if config.normals_weight and self.cloud.normals is not None:
            self.normals = torch.from_numpy(self.cloud.normals).float().to(self.device)
        self.network = ImplicitMLP(
            dimension, (config.width,) * config.depth, config.outputs,
            octaves=config.octaves, skip=config.skip, activation=config.activation,
            slope=config.slope, generator=torch_generator(config.seed),
        ).to(self.device)  # fmt: skip
        self.network.workers = self.workers
        self.optimizers = _optimizers(self.network, config)
        self.generator = torch_generator(config.seed + 1)
        self.samples = self._starts(config.projected)
        self._near: NearPoints | None = None
        self._signed: SignedPoints | None = None
        self.step = 0
        self.reserve = 0.0
        self.seconds = time.perf_counter() - begun

    # -- the budget ----------------------------------------------------------------------------

    @property
    def scale(self) -> float:
        """Length of a unit of the box, in the cloud's units."""
        return self.normalization.scale

    @property
    def fraction(self) -> float:
        """How much of the budget is used, 0 to 1."""
        used = [0.0]
        if self.config.steps is not None:
            used.append(self.step / self.config.steps)
        if self.config.seconds is not None:
            used.append(self.seconds / max(self.config.seconds - self.reserve, 1e-9))
        return min(1.0, max(used))

    @property
    def warm(self) -> bool:
        """Whether the next step belongs to the warm start."""
        return self.fraction < self.config.warm_share

    # -- training ------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[ReconstructionSnapshot]:
        return self

    def __next__(self) -> ReconstructionSnapshot:
        """One optimizer step.

        Raises:
            LevelsetError: the loss is no longer finite.
        """
        if self.fraction >= 1.0:
            raise StopIteration
        begun = time.perf_counter()
        self._set_rates()
        warm = self.warm
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        x, normals = self._draw()
        if warm:
            loss, terms = self._signed_loss(x), None
        else:
            terms = self._terms(x)
            loss = terms.loss
        if normals is not None:
            loss = loss + self._normals_loss(x, normals)
        value = loss.item()
        if not math.isfinite(value):
            raise LevelsetError(
                f"The loss is {value} after {self.step} steps: take a lower learning rate."
            )
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        if terms is not None and self.config.persistent and len(self.samples):
            self._advance(terms.samples[0])
        self.step += 1
        self.seconds += time.perf_counter() - begun
        self._probe_extraction()
        return self._snapshot(value, x, terms, warm)

    def _draw(self) -> tuple[Tensor, Tensor | None]:
        """A batch of the cloud, and its normals if they are asked for."""
        rows = torch.randint(
            len(self.points), (self.config.data_batch,), generator=self.generator
        ).to(self.device)
        return self.points[rows], None if self.normals is None else self.normals[rows]

    def _terms(self, x: Tensor) -> ReconstructionTerms:
        """Eq. 13 on a batch: samples of S_0, and points near the cloud on their own levels."""
        c = self.config
        groups: list[tuple[Tensor, Tensor | float | None]] = []
        nearest: list[Tensor | None] = []
        if c.projected:
            places = self.samples
            if not c.persistent:
                starts = self._starts(c.projected)
                places = project(
                    self.network, starts, max_steps=c.newton_steps, tol=c.newton_tol
                ).points
            groups.append((places, 0.0))
            nearest.append(self.nearest(places))
        if c.near:
            pool = self.near
            rows = torch.randint(len(pool.places), (c.near,), generator=self.generator)
            rows = rows.to(self.device)
            groups.append((pool.places[rows], None))
            nearest.append(pool.nearest[rows])
        surface = c.outputs == 1
        return reconstruction_terms(
            self.network, x, groups, self.nearest, nearest=nearest, lam=c.lam, p=c.p,
            max_residual=0.3 if surface else torch.inf,
            min_gradient=MIN_GRADIENT if surface else 1e-6,
        )  # fmt: skip

    def _signed_loss(self, x: Tensor) -> Tensor:
        """lam mean |F(x_j)| + mean |F(q) - s d(q, X)|, s the side of the winding number."""
        rows = torch.randint(
            len(self.signed.places), (max(self.config.near, 1),), generator=self.generator
        ).to(self.device)
        value, _ = value_with_jacobian(self.network, torch.cat([x, self.signed.places[rows]]))
        on, off = value[: len(x)], value[len(x) :]
        loss: Tensor = self.config.lam * on.abs().mean()
        return loss + (off - self.signed.distance[rows]).abs().mean()

    def _normals_loss(self, x: Tensor, normals: Tensor) -> Tensor:
        """mean over both sides of |F(x_j +- h n_j) -+ h|, a difference quotient along normals."""
        known = normals.square().sum(1) > 0.5
        x, offset = x[known], NORMAL_STEP * normals[known]
        if not len(x):
            return x.new_zeros(())
        value, _ = value_with_jacobian(self.network, torch.cat([x + offset, x - offset]))
        outside, inside = value.chunk(2)
        total = (outside - NORMAL_STEP).abs().mean() + (inside + NORMAL_STEP).abs().mean()
        return 0.5 * self.config.normals_weight * total

    def _advance(self, s: LevelSetSamples) -> None:
        """One Newton step of every persistent sample (Eq. 4); the oldest and the lost start anew."""
        move = -pinv_times(s.pinv, s.values)
        length = torch.linalg.vector_norm(move, dim=1, keepdim=True)
        places = s.points + move * (STRIDE / length.clamp_min(1e-12)).clamp_max(1.0)
        oldest = max(1, len(places) // LIFE)
        places = torch.cat([places[oldest:], places[:oldest]])
        lost = torch.cat([s.failed[oldest:], s.failed.new_ones(oldest)])
        lost |= (places.abs() > REACH).any(1)
        rows = lost.nonzero().squeeze(1)
        self.samples = places.index_copy(0, rows, self._starts(len(rows)))

    def _starts(self, count: int) -> Tensor:
        return projection_starts(self.points, self.config.start_sigma, count, self.generator)

    def _set_rates(self) -> None:
        c = self.config
        falling = 0.5 * (1 + math.cos(math.pi * self.fraction))
        factor = c.final_rate + (1 - c.final_rate) * falling
        factor *= min(1.0, (self.step + 1) / RISE)
        for optimizer in self.optimizers:
            highest = c.matrix_rate if isinstance(optimizer, Muon) else c.learning_rate
            for group in optimizer.param_groups:
                group["lr"] = highest * factor

    def _snapshot(
        self, loss: float, x: Tensor, terms: ReconstructionTerms | None, warm: bool
    ) -> ReconstructionSnapshot:
        data, parts = loss, [None, None]
        residual = converged = None
        if terms is not None:
            data = float(terms.data)
            found = [float(distance) for distance in terms.distance]
            projected = found.pop(0) if self.config.projected else None
            parts = [projected, found.pop(0) if found else None]
            if self.config.projected:
                off = residual_norm(terms.samples[0].values)
                residual = float(off.median())
                converged = float((off <= self.config.newton_tol).float().mean())
        return ReconstructionSnapshot(
            self.step, loss, data, parts[0], parts[1], residual, converged,
            self.fraction, self.seconds, warm,
        )  # fmt: skip

    # -- what is drawn once --------------------------------------------------------------------

    @property
    def near(self) -> NearPoints:
        """The pool of points near the cloud."""
        if self._near is None:
            generator = torch_generator(self.config.seed + 2)
            self._near = near_points(self.nearest, self.config.near_sigmas, generator)
        return self._near

    @property
    def signed(self) -> SignedPoints:
        """Places whose side is known from the winding number."""
        if self._signed is None:
            generator = torch_generator(self.config.seed + 3)
            self._signed = signed_points(self.nearest, generator, self.workers)
        return self._signed

    # -- results -------------------------------------------------------------------------------

    @property
    def bounds(self) -> tuple[Tensor, Tensor]:
        """The box of the extraction: the cloud's and a margin, within [-1, 1]^d."""
        low, high = self.points.amin(0).cpu(), self.points.amax(0).cpu()
        return (low - MARGIN).clamp_min(-1.0), (high + MARGIN).clamp_max(1.0)

    def extract_mesh(self, resolution: int | None = None, *, level: float = 0.0) -> Mesh:
        """The surface {F = level}, vertices and level in the cloud's units, all pieces of it."""
        low, high = self.bounds
        mesh = extract_mesh(
            self.network, (low.tolist(), high.tolist()), resolution or self.config.resolution,
            level / self.scale,
        )  # fmt: skip
        return mesh.moved(self.scale, self.normalization.center)

    def extract_curve(self, resolution: int | None = None) -> Curve:
        """The curve {F = 0}, in the cloud's units."""
        low, high = self.bounds
        curve = extract_curve(
            self.network, (low.tolist(), high.tolist()), resolution or self.config.resolution
        )
        return Curve(
            tuple(line.moved(self.scale, self.normalization.center) for line in curve.polylines),
            tuple(mesh.moved(self.scale, self.normalization.center) for mesh in curve.surfaces),
        )

    def _probe_extraction(self) -> None:
        """With a budget of seconds, find out what the extraction will take of it."""
        c = self.config
        if c.seconds is None or self.reserve or self.seconds < PROBE_AT * c.seconds:
            return
        begun = time.perf_counter()
        if c.outputs == 1 and self.points.shape[1] == 3:
            self.extract_mesh(PROBE)
        else:
            self.extract_curve(PROBE)
        taken = time.perf_counter() - begun
        growth = 1.3 * max(1.0, c.resolution / PROBE) ** 2
        self.reserve = min(1.5 + growth * taken, 0.5 * c.seconds)
        self.seconds += taken

    # -- checkpoints ---------------------------------------------------------------------------

    def checkpoint(self) -> dict[str, Any]:
        """Everything needed to go on bit for bit: weights, optimizers, generator, samples, step."""
        return copy.deepcopy(
            {
                "network": self.network.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "generator": self.generator.get_state(),
                "samples": self.samples,
                "step": self.step,
                "seconds": self.seconds,
                "reserve": self.reserve,
            }
        )

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go on from a :meth:`checkpoint` of a trainer with the same settings and cloud."""
        state = copy.deepcopy(checkpoint)  # the optimizers would go on in its tensors
        self.network.load_state_dict(state["network"])
        for optimizer, own in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(own)
        self.generator.set_state(state["generator"].cpu())
        self.samples = state["samples"].to(self.device)
        self.step, self.seconds = state["step"], state["seconds"]
        self.reserve = state["reserve"]


def _optimizers(network: ImplicitMLP, config: ReconstructionConfig) -> list[torch.optim.Optimizer]:
    """Adam for all; or Muon for the matrices between hidden layers, and Adam for the others."""
    matrices: list[torch.nn.Parameter] = []
    if config.optimizer == "muon":
        matrices = [layer.weight for layer in list(network.layers)[1:-1]]  # type: ignore[misc]
    chosen = {id(weight) for weight in matrices}
    others = [weight for weight in network.parameters() if id(weight) not in chosen]
    fused = others[0].device.type != "mps"
    adam = torch.optim.Adam(others, lr=config.learning_rate, betas=(0.9, 0.99), fused=fused)
    return [adam, Muon(matrices, lr=config.matrix_rate)] if matrices else [adam]

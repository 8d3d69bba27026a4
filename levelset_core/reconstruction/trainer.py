"""Trains F on a raw cloud by Eq. 13: an iterator of snapshots, one optimizer step each."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from levelset_core.data.pointclouds import PointCloud
from levelset_core.device import pick_device
from levelset_core.geometry import Mesh
from levelset_core.geometry.clouds import NearestPoints
from levelset_core.levelsets import project, residual_norm
from levelset_core.losses.reconstruction import ReconstructionTerms, reconstruction_terms
from levelset_core.losses.signed_distance import along_normals, off_by, signed_distance
from levelset_core.networks import ImplicitMLP
from levelset_core.parallel import Workers
from levelset_core.random import torch_generator
from levelset_core.reconstruction.budget import Budget, ReconstructionSnapshot, check_loss
from levelset_core.reconstruction.config import ReconstructionConfig
from levelset_core.reconstruction.extraction import Extracting
from levelset_core.reconstruction.optimizers import adam_and_muon, set_rates
from levelset_core.reconstruction.preparation.cloud import (
    advance,
    near_points,
    prepare_cloud,
    projection_starts,
)
from levelset_core.reconstruction.preparation.curve_prior import CurvePrior
from levelset_core.reconstruction.preparation.prior import SignedPoints

#: A flatter F than this has no distance to tell: its samples give no loss.
MIN_GRADIENT = 0.1
#: Places of a step of the warm start, at least.
WARM_BATCH = 1024


class ReconstructionTrainer(Extracting):
    """Reconstructs a surface or a curve; ``for snapshot in trainer`` trains until the budget ends.

    A budget of steps gives the same weights bit for bit for the same settings, cloud and seed,
    whatever happens in between. A budget of seconds leaves room for the extraction; how many
    steps fit, and so the weights, depend on the machine.

    Args:
        config: all settings.
        cloud: the raw points, (n, 2) or (n, 3).
        device: default: :func:`levelset_core.pick_device`.
        threads: on the CPU; default: all cores.
        look: called with what the prior knows of a surface, in the cloud's units, twice before
            the first step: there is something to see while the rest is prepared.

    Attributes:
        network: F, in units of the box [-1, 1]^d.
        normalization: from the cloud's units to the box and back.
        prepared: all that was made of the cloud, the survey of it included.
        points: the cloud as it is trained on: cleaned, in the box, its holes closed, (n, d).
        prior: what F is warm-started from, or None.

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
        look: Callable[[Mesh], None] | None = None,
    ) -> None:
        begun = time.perf_counter()
        self.config, self.device = config, device or pick_device()
        self.budget = Budget(config.steps, config.seconds)
        self.workers = Workers(threads if self.device.type == "cpu" else 1)
        self.prepared = prepare_cloud(cloud, config, self.device, self.workers, look)
        self.cloud, self.normalization, self.points = self.prepared[:3]
        self.normals, self.prior = self.prepared.normals, self.prepared.prior
        self.nearest = NearestPoints(self.points, self.workers, approximate=True)
        self.network = ImplicitMLP(
            cloud.points.shape[1], (config.width,) * config.depth, config.outputs,
            octaves=self.prepared.octaves, skip=config.skip, activation=config.activation,
            slope=config.slope, generator=torch_generator(config.seed),
        ).to(self.device)  # fmt: skip
        self.network.workers = self.workers
        self.optimizers = adam_and_muon(self.network, config)
        self.generator = torch_generator(config.seed + 1)
        self.samples = self._starts(config.projected)
        self.budget.spent = self.budget.prepared = time.perf_counter() - begun

    def __next__(self) -> ReconstructionSnapshot:
        """One optimizer step.

        Raises:
            LevelsetError: the loss is no longer finite.
        """
        if self.fraction >= 1.0:
            raise StopIteration
        with self.budget.timed():
            warm = self.prior is not None and self.fraction < self.config.warm_share
            self.network.local = None  # of a look in between
            loss, terms = self._descend(warm=warm)
            self.budget.step += 1
            self._probe_extraction()
        data = projected = near = residual = converged = None
        if terms is not None:
            data, distances = float(terms.data), [float(distance) for distance in terms.distance]
            near = distances[-1] if self.config.near else None
            if self.config.projected:
                off = residual_norm(terms.samples[0].values)
                projected, residual = distances[0], float(off.median())
                converged = float((off <= self.config.newton_tol).float().mean())
        return ReconstructionSnapshot(
            self.step, loss, data, projected, near, residual, converged, self.fraction,
            self.seconds, warm=terms is None,
        )  # fmt: skip

    def _descend(self, *, warm: bool) -> tuple[float, ReconstructionTerms | None]:
        set_rates(self.optimizers, self.config, self.budget.rate(self.config.final_rate))
        rows = self._rows(self.points, self.config.data_batch)
        x, normals = self.points[rows], None if self.normals is None else self.normals[rows]
        terms = None if warm else self._terms(x)
        loss = self._signed_loss(x) if terms is None else terms.loss
        if terms is not None and self.prior is not None and self.config.anchors:
            loss = loss + self._anchor_loss()
        if normals is not None:
            loss = loss + self.config.normals_weight * along_normals(self.network, x, normals)
        value = loss.item()
        check_loss(value, self.step)
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in self.optimizers:
            optimizer.step()
        if terms is not None and self.config.persistent and len(self.samples):
            self.samples = advance(terms.samples[0], self._starts)
        return value, terms

    def _terms(self, x: Tensor) -> ReconstructionTerms:
        """Eq. 13 on a batch: samples of S_0, and points near the cloud on their own levels."""
        c = self.config
        groups: list[tuple[Tensor, Tensor | float | None]] = []
        nearest: list[Tensor | None] = []
        if c.projected:
            places = self.samples
            if not c.persistent:
                starts = self._starts(c.projected)
                s = project(self.network, starts, max_steps=c.newton_steps, tol=c.newton_tol)
                places = s.points
            groups.append((places, 0.0))
            nearest.append(self.nearest(places))
        if c.near:
            pool, feet = self.near
            rows = self._rows(pool, c.near)
            groups.append((pool[rows], None))
            nearest.append(feet[rows])
        surface = c.outputs == 1
        return reconstruction_terms(
            self.network, x, groups, self.nearest, nearest=nearest, lam=c.lam, p=c.p,
            max_residual=0.3 if surface else torch.inf,
            min_gradient=MIN_GRADIENT if surface else 1e-6,
        )  # fmt: skip

    def _signed_loss(self, x: Tensor) -> Tensor:
        places, value = self._signed_batch(max(self.config.near, WARM_BATCH))
        if isinstance(self.prior, CurvePrior):  # knows better than noisy points where the curve is
            return off_by(self.network, places, value)
        return signed_distance(self.network, x, places, value, lam=self.config.lam)

    def _anchor_loss(self) -> Tensor:
        """Eq. 13 does not see the sign of F: without this, sides flip where a limb is thin."""
        places, value = self._signed_batch(self.config.anchors)
        side = 0.0 if isinstance(self.prior, CurvePrior) else self.config.side_weight
        return off_by(self.network, places, value, weight=self.config.anchor_weight, side=side)

    def _signed_batch(self, count: int) -> tuple[Tensor, Tensor]:
        rows = self._rows(self.signed.places, count)
        return self.signed.places[rows], self.signed.distance[rows]

    def _rows(self, points: Tensor, count: int) -> Tensor:
        return torch.randint(len(points), (count,), generator=self.generator).to(self.device)

    def _starts(self, count: int) -> Tensor:
        return projection_starts(self.points, self.config.start_sigma, count, self.generator)

    @cached_property
    def near(self) -> tuple[Tensor, Tensor]:
        """The pool of points near the cloud, and their nearest points."""
        generator = torch_generator(self.config.seed + 2)
        return near_points(self.nearest, self.config.near_sigmas, generator)

    @cached_property
    def signed(self) -> SignedPoints:
        """Places whose side is known, for the warm start."""
        generator = torch_generator(self.config.seed + 3)
        if isinstance(self.prior, CurvePrior):
            return self.prior.signed_points(generator)
        assert self.prior is not None
        return self.prior.signed_points(self.nearest, generator)

    def checkpoint(self) -> dict[str, Any]:
        """Everything needed to go on bit for bit: weights, optimizers, generator, samples, step."""
        return copy.deepcopy(
            {
                "network": {
                    name: weights
                    for name, weights in self.network.state_dict().items()
                    if not name.startswith("local.")
                },
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "generator": self.generator.get_state(),
                "samples": self.samples,
                "budget": self.budget.state(),
            }
        )

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go on from a :meth:`checkpoint` of a trainer with the same settings and cloud."""
        state = copy.deepcopy(checkpoint)  # the optimizers would go on in its tensors
        self.network.local = None
        self.network.load_state_dict(state["network"])
        for optimizer, own in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(own)
        self.generator.set_state(state["generator"].cpu())
        self.samples = state["samples"].to(self.device)
        self.budget.restore(state["budget"])

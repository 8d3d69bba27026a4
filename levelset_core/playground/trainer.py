"""The playground's trainer: an iterator of immutable snapshots, one optimizer step each."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from levelset_core.data import BOUNDS, PointSet
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError
from levelset_core.geometry import contours, evaluate_grid
from levelset_core.levelsets import LevelSetSamples, project, sample_network
from levelset_core.losses import GeometricSVMTerms, MarginTerms
from levelset_core.networks import MLP
from levelset_core.playground.config import (
    MAX_GRADIENT,
    NEWTON_MAX_JUMP,
    NEWTON_TOL,
    OBJECTIVES,
    REBUILDS,
    SEARCH_GRID,
    SEARCH_SOON,
    Last,
    LossTerms,
    PlaygroundConfig,
)
from levelset_core.playground.contour_starts import ContourStarts
from levelset_core.playground.measurement import Measurement, Motion, distance_to_boundary
from levelset_core.random import torch_generator

#: Settings that level set points depend on.
_FINDS = ("objective", "distance", "points", "newton_steps")


@dataclass(frozen=True)
class Snapshot:
    """One optimizer step: its number, counted from 1, and the loss it descended."""

    step: int
    loss: float
    measurement: Measurement | None = None


class PlaygroundTrainer:
    """Trains F on points in the plane.

    ``for snapshot in trainer`` trains; to pause, stop asking; to step, ask once. Settings and
    points may change in between. The same settings, points and seed give the same snapshots.

    Args:
        config: all settings.
        points: the training points.
        held_out: fresh points to test on, or ``None``.
        device: default: :func:`levelset_core.pick_device`.
        measure_every: put a :class:`Measurement` in every k-th snapshot; 0 never does.
        measure_in: norm of the measured margins, "l2" or "linf"; default: the configuration's.
    """

    def __init__(
        self,
        config: PlaygroundConfig,
        points: PointSet,
        *,
        held_out: PointSet | None = None,
        device: torch.device | None = None,
        measure_every: int = 0,
        measure_in: str | None = None,
    ) -> None:
        self.device = device or pick_device()
        self.measure_every = measure_every
        self.measure_in = measure_in
        self.config = config
        self._last: tuple[LevelSetSamples, ...] = ()
        self.set_points(points, held_out)
        self.reset()

    def reset(self) -> None:
        """Back to step 0 with the same initial weights."""
        c = self.config
        f = MLP(2, (c.width,) * c.depth, activation=c.activation, generator=torch_generator(c.seed))
        self.network = f.to(self.device).eval()  # so that no call has to see to it
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=c.learning_rate, fused=self.device.type != "mps"
        )
        self.step = 0
        self.loss: float | None = None
        self._forget()

    def _forget(self) -> None:
        """The level set points of the last step are no longer of use."""
        self._last = ()
        self._search_at = self.step

    def configure(self, config: PlaygroundConfig) -> bool:
        """Take new settings; whether one of ``REBUILDS`` changed, which starts from step 0."""
        rebuild = any(getattr(config, name) != getattr(self.config, name) for name in REBUILDS)
        other = any(getattr(config, name) != getattr(self.config, name) for name in _FINDS)
        self.config = config
        if other:
            self._forget()
        if rebuild:
            self.reset()
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate
        return rebuild

    def set_points(self, points: PointSet, held_out: PointSet | None = None) -> None:
        """Train on other points from the next step on; level set points of those that stay do."""
        earlier, self.points, self.held_out = getattr(self, "points", None), points, held_out
        if earlier == points:
            return
        self.x = torch.as_tensor(points.xy, device=self.device)
        self.y = torch.as_tensor(points.labels, device=self.device)
        if earlier is not None and self._last:
            self._carry(points.rows_in(earlier), len(earlier))

    def _carry(self, rows: np.ndarray, before: int) -> None:
        """Take the last step's level set points along: a search for all costs 25 steps."""
        if 2 * (rows < 0).sum() > len(rows):
            self._last = ()
            return
        self._last = tuple(
            s.carried(np.concatenate([
                np.where(rows < 0, -1, rows + first) for first in range(0, len(s), before)
            ]))
            for s in self._last  # those of S_-1 and S_+1 are one batch
        )  # fmt: skip
        self._search_at = min(self._search_at, self.step + SEARCH_SOON)

    def terms(self) -> LossTerms:
        """The loss of the objective at the present weights, with what it was computed from."""
        search = self._searches
        starts = ContourStarts(self.field(SEARCH_GRID), self.config.norm) if search else 0
        last = Last(self._last, search, starts)
        objective = OBJECTIVES[self.config.objective]
        return objective.terms(self.network, self.x, self.y, self.config, last)

    def __iter__(self) -> Iterator[Snapshot]:
        return self

    def __next__(self) -> Snapshot:
        """One optimizer step.

        Raises:
            LevelsetError: there are no points, or the loss is no longer finite.
        """
        if not len(self.points):
            raise LevelsetError("There are no points to train on: draw some first.")
        terms = self.terms()
        loss, value = terms.loss, terms.loss.item()
        if not math.isfinite(value):
            raise LevelsetError(
                f"The loss is {value} after {self.step} steps: reset, with a lower learning "
                "rate or gentler settings."
            )
        self.optimizer.zero_grad()
        if loss.requires_grad:  # a linear model without any S_+-1 may have nothing to follow
            loss.backward()
            clip_grad_norm_(self.network.parameters(), MAX_GRADIENT)
            self.optimizer.step()
        self._keep(terms)
        self.step += 1
        self.loss = value
        due = self.measure_every and self.step % self.measure_every == 0
        return Snapshot(self.step, self.loss, self.measure() if due else None)

    def _keep(self, terms: LossTerms) -> None:
        """The step's level set points, where the next one takes them along."""
        if not self.acts_at_nearest:
            return
        if self._searches:
            every = OBJECTIVES[self.config.objective].search_every
            self._search_at = self.step + min(every, 1 + self.step // 10)
        match terms.details:
            case GeometricSVMTerms(boundary=boundary, sides=sides):
                self._last = (boundary, sides)
            case MarginTerms(boundary=boundary):
                self._last = (boundary,)

    @property
    def acts_at_nearest(self) -> bool:
        """Whether the loss uses nearest points."""
        uses = OBJECTIVES[self.config.objective].uses
        return "points" in uses and self.config.points == "nearest"

    @property
    def _searches(self) -> bool:
        """Whether this step searches for nearest points anew."""
        return self.acts_at_nearest and (not self._last or self.step >= self._search_at)

    @property
    def norm(self) -> str:
        """The norm that margins are measured in."""
        return self.measure_in or self.config.norm

    def field(self, n: int = 128) -> np.ndarray:
        """F on an n x n grid over the plane, row 0 at ymin."""
        return evaluate_grid(self.network, BOUNDS, n, device=self.device)

    @torch.no_grad()
    def outputs(self) -> np.ndarray:
        """y F(x) of the points at the present weights, (n,)."""
        outputs: np.ndarray = (self.network(self.x) * self.y).cpu().numpy()
        return outputs

    def project(self, x: Tensor, *, record: bool = False) -> LevelSetSamples:
        """Newton projection on S_0 with the playground's settings."""
        return project(
            self.network, x, max_steps=self.config.newton_steps, tol=NEWTON_TOL,
            max_jump=NEWTON_MAX_JUMP, record=record,
        )  # fmt: skip

    def measure(self, grid: int = 128, *, record: bool = False) -> Measurement:
        """Accuracy, margins and Newton residuals at the present weights; training is unchanged.

        Raises:
            LevelsetError: there are no points.
        """
        if not len(self.points):
            raise LevelsetError("There are no points to measure: draw some first.")
        field = self.field(grid)
        samples = self.project(self.x, record=record)
        outputs = (samples.start_values * self.y).cpu().numpy()
        to = distance_to_boundary(self.network, self.x, samples, field, self.norm)
        held_out = None
        if self.held_out is not None and len(self.held_out):
            with torch.no_grad():
                value = self.network(torch.as_tensor(self.held_out.xy, device=self.device))
            held_out = float(((value.cpu().numpy() > 0) == (self.held_out.labels > 0)).mean())
        right = outputs > 0
        margins, newton = (np.where(right, d, -d) for d in (to.distance, to.newton))
        return Measurement(
            self.step, float(right.mean()), held_out, self.norm, margins, newton, outputs,
            to.feet, samples, field,
        )  # fmt: skip

    def probe(self, x: float, y: float) -> dict[str, Any]:
        """F, |D_xF| and the distance to S_0 at one place of the plane."""
        place = torch.tensor([[x, y]], dtype=torch.float32, device=self.device)
        samples = self.project(place)
        to = distance_to_boundary(self.network, place, samples, self.field(96), self.norm)
        (gradient,) = torch.func.vmap(torch.func.grad(lambda p: self.network(p[None])[0]))(place)
        found = bool(np.isfinite(to.distance[0]))
        return {
            "value": float(samples.start_values[0]),
            "gradient": gradient.norm().item(),
            "distance": float(to.distance[0]) if found else None,
            "foot": to.feet[0].tolist() if found else None,
        }

    def preview(self) -> PlaygroundTrainer:
        """A copy of this trainer one step on; this one stays where it is."""
        ahead = copy.deepcopy(self)
        next(ahead)
        return ahead

    def follow(self, samples: LevelSetSamples) -> tuple[PlaygroundTrainer, Tensor, LevelSetSamples]:
        """One step on: that trainer, where Eq. 9 puts the samples, and where S_0 then is."""
        ahead = self.preview()
        with torch.no_grad():
            predicted = sample_network(ahead.network, samples)
        return ahead, predicted, ahead.project(samples.points)

    def motion(self, count: int = 48) -> Motion:
        """What the sample network predicts of the next step, and what the contour then does."""
        lines = contours(self.field(64), BOUNDS)
        vertices = np.concatenate(lines) if lines else np.zeros((0, 2))
        picked = vertices[np.linspace(0, len(vertices) - 1, min(count, len(vertices))).astype(int)]
        samples = self.project(torch.as_tensor(picked, dtype=torch.float32, device=self.device))
        _, predicted, landed = self.follow(samples)
        good = samples.converged & landed.converged
        p, q, r = (t[good].cpu().numpy() for t in (samples.points, predicted, landed.points))
        moved = float(np.median(np.linalg.norm(r - p, axis=1))) if len(p) else 0.0
        error = float(np.median(np.linalg.norm(q - r, axis=1))) / moved if moved > 0 else None
        return Motion(p, q, r, error)

    def checkpoint(self) -> dict[str, Any]:
        """Everything needed to go on bit for bit: weights, optimizer state, step."""
        network, optimizer = self.network.state_dict(), self.optimizer.state_dict()
        state = {"network": network, "optimizer": optimizer, "step": self.step, "loss": self.loss}
        state |= {"last": self._last, "search_at": self._search_at}
        return copy.deepcopy(state)

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go on from a :meth:`checkpoint` of a trainer with the same settings."""
        self.network.load_state_dict(checkpoint["network"])
        # The optimizer would go on in the checkpoint's own tensors.
        self.optimizer.load_state_dict(copy.deepcopy(checkpoint["optimizer"]))
        self.step, self.loss = checkpoint["step"], checkpoint["loss"]
        self._forget()
        self._last = checkpoint.get("last", ())
        self._search_at = checkpoint.get("search_at", self.step)

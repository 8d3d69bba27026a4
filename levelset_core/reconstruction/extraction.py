"""What comes out of F: meshes and curves in the cloud's units, and the time that they take."""

from __future__ import annotations

import time

import numpy as np
import torch
from torch import Tensor

from levelset_core.data.pointclouds import PointCloud
from levelset_core.geometry import Curve, Mesh, extract_curve, extract_mesh
from levelset_core.geometry.frames import Normalization
from levelset_core.geometry.trimming import spacings
from levelset_core.networks import ImplicitMLP
from levelset_core.reconstruction.boundary import at_data
from levelset_core.reconstruction.budget import Budgeted
from levelset_core.reconstruction.config import ReconstructionConfig
from levelset_core.reconstruction.preparation.cloud import PreparedCloud
from levelset_core.reconstruction.preparation.curve_prior import CurvePrior
from levelset_core.reconstruction.preparation.prior import Prior
from levelset_core.reconstruction.preparation.survey import Survey
from levelset_core.reconstruction.refine import local_features
from levelset_core.reconstruction.repair import solid_of
from levelset_core.reconstruction.solid import Solid

#: Margin of the extraction around the cloud.
MARGIN = 0.1
#: The extraction is tried at this resolution and this share of the time, to know what it takes. To
#: look at what comes out takes this part of the preparation: both search the points. Local
#: features, and the finer noise of the topology that they bring, take ``REFINING`` of it where the
#: grid has ``USUAL`` nodes: a coarser mesh is searched sooner. Points beyond those trained on take
#: ``A_POINT`` each.
PROBE, PROBE_AT, AFTER, REFINING, USUAL, A_POINT = 64, 0.3, 0.25, 0.6, 256, 1.2e-5


#: Points with so many times the usual spacing are sparse: cells of local features do not reach from
#: one to the next. They count where they have this share of the surface.
SPARSE, SPARSE_SHARE = 3.0, 0.02


class Extracting(Budgeted):
    """Level sets of the ``network`` that a trainer has, or had so far."""

    config: ReconstructionConfig
    network: ImplicitMLP
    cloud: PointCloud
    normalization: Normalization
    points: Tensor
    prior: Prior | CurvePrior | None
    prepared: PreparedCloud

    @property
    def scale(self) -> float:
        """Length of a unit of the box, in the cloud's units."""
        return self.normalization.scale

    @property
    def bounds(self) -> tuple[list[float], list[float]]:
        """The box of the extraction: the cloud's and a margin, within [-1, 1]^d."""
        low, high = self.points.amin(0).cpu(), self.points.amax(0).cpu()
        return (low - MARGIN).clamp_min(-1.0).tolist(), (high + MARGIN).clamp_max(1.0).tolist()

    def extract_mesh(self, resolution: int | None = None, *, level: float = 0.0) -> Mesh:
        """The surface {F = level}, vertices and level in the cloud's units, all pieces of it.

        It is closed: where {F < level} reaches the box of the extraction, the box ends it.
        """
        nodes = resolution or self.config.resolution
        mesh = extract_mesh(self.network, self.bounds, nodes, level / self.scale, closed=True)
        return mesh.moved(*self.normalization.back)

    def extract_solid(
        self, resolution: int | None = None, *, level: float = 0.0, keep_all: bool = False
    ) -> Solid:
        """The surface {F = level} without what is only noise of its topology, and what was changed.

        Args:
            resolution: nodes along the longest side; the settings' by default.
            level: in the cloud's units, as is all that is returned.
            keep_all: drop no piece.
        """
        self.refine()
        nodes = resolution or self.config.resolution
        mesh = extract_mesh(self.network, self.bounds, nodes, level / self.scale, closed=True)
        points = self.points[: len(self.cloud)].cpu().double().numpy()
        cell = max(np.subtract(*self.bounds[::-1])) / (nodes - 1)
        fit = self.prior if isinstance(self.prior, Prior) else None
        solid = solid_of(
            self.network, mesh, points, cell, level / self.scale, keep_all=keep_all,
            sides=fit.sure if fit else None, expected=fit.pieces if fit and level == 0 else 0,
        )  # fmt: skip
        solid = at_data(solid, points, self.config.trim, open=self.prepared.open)
        return solid.moved(*self.normalization.back)

    def refine(self) -> None:
        """With ``config.refine``, take F to the points by local features, once a step.

        To all that the cloud was thinned from: more of them average out more of their noise.
        """
        survey = self.prepared.survey
        done = self.network.local is not None  # a step would have dropped it
        if done or not self.config.refine or not isinstance(survey, Survey):
            return
        measured, spacing = len(self.cloud), survey.spacing / self.scale
        own = spacings(self.points[:measured].cpu().double().numpy())
        few = own > SPARSE * spacing
        points, between, sparse = self._all_points(), self.points[measured:], None
        if (own[few] ** 2).sum() > SPARSE_SHARE * (own**2).sum():
            sparse = float(np.median(own[few]))
        else:  # what closes a hole counts as seen: F is 0 there
            points, between = torch.cat([points, between]), between[:0]
        self.network.local = local_features(
            self.network, points, spacing, survey.noise / self.scale, between=between, sparse=sparse
        )

    def _all_points(self) -> Tensor:
        """The points that were measured, without those that close holes."""
        if self.cloud.whole is None:
            return self.points[: len(self.cloud)]
        whole, (low, high) = self.normalization.apply(self.cloud.whole), self.bounds
        near = ((whole >= low) & (whole <= high)).all(1)  # outliers may be anywhere
        return torch.from_numpy(whole[near]).to(self.points)

    def extract_curve(self, resolution: int | None = None) -> Curve:
        """The curve {F = 0}, in the cloud's units; an open one is cut off where its data ends."""
        curve = extract_curve(self.network, self.bounds, resolution or self.config.resolution)
        lines = list(curve.polylines)
        if isinstance(self.prior, CurvePrior):
            lines = [part for line in lines for part in self.prior.supported(line)]
        lines.sort(key=lambda line: -line.length)
        return Curve(
            tuple(line.moved(*self.normalization.back) for line in lines),
            tuple(mesh.moved(*self.normalization.back) for mesh in curve.surfaces),
        )

    def _probe_extraction(self) -> None:
        """With a budget of seconds, find out what the extraction will take of it."""
        c, budget = self.config, self.budget
        if c.seconds is None or budget.reserve or budget.fraction < PROBE_AT:
            return
        begun = time.perf_counter()
        if c.outputs == 1 and self.points.shape[1] == 3:
            self.extract_mesh(PROBE)
        else:
            self.extract_curve(PROBE)
        growth = max(1.0, c.resolution / PROBE) ** 2
        cells = 1.2 * growth * (time.perf_counter() - begun)
        after = AFTER + (REFINING * (c.resolution / USUAL) ** 2 if c.refine else 0.0)
        more = 0 if self.cloud.whole is None else len(self.cloud.whole)
        fit = A_POINT * more if c.refine else 0.0
        budget.reserve = min(0.5 + after * budget.prepared + cells + fit, 0.5 * c.seconds)

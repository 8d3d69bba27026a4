"""What Eq. 13 takes for X, and where it looks at F: the cloud in the box, its gaps closed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from levelset_core.data.outliers import inliers
from levelset_core.data.pointclouds import PointCloud, check_spread
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh
from levelset_core.geometry.clouds import NearestPoints, noise_level
from levelset_core.geometry.curves.completion import completed, strand_distance
from levelset_core.geometry.curves.finding import find_curves
from levelset_core.geometry.frames import Normalization, own_frame, rounded
from levelset_core.geometry.meshes import unit
from levelset_core.levelsets import LevelSetSamples
from levelset_core.levelsets.jacobian import pinv_times
from levelset_core.parallel import Workers
from levelset_core.reconstruction.config import ReconstructionConfig
from levelset_core.reconstruction.preparation.curve_prior import CurvePrior
from levelset_core.reconstruction.preparation.curve_survey import CurveSurvey, survey_curves
from levelset_core.reconstruction.preparation.prior import BOX, Prior, around
from levelset_core.reconstruction.preparation.survey import Survey, survey

#: A persistent sample lives this many steps, then it starts anew.
LIFE = 50
#: The furthest a persistent sample goes in a step, and from the origin.
STRIDE, REACH = 0.2, 1.2
#: Share of the projections that start around the cloud; the others start in the box.
AROUND = 0.8
#: Points near the cloud that are drawn once, with their nearest points, and used again and again.
POOL = 50_000


def projection_starts(x: Tensor, sigma: float, count: int, generator: torch.Generator) -> Tensor:
    """80% around the cloud, the others uniform in the box, (count, d)."""
    starts = around(x, sigma, count, generator)
    anywhere = BOX * (2 * torch.rand(starts.shape, generator=generator) - 1)
    uniform = torch.rand(count, 1, generator=generator) >= AROUND
    return torch.where(uniform.to(x.device), anywhere.to(x.device), starts)


def near_points(
    cloud: NearestPoints, sigmas: tuple[float, ...], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Points around the cloud, in equal parts from every sigma, and their nearest points in it."""
    sigma = torch.tensor(sigmas)[torch.arange(POOL) % len(sigmas), None]
    places = around(cloud.points, sigma, POOL, generator)
    return places, cloud(places)


#: The shortest wavelength of the encoding, in standard deviations of the noise: shorter ones learn
#: the noise (measured on scans and on noisy samples of meshes).
FINEST_WAVELENGTH = 70.0


#: Strands further apart than this, in the box, need no encoding.
FAR_APART = 0.25


def curve_octaves(apart: float, most: int) -> int:
    """Octaves that tell strands so far apart in the box from each other, ``most`` at most."""
    return 0 if apart > FAR_APART else min(most, 1 + round(math.log2(1 / max(apart, 1e-3))))


def advance(s: LevelSetSamples, starts: Callable[[int], Tensor]) -> Tensor:
    """Persistent samples after a Newton step each (Eq. 4), (n, d).

    Args:
        s: where they are.
        starts: gives so many places; the oldest samples and the lost ones start there anew.
    """
    move = -pinv_times(s.pinv, s.values)
    length = torch.linalg.vector_norm(move, dim=1, keepdim=True)
    places = s.points + move * (STRIDE / length.clamp_min(1e-12)).clamp_max(1.0)
    oldest = max(1, len(places) // LIFE)
    places = torch.cat([places[oldest:], places[:oldest]])
    lost = torch.cat([s.failed[oldest:], s.failed.new_ones(oldest)])
    lost |= (places.abs() > REACH).any(1)
    rows = lost.nonzero().squeeze(1)
    return places.index_copy(0, rows, starts(len(rows)))


def sight_lines(cloud: PointCloud) -> np.ndarray | None:
    """From each point to the scanner that saw it, (n, 3) of unit length, zero where unknown.

    None where no point knows its scanner.
    """
    if cloud.stations is None or cloud.station is None or not (cloud.station >= 0).any():
        return None
    to = cloud.stations[np.maximum(cloud.station, 0)] - cloud.points
    return unit(np.where(cloud.station[:, None] >= 0, to, 0.0))


class PreparedCloud(NamedTuple):
    """What a training works on.

    Attributes:
        cloud: without outliers, in its own units.
        normalization: from these to the box and back.
        points: X in the box, what closes its gaps included, (n, d).
        normals: of X, zero where a gap was closed, or None.
        prior: what F is warm-started from, or None.
        octaves: of the positional encoding.
        survey: what the cloud seems to be, None of a curve without a prior.
        open: whether the surface ends where the data does.
    """

    cloud: PointCloud
    normalization: Normalization
    points: Tensor
    normals: Tensor | None
    prior: Prior | CurvePrior | None
    octaves: int
    survey: Survey | CurveSurvey | None
    open: bool


def _in_frame(cloud: PointCloud, frame: Normalization) -> PointCloud:
    """A cloud in its own frame, with all that has a direction or a place, rounded."""
    normals = None
    if cloud.normals is not None and frame.axes is not None:
        normals = rounded(cloud.normals @ frame.axes.T)
    stations = None if cloud.stations is None else rounded(frame.apply(np.asarray(cloud.stations)))
    points = rounded(frame.apply(cloud.points))
    return replace(cloud, points=points, normals=normals, stations=stations)


def prepare_cloud(
    raw: PointCloud,
    config: ReconstructionConfig,
    device: torch.device,
    workers: Workers,
    look: Callable[[Mesh], None] | None = None,
) -> PreparedCloud:
    """Clean, move to the box, fit the prior: all in the cloud's own frame, rounded.

    So the same cloud turned, elsewhere or in other units is trained on in the same numbers.

    Args:
        look: called with the surfaces of a :class:`Prior`, in the cloud's units.

    Raises:
        LevelsetError: the cloud does not spread, or does not suit the number of outputs.
    """
    dimension = raw.points.shape[1]
    if dimension - config.outputs not in (1, 2) or (dimension, config.outputs) == (2, 2):
        raise LevelsetError(
            f"{config.outputs} outputs in {dimension} dimensions are neither a surface nor a "
            "curve: curves in space take 2, everything else 1."
        )
    curve, warm = dimension - config.outputs == 1, config.warm_share > 0
    check_spread(raw, "curve" if curve else "surface")
    frame = own_frame(raw.points)
    kept, own = np.ones(len(raw), dtype=bool), _in_frame(raw, frame)
    if config.outliers:
        kept = inliers(own.points, ratio=config.outlier_ratio)
    outliers = raw.outliers + int((~kept).sum())
    cloud, own = replace(raw.select(kept), outliers=outliers), own.select(kept)

    found: Survey | CurveSurvey | None = survey(cloud, workers) if not curve else None
    is_open = config.surface == "open" or (
        config.surface == "auto" and found is not None and found.kind == "open"
    )
    whole = []
    if warm and curve:
        seen = find_curves(own.points, config.ends, frame.undo)
        found = survey_curves(seen, config.ends, frame.scale)
        whole, own = completed(seen.curves), own.select(seen.kept)
        cloud = replace(cloud.select(seen.kept), outliers=cloud.outliers + found.outliers)
    box = Normalization.of(np.concatenate([own.points, *(c.ring for c in whole)]))
    normalization, inside = frame.then(box), box.apply(own.points)
    points = torch.from_numpy(inside).float().to(device)
    prior: Prior | CurvePrior | None = None
    if warm and curve:
        prior = CurvePrior([c.in_box(box) for c in whole], device)
    elif warm:
        told = look and (lambda mesh: look(mesh.moved(*normalization.back)))
        lines = sight_lines(own)
        towards = None if lines is None else torch.from_numpy(lines).float().to(device)
        prior = Prior(
            points, workers, seed=config.seed, look=told, towards=towards,
            nodes=config.prior_nodes, open=is_open,
        )  # fmt: skip
    if prior is not None:
        points = torch.cat([points, prior.closing])

    normals = None
    if config.normals_weight and own.normals is not None:
        normals = torch.zeros_like(points)
        normals[: len(own)] = torch.from_numpy(own.normals).float()
    octaves = config.octaves
    if octaves and not curve and (noise := noise_level(inside)):
        # The octave k = 0, 1, ... has the wavelength 2 / 2^k: noise hides the last of a surface.
        octaves = min(octaves, max(1, 1 + round(math.log2(2 / (FINEST_WAVELENGTH * noise)))))
    if isinstance(prior, CurvePrior):
        octaves = curve_octaves(strand_distance(prior.curves), octaves)
    return PreparedCloud(
        cloud, normalization, points, normals, prior, octaves, found, is_open and not curve
    )

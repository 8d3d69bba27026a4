"""What F learns before Eq. 13, where it is known, and the curves that come of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from levelset_core.data import PointCloud, load_sample
from levelset_core.data.shapes import trefoil
from levelset_core.geometry import Polyline, curve_report, extract_curve
from levelset_core.geometry.curves.completion import complete_curves
from levelset_core.random import torch_generator
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer
from levelset_core.reconstruction.assess import along
from levelset_core.reconstruction.preparation.curve_prior import CurvePrior

CPU = torch.device("cpu")


def circle(count, dimension=3, end=2 * np.pi):
    t = end * np.arange(count) / count
    flat = 0.8 * np.stack([np.cos(t), np.sin(t)], axis=1)
    return np.pad(flat, ((0, 0), (0, dimension - 2)))


def prior(points):
    return CurvePrior(complete_curves(points), CPU)


def test_its_norm_is_the_distance():
    places = np.random.default_rng(0).uniform(-1, 1, (500, 3))
    exact = np.hypot(np.hypot(places[:, 0], places[:, 1]) - 0.8, places[:, 2])
    value = prior(circle(100)).value(places)
    np.testing.assert_allclose(np.linalg.norm(value, axis=1), exact, atol=2e-3)


def test_in_the_plane_it_is_the_signed_distance():
    places = np.random.default_rng(0).uniform(-1, 1, (500, 2))
    value = prior(circle(100, 2)).value(places)
    np.testing.assert_allclose(value, np.linalg.norm(places, axis=1) - 0.8, atol=2e-3)


def test_it_vanishes_on_the_knot_and_nowhere_else():
    own = prior(0.7 * trefoil(150).points)

    def f(x: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(own.value(x.double().numpy())).to(x.dtype)

    curve = extract_curve(f, (-np.ones(3), np.ones(3)), 32, snap=False)
    (line,) = curve.polylines
    assert line.closed
    assert line.length == pytest.approx(0.7 * trefoil().length, rel=0.05)


def test_places_come_with_their_values():
    own = prior(circle(100))
    known = own.signed_points(torch_generator(0))
    assert known.distance.shape == (len(known.places), 2)
    exact = own.value(known.places.double().numpy())
    np.testing.assert_allclose(known.distance, exact, atol=1e-6)
    assert (known.distance.norm(dim=1) < 1e-3).float().mean() > 0.1  # some lie on the curve
    again = own.signed_points(torch_generator(0))
    assert torch.equal(known.places, again.places)


def test_an_open_curve_is_cut_where_its_data_ends():
    half = circle(60, end=np.pi)
    own = prior(half)
    (whole,) = own.curves
    (part,) = own.supported(Polyline(whole.ring, closed=True))
    assert not part.closed
    assert cKDTree(half).query(part.points)[0].max() < 0.05
    assert part.length == pytest.approx(0.8 * np.pi, rel=0.05)


def trained(cloud, preset="curve", **changes):
    settings = {"steps": 400, "seconds": None, "resolution": 48, "width": 48, **changes}
    trainer = ReconstructionTrainer(ReconstructionConfig.preset(preset, **settings), cloud,
                                    threads=1)  # fmt: skip
    warm = [snapshot.warm for snapshot in trainer]
    assert warm == [k < round(0.7 * 400) for k in range(400)] or changes
    return trainer, list(trainer.extract_curve().polylines)


def test_a_noisy_trefoil_is_one_closed_line():
    cloud, truth = load_sample("trefoil", 1)
    cloud = PointCloud(10 * cloud.points + [5, 0, 0])
    _, (line,) = trained(cloud)
    assert line.closed
    off = cKDTree(10 * along((truth,)) + [5, 0, 0]).query(line.points)[0]
    assert off.mean() < 0.2


def test_a_ring_in_the_plane_without_a_quarter_is_closed_and_tells_its_gap():
    cloud = PointCloud(circle(75, 2, 1.5 * np.pi))
    trainer, lines = trained(cloud, "curve2d", steps=200)
    told = curve_report(lines, trainer.cloud.points)
    assert (told["pieces"], told["closed"], told["ends"]) == (1, 1, [])
    (gap,) = told["gaps"]
    assert gap["length"] == pytest.approx(0.8 * np.pi / 2, rel=0.15)
    corners = np.array([gap["start"], gap["end"]])
    assert cKDTree(corners).query([[0.8, 0.0], [0.0, -0.8]])[0].max() < 0.12
    assert np.abs(np.linalg.norm(lines[0].points, axis=1) - 0.8).max() < 0.08
    _, (left_open,) = trained(cloud, "curve2d", steps=200, ends="open")
    assert not left_open.closed
    assert left_open.length == pytest.approx(0.8 * 1.5 * np.pi, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_trefoils_of_100_points_meet_the_bar(seed):
    cloud, truth = load_sample("trefoil", seed)
    config = ReconstructionConfig.preset("curve", steps=1200, seconds=None, seed=seed)
    trainer = ReconstructionTrainer(config, cloud, threads=1)
    list(trainer)
    (line,) = trainer.extract_curve().polylines
    assert line.closed
    assert cKDTree(along((truth,))).query(along((line,)))[0].mean() <= 0.01

"""What a cloud seems to be: kinds made here, and the cases that people brought."""

from __future__ import annotations

import numpy as np
import pytest

from levelset_core.data import PointCloud, inliers
from levelset_core.random import numpy_generator
from levelset_core.reconstruction.preparation.survey import survey

RNG = numpy_generator(0)


def sphere(count: int = 3000) -> np.ndarray:
    points = RNG.normal(size=(count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def noisy(points: np.ndarray, size: float = 0.01) -> np.ndarray:
    return points + size * RNG.normal(size=points.shape)


def terrain() -> np.ndarray:
    x, y = RNG.uniform(0, 100, (2, 4000))
    return np.stack([x, y, 6 * np.sin(x / 9) * np.cos(y / 13)], axis=1)


def half_cylinder() -> np.ndarray:
    t, h = RNG.uniform(0, np.pi, 4000), RNG.uniform(0, 3, 4000)
    return np.stack([np.cos(t), np.sin(t), h], axis=1)


def view() -> np.ndarray:
    points = sphere(6000)
    return points[points[:, 2] > 0.15]


def scan_with_gaps() -> np.ndarray:
    points = sphere(5000)
    return points[(points[:, 2] > -0.9) & (np.linalg.norm(points - [1, 0, 0], axis=1) > 0.25)]


def knot() -> np.ndarray:
    t = RNG.uniform(0, 2 * np.pi, 3000)
    x, y = np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t)
    return np.stack([x, y, -np.sin(3 * t)], axis=1)


def folded(gap: float = 0.2) -> np.ndarray:
    """A strip folded to a U: its two sides are ``gap`` from each other."""
    along, across = RNG.uniform(0, 2 + np.pi * gap / 2, 4000), RNG.uniform(0, 0.8, 4000)
    turn = np.clip((along - 1) / (gap / 2), 0, np.pi)
    back = np.maximum(along - 1 - np.pi * gap / 2, 0)
    x = np.minimum(along, 1) + gap / 2 * np.sin(turn) - back
    return np.stack([x, across, -gap / 2 * np.cos(turn)], axis=1)


def pages(degrees: float) -> np.ndarray:
    """Of an open book."""
    x, y = RNG.uniform([-1, 0], [1, 1.2], (4000, 2)).T
    half = np.radians(degrees / 2)
    return np.stack([np.abs(x) * np.cos(half), y, x * np.sin(half)], axis=1)


def parallel(gap: float = 0.15) -> np.ndarray:
    x, y = RNG.uniform(size=(2, 4000))
    return np.stack([x, y, gap * (RNG.uniform(size=4000) < 0.5) + 0.05 * np.sin(4 * x)], axis=1)


def roll(turns: float, pitch: float, count: int) -> np.ndarray:
    angle = np.pi * (1 + 2 * turns * np.sqrt(RNG.uniform(size=count)))
    radius = pitch * angle / (2 * np.pi)
    return np.stack(
        [radius * np.cos(angle), RNG.uniform(0, 0.8, count), radius * np.sin(angle)], axis=1
    )


def s_curve() -> np.ndarray:
    """A strip of two arcs of 270 degrees that bend to either side."""
    turn, side = RNG.uniform(0, 1.5 * np.pi, 3000), RNG.choice([-1.0, 1.0], 3000)
    x, z = side * 0.5 * np.cos(turn + np.pi / 2), side * (0.5 + 0.5 * np.sin(turn - np.pi / 2))
    return np.stack([x, RNG.uniform(0, 0.8, 3000), z], axis=1)


def solid_plate(thickness: float) -> np.ndarray:
    """All six sides of one, its edges 1 long."""
    points = RNG.uniform(-0.5, 0.5, (4000, 3)) * [1, 1, thickness]
    axis = RNG.choice(3, 4000, p=np.array([thickness, thickness, 1]) / (1 + 2 * thickness))
    half = np.where(axis == 2, thickness / 2, 0.5)
    points[np.arange(4000), axis] = half * RNG.choice([-1.0, 1.0], 4000)
    return points


def plate() -> np.ndarray:
    """Both sides of a closed one as thin as its points' spacing."""
    points = np.column_stack([RNG.uniform(-0.5, 0.5, (7000, 2)), RNG.choice([-0.006, 0.006], 7000)])
    rim = RNG.uniform(size=7000) < 0.024
    points[rim, 0], points[rim, 2] = 0.5, RNG.uniform(-0.006, 0.006, rim.sum())
    return points


def thinned(points: np.ndarray, ratio: float, count: int = 4000) -> np.ndarray:
    """``ratio`` times as many points at one end of the first axis as at the other."""
    x = (points[:, 0] - points[:, 0].min()) / np.ptp(points[:, 0])
    share = ratio**-x
    return points[RNG.choice(len(points), count, replace=False, p=share / share.sum())]


def torus(count: int) -> np.ndarray:
    a, b = RNG.uniform(0, 2 * np.pi, (2, count))
    far = 1 + 0.35 * np.cos(b)
    points = np.stack([far * np.cos(a), far * np.sin(a), 0.35 * np.sin(b)], axis=1)
    return points[RNG.uniform(0, 1.35, count) < far]


def sparse_back(ratio: float) -> np.ndarray:
    """A ball whose far side was seen so many times less often, from one plane on."""
    points = sphere(20_000)
    return points[RNG.uniform(size=20_000) < np.where(points[:, 0] > 0.2, 0.4, 0.4 / ratio)]


def never_seen_below(share: float) -> np.ndarray:
    """A long body without so much of its underside: a long hole."""
    points = sphere(8000)
    return points[points[:, 2] > -1 + 2 * share] * [1.6, 0.6, 0.7]


def landscape(count: int = 40_000) -> np.ndarray:
    x, y = RNG.uniform(0, 100, (2, count))
    return np.stack([x, y, 6 * np.sin(x / 9) * np.cos(y / 13)], axis=1)


def half(points: np.ndarray) -> np.ndarray:
    return points[points[:, 2] > 0]


def around_a_scanner() -> np.ndarray:
    """Terrain, its points the sparser the further from the middle."""
    points = landscape(80_000)
    share = 1 / (4 + np.linalg.norm(points[:, :2] - 50, axis=1)) ** 2
    return points[RNG.choice(len(points), 4000, replace=False, p=share / share.sum())]


def depth_map() -> np.ndarray:
    u, v = np.meshgrid(*[np.linspace(-1, 1, 70)] * 2)
    z = 3 + 0.5 * np.sin(3 * u) * np.cos(2 * v) + 0.8 * (u > 0.2)
    return np.stack([u * z, v * z, z], axis=-1).reshape(-1, 3)


UNEVEN = [
    (lambda: noisy(thinned(torus(80_000), 20), 0.003), "closed"),
    (lambda: noisy(sparse_back(30), 0.002), "closed"),
    (lambda: noisy(sparse_back(60), 0.002), "closed"),
    (lambda: never_seen_below(0.06), "closed"), (lambda: never_seen_below(0.12), "closed"),
    (lambda: thinned(never_seen_below(0.1), 10, 2500), "closed"),
    (lambda: noisy(thinned(landscape(), 20), 0.05), "open"), (around_a_scanner, "open"),
    (lambda: thinned(half(sphere(80_000)), 20), "open"),
    (depth_map, "open"),
]  # fmt: skip

CASES = [
    (lambda: noisy(sphere()), "closed"), (scan_with_gaps, "closed"),
    (lambda: noisy(sphere(), 0.04), "closed"),
    (lambda: noisy(terrain(), 0.1), "open"), (lambda: noisy(half_cylinder()), "open"),
    (view, "open"),
    (lambda: noisy(folded(), 0.004), "open"), (lambda: noisy(pages(30), 0.005), "open"),
    (lambda: noisy(pages(12), 0.005), "open"), (lambda: noisy(parallel(), 0.004), "open"),
    (lambda: noisy(parallel(0.1), 0.003), "open"), (lambda: noisy(parallel(0.07), 0.003), "open"),
    (lambda: noisy(roll(3, 0.2, 2500), 0.003), "open"), (lambda: noisy(s_curve(), 0.003), "open"),
    (lambda: noisy(plate(), 0.0015), "closed"), (lambda: noisy(solid_plate(0.07), 0.003), "closed"),
    (lambda: noisy(knot(), 0.02), "curve"),
    (lambda: RNG.uniform(size=(4000, 3)), "volume"),
    (lambda: sphere() * RNG.uniform(size=(3000, 1)) ** (1 / 3), "volume"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "kind"), CASES)
def test_kinds(make, kind):
    points = make()
    for cloud in (points, 1e3 * points + 5e3):
        found = survey(PointCloud(cloud))
        assert found.kind == kind
        assert ("closed" in found.told, "an open" in found.told) == {
            "closed": (True, False), "open": (True, True), "curve": (False, False),
            "volume": (False, False),
        }[kind]  # fmt: skip


@pytest.mark.parametrize(("make", "kind"), UNEVEN)
def test_density_tells_nothing_of_whether_a_surface_ends(make, kind):
    points = make()
    kept = inliers(points)
    assert kept.mean() > 0.99
    assert survey(PointCloud(points[kept])).kind == kind


@pytest.mark.parametrize("make", [parallel, solid_plate])
def test_sides_too_near_to_tell_sheets_from_a_plate_are_told(make):
    found = survey(PointCloud(noisy(make(0.045), 0.002)))
    assert found.kind == "closed" and 1.5 < found.apart < 2.8
    assert "two sheets would look the same" in found.told and "choose open" in found.told
    clear = survey(PointCloud(noisy(solid_plate(0.3), 0.002)))
    assert clear.apart is None and "two sheets" not in clear.told


def test_pieces_spacing_and_noise():
    points = np.concatenate([noisy(sphere(4000)), noisy(sphere(4000)) + 4.0])
    found = survey(PointCloud(points))
    assert found.kind == "closed" and found.pieces == 2 and "2 pieces" in found.told
    assert found.spacing == pytest.approx(np.sqrt(4 * np.pi / 4000), rel=0.2)
    assert found.noise == pytest.approx(0.01, rel=0.35)
    assert set(found.as_dict()) >= {"kind", "pieces", "empty", "spacing", "noise", "told"}


@pytest.mark.parametrize(("dense", "sparse"), [(6000, 600), (9000, 400)])
def test_a_sparse_object_beside_a_dense_one_is_closed_too(dense, sparse):
    points = np.concatenate([sphere(dense), sphere(sparse) + np.array([3.0, 0, 0])])
    found = survey(PointCloud(noisy(points, 0.002)))
    assert found.kind == "closed" and found.pieces == 2

"""Bundled samples: they load, they lie near their truth, and files of a person are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from levelset_core.data import SAMPLES, load_sample, make_surface
from levelset_core.data.samples import CURVE_NOISE
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, distance_to, write_mesh
from levelset_core.paths import ASSETS

BUNDLED = [name for name, sample in SAMPLES.items() if sample.file is None]


def test_the_menu_has_what_people_expect():
    assert next(iter(SAMPLES)) == "body_scan"
    assert {"body_scan", "bunny", "flange", "genus_two", "trefoil", "helix", "spline"} == {*BUNDLED}
    for name, sample in SAMPLES.items():
        assert sample.name == name and sample.title and sample.note.endswith(".")
        assert sample.kind in ("surface", "curve") and sample.up in ("y", "z")


def test_bundled_files_are_small():
    sizes = [path.stat().st_size for path in (ASSETS / "samples").glob("*.npz")]
    assert len(sizes) == 3 and max(sizes) < 2_000_000


@pytest.mark.parametrize("name", BUNDLED)
def test_clouds_lie_near_their_truth(name):
    cloud, truth = load_sample(name)
    assert cloud.normals is None and cloud.points.shape[1] == 3
    if SAMPLES[name].kind == "curve":
        assert len(cloud) == 100
        dense = np.linalg.norm(cloud.points[:, None] - truth.points[None], axis=2).min(1)
        assert 0.003 < dense.mean() < 0.04
        assert truth.closed == (name != "helix")
        return
    assert isinstance(truth, Mesh)
    rows = np.random.default_rng(0).choice(len(cloud), 2000, replace=False)
    size = np.ptp(truth.bounds, axis=0).max()
    distance = distance_to(cloud.points[rows], truth) / size
    assert 2e-4 < np.median(distance) < 3e-3


def test_the_seed_decides_the_cloud():
    first, again = load_sample("trefoil", 3)[0], load_sample("trefoil", 3)[0]
    np.testing.assert_array_equal(first.points, again.points)
    assert not np.allclose(first.points, load_sample("trefoil", 4)[0].points)


def test_files_of_the_data_folder_are_found(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("LEVELSET_DATA", str(tmp_path))
    assert not SAMPLES["spot"].available()
    with pytest.raises(LevelsetError, match=r"spot\.obj"):
        load_sample("spot")
    (tmp_path / "meshes").mkdir()
    write_mesh(make_surface("genus_two", 24), tmp_path / "meshes" / "spot.obj")
    assert SAMPLES["spot"].available()
    cloud, truth = load_sample("spot")
    assert len(cloud) == 20_000 and isinstance(truth, Mesh)


def test_unknown_samples_are_named():
    with pytest.raises(LevelsetError, match="'teapot'"):
        load_sample("teapot")


@pytest.mark.parametrize("name", [n for n, s in SAMPLES.items() if s.kind == "curve"])
def test_the_note_of_a_curve_tells_its_noise_in_parts_of_its_size(name):
    _, curve = load_sample(name)
    noise = 2 * CURVE_NOISE if name == "spline" else CURVE_NOISE
    share = noise / np.ptp(curve.points, axis=0).max()
    assert f"{share:.1%} noise" in SAMPLES[name].note

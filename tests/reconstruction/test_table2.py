"""Table 2 end to end on a small shape: stored, summed up, and not done twice."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from levelset_core.data import make_surface, sample_surface
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, compare, write_mesh
from levelset_core.reconstruction import table2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two tiny scans with their truth, and a scan without."""
    import trimesh

    (tmp_path / "meshes").mkdir()
    truth = make_surface("genus_two", 24)
    for number, scale in ((1, 1.0), (2, 2.0)):
        mesh = truth.moved(scale, np.zeros(3))
        write_mesh(mesh, tmp_path / "meshes" / f"scan_{number}_truth.ply")
        points = sample_surface(mesh, 500, seed=number).points
        trimesh.PointCloud(points).export(tmp_path / "meshes" / f"scan_{number}.ply")
    trimesh.PointCloud(points).export(tmp_path / "meshes" / "scan_3.ply")
    return tmp_path


def test_scans_are_found_with_their_truth(folder, tmp_path):
    assert list(table2.find_scans(folder)) == ["scan_1", "scan_2"]
    with pytest.raises(LevelsetError, match="--data-dir"):
        table2.find_scans(tmp_path / "meshes")


def test_the_experiment_is_stored_and_not_done_twice(folder, tmp_path, monkeypatch, capsys):
    calls = []

    def reconstruct(method: str, cloud, seconds: float, seed: int) -> tuple[Mesh, int]:
        calls.append(method)
        scale = np.abs(cloud.points).max()
        return make_surface("genus_two", 16).moved(scale, np.zeros(3)), 7

    monkeypatch.setattr(table2, "reconstruct", reconstruct)
    monkeypatch.setattr(table2, "compare", partial(compare, samples=2000))
    output = tmp_path / "out" / "table2.json"
    command = ["--data-dir", str(folder), "--methods", "ours,poisson", "--seconds", "5"]
    assert table2.main([*command, "-o", str(output)]) == 0
    assert "Level sets (quick)" in capsys.readouterr().out
    stored = json.loads(output.read_text())
    assert stored["seconds"] == 5 and stored["machine"]["cores"] >= 1
    assert str(folder) not in output.read_text()
    cells = stored["cells"]
    assert list(cells) == ["floor", "ours", "poisson"] and list(cells["ours"]) == [
        "scan_1",
        "scan_2",
    ]
    assert cells["ours"]["scan_1"]["steps"] == 7 and cells["ours"]["scan_1"]["components"] >= 1
    both = [cells["ours"][scan]["chamfer_l1"] for scan in ("scan_1", "scan_2")]
    mean, spread = stored["table"]["ours"]["chamfer_l1"]
    assert mean == pytest.approx(np.mean(both), abs=1e-5)
    assert spread == pytest.approx(np.abs(both[1] - both[0]) / 2, abs=1e-5)

    assert len(calls) == 4
    assert table2.main([*command, "-o", str(output)]) == 0
    assert len(calls) == 4
    assert table2.main([*command, "--seed", "1", "-o", str(output)]) == 0  # other settings: anew
    assert len(calls) == 8


@pytest.mark.slow
@pytest.mark.parametrize("method", ["atlasnet-25-patches", "ours"])
def test_methods_reconstruct(folder, method):
    scan, truth = table2.find_scans(folder)["scan_1"]
    cell = table2.measure(method, scan, truth, 1.0, 0)
    assert cell["steps"] and cell["seconds"] and np.isfinite(cell["chamfer_l1"])


def test_bad_requests_are_one_sentence(folder, tmp_path, capsys):
    options = ["--data-dir", str(folder), "-o", str(tmp_path / "t.json"), "--seconds", "1"]
    assert table2.main([*options, "--methods", "magic"]) == 2
    assert "'magic'" in capsys.readouterr().err
    assert table2.main(["--data-dir", str(tmp_path / "none")]) == 2

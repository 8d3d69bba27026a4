"""``reconstruct`` of a folder: every scan by itself, here or on a cluster."""

import json
import os
import signal

import numpy as np
import pytest

from levelset_core.cli import BAD_INPUT, INTERRUPTED, main, scan_folder
from levelset_core.cluster import Needs
from levelset_core.data import read_geometry

FAST = ["--steps", "20", "--threads", "1", "--resolution", "24"]


@pytest.fixture
def scans(tmp_path):
    """A ball, a smaller one packed, a file that is none, and one of another sort."""
    folder = tmp_path / "scans"
    folder.mkdir()
    points = np.random.default_rng(0).normal(size=(1500, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    np.save(folder / "ball.npy", 3 * points)
    np.savetxt(folder / "small.xyz.gz", points)
    (folder / "broken.ply").write_text("ply\nformat ascii 1.0\n")
    (folder / "notes.md").write_text("of the scanner")
    return folder


def run(capsys, *words):
    code = main(["reconstruct", *map(str, words), *FAST, "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out), said.err


def check(code, told, said, scans, out):
    """Two surfaces, and the third told."""
    assert code == BAD_INPUT
    assert (told["done"], told["failed"], told["left"]) == (2, 1, 0)
    rows = {os.path.basename(row["input"]): row for row in told["scans"]}
    assert rows["broken.ply"].keys() == {"input", "error"}
    assert f"broken.ply: {rows['broken.ply']['error']}" in said
    assert rows["broken.ply"]["error"].endswith(".") and "\n" not in rows["broken.ply"]["error"]
    for name, radius in (("ball", 3), ("small", 1)):
        row = next(row for file, row in rows.items() if file.startswith(name))
        assert row["steps"] == 20 and row["output"] == str(out / f"{name}.ply")
        mesh = read_geometry(out / f"{name}.ply")
        assert row["faces"] == len(mesh.faces)
        assert np.abs(np.linalg.norm(mesh.vertices, axis=1) / radius - 1).mean() < 0.2


def test_each_scan_of_a_folder_and_one_broken(scans, tmp_path, capsys):
    out = tmp_path / "out" / "deep"
    found = run(capsys, scans, "--out", out)
    check(*found, scans, out)
    assert "left out, as no files of points: notes.md." in found[2]


def test_the_same_on_a_cluster(scans, cluster, tmp_path, capsys):
    here, there = tmp_path / "here", tmp_path / "there"
    run(capsys, scans, "-o", here)
    check(*run(capsys, scans, "-o", there), scans, there)
    for name in ("ball.ply", "small.ply"):
        assert (here / name).read_bytes() == (there / name).read_bytes()


def test_what_no_folder_can_be_is_one_sentence(scans, tmp_path, capsys):
    other = str(scans / "ball.npy")
    (tmp_path / "empty").mkdir()
    for words, told in (
        ([scans, other, "-o", "out"], "give a folder of scans alone"),
        ([scans, "-o", "out.ply"], "the output is a folder"),
        ([scans, "-o", scans], "name another"),
        ([tmp_path / "empty", "-o", tmp_path / "out"], "no point cloud or mesh in this folder"),
    ):
        assert main(["reconstruct", *map(str, words)]) == BAD_INPUT
        assert told in capsys.readouterr().err


def test_two_of_one_name_keep_theirs(tmp_path, capsys):
    for name in ("a.xyz", "a.csv", "b.xyz.gz"):
        (tmp_path / name).touch()
    found = scan_folder.scans_in(tmp_path, tmp_path / "out")
    assert [scan.output.name for scan in found] == ["a.csv.ply", "a.xyz.ply", "b.ply"]


def test_interrupted_it_tells_what_there_is(scans, tmp_path, capsys, monkeypatch):
    def work(options):
        signal.raise_signal(signal.SIGINT)  # of this thread: the system may choose another
        raise AssertionError("not reached")

    monkeypatch.setattr("levelset_core.cli.reconstruct.surface", work)
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    try:
        code, told, _ = run(capsys, scans, "-o", tmp_path / "out")
    finally:
        signal.signal(signal.SIGINT, usual)
    assert code == INTERRUPTED and told["left"] == 3 and told["scans"] == []


def test_needs_in_words():
    assert Needs(gpus=1).unmet([]) == "Waits: the cluster has no worker yet."
    assert Needs(memory=2).unmet([{"MEMORY": 2e9}]) == ""
    assert "MEMORY=4e9" in Needs(memory=4).unmet([{"MEMORY": 2e9}, {"GPU": 1.0}])
    assert Needs().resources == {} and Needs(1, 2).resources == {"GPU": 1.0, "MEMORY": 2e9}

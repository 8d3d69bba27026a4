"""``reconstruct`` and ``curve`` from the outside: what they write, print and refuse."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import trimesh

from levelset_core.cli import BAD_INPUT, DONE, INTERRUPTED, main, reconstruct
from levelset_core.cli.clouds import read_cloud
from levelset_core.data import read_geometry
from levelset_core.errors import LevelsetError
from tests.children import child

FAST = ["--json", "--steps", "30", "--threads", "1"]


@pytest.fixture
def ball(tmp_path):
    """2,000 points of a sphere of radius 3 around (10, 0, 0)."""
    points = np.random.default_rng(0).normal(size=(2000, 3))
    points = 3 * points / np.linalg.norm(points, axis=1, keepdims=True) + [10, 0, 0]
    np.save(tmp_path / "ball.npy", points)
    return str(tmp_path / "ball.npy")


def test_a_surface_in_the_units_of_its_input(ball, tmp_path, capsys):
    out = tmp_path / "out.ply"
    assert main(["reconstruct", ball, "-o", str(out), "--resolution", "32", *FAST]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["points"], told["steps"], told["components"]) == (2000, 30, 1)
    assert told["preset"] == "quick"
    mesh = read_geometry(out)
    assert (told["vertices"], told["faces"]) == (len(mesh.vertices), len(mesh.faces))
    radius = np.linalg.norm(mesh.vertices - [10, 0, 0], axis=1)
    assert np.abs(radius - 3).mean() < 0.3


def test_a_file_for_every_level(ball, tmp_path, capsys):
    out = tmp_path / "out.obj"
    arguments = ["reconstruct", ball, "-o", str(out), "--levels=-0.5,0,0.5", "--resolution", "32"]
    assert main([*arguments, *FAST]) == DONE
    names = ("out_level_-0.5.obj", "out.obj", "out_level_0.5.obj")
    areas = [read_geometry(tmp_path / name).area for name in names]
    assert areas[0] < areas[1] < areas[2]


def test_a_curve_in_the_plane(tmp_path, capsys):
    t = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    np.savetxt(tmp_path / "ring.xyz", np.stack([np.cos(t), np.sin(t)], axis=1))
    out = tmp_path / "ring.csv"
    arguments = ["curve", str(tmp_path / "ring.xyz"), "-o", str(out), "--resolution", "64"]
    assert main([*arguments, "--json", "--steps", "100", "--threads", "1"]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["points"], told["steps"]) == (300, 100)
    lines = out.read_text().splitlines()
    assert lines[0] == "line,x,y"
    assert len(lines) == 1 + told["vertices"] + told["closed"]  # a closed one ends where it began


def test_a_gap_of_a_curve_is_told_with_its_place(tmp_path, capsys):
    t = np.linspace(0, 1.5 * np.pi, 75)
    points = np.stack([3 * np.cos(t), 3 * np.sin(t), 0.3 * np.cos(2 * t)], axis=1)
    np.savetxt(tmp_path / "part.xyz", points)
    out = tmp_path / "part.csv"
    arguments = ["curve", str(tmp_path / "part.xyz"), "-o", str(out), "--resolution", "48"]
    arguments += ["--steps", "250", "--threads", "1"]
    assert main([*arguments, "--json"]) == DONE
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert (found["pieces"], found["closed"], found["ends"]) == (1, 1, [])
    (gap,) = found["gaps"]
    assert gap["length"] == pytest.approx(1.5 * np.pi, rel=0.2)
    ends = np.array([gap["start"], gap["end"]])
    off = np.linalg.norm(ends[:, None] - points[[0, -1]], axis=2).min(1)
    assert off.max() < 0.5
    assert "closed from (" in told.err
    assert main([*arguments, "--ends", "open"]) == DONE
    told = capsys.readouterr()
    assert "Open, with ends at (" in told.err and "closed            0" in told.out
    assert main([*arguments, "--ends", "round"]) == BAD_INPUT
    assert "Unknown ends 'round'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.ply", b"", "empty"),
        ("three.xyz", b"0 0 0\n1 0 0\n0 1 0\n", "3 different points"),
        ("nan.xyz", b"nan nan nan\n" * 50 + b"1 2 3\n" * 20, "not finite"),
        ("text.ply", b"Dear reader, this is no mesh at all.\n", "text.ply"),
        ("same.xyz", b"1 2 3\n" * 100, "same place"),
        ("plane.xyz", b"\n".join(b"%d %d 0" % (k % 10, k // 10) for k in range(100)), "plane"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(name, content, sentence, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    out = tmp_path / "out.ply"
    assert main(["reconstruct", str(tmp_path / name), "-o", str(out), *FAST]) == BAD_INPUT
    told = capsys.readouterr()
    assert told.out == ""
    assert sentence in told.err
    assert len(told.err.strip().splitlines()) == 1
    assert not out.exists()


def test_a_truncated_mesh_and_pickled_objects_are_refused(ball, tmp_path, capsys):
    whole = tmp_path / "whole.ply"
    main(["reconstruct", ball, "-o", str(whole), "--resolution", "24", *FAST])
    capsys.readouterr()
    (tmp_path / "cut.ply").write_bytes(whole.read_bytes()[:-2000])
    np.savez(tmp_path / "objects.npz", points=np.array([{"a": 1}, None], dtype=object))
    for name in ("cut.ply", "objects.npz"):
        arguments = ["reconstruct", str(tmp_path / name), "-o", str(tmp_path / "o.ply"), *FAST]
        assert main(arguments) == BAD_INPUT
        assert name in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (["-o", "out.xyz"], "ends in one of"),
        (["-o", "nowhere/out.ply"], "does not exist"),
        (["--levels", "a"], "--levels"),
        (["--preset", "best"], "Unknown preset 'best'"),
        (["--resolution", "2"], "resolution must be"),
        (["--steps", "0"], "steps must be"),
        (["--seconds", "nan"], "argument --seconds: must be a number above 0, got nan"),
        (["--seconds", "-5"], "argument --seconds: must be a number above 0, got -5"),
        (["--seconds", "inf"], "argument --seconds: must be a number above 0, got inf"),
    ],
)
def test_bad_options_are_one_sentence(changes, sentence, ball, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["reconstruct", ball, "-o", "out.ply", *FAST, *changes]) == BAD_INPUT
    assert sentence in capsys.readouterr().err


def test_an_interrupt_writes_what_was_reached(ball, tmp_path):
    out = tmp_path / "out.ply"
    command = [sys.executable, "-m", "levelset_core", "reconstruct", ball, "-o", str(out),
               "--seconds", "300", "--resolution", "32", "--threads", "1", "--json"]  # fmt: skip
    with child(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        # As a shell starts what runs in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    ) as process:  # fmt: skip
        assert process.stderr is not None
        deadline = time.monotonic() + 120
        while "step" not in process.stderr.readline():
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=120)
    assert process.returncode == INTERRUPTED
    assert json.loads(printed)["steps"] >= 1
    assert out.exists()


def test_far_away_with_colours_and_chosen_columns(tmp_path, capsys):
    """A cloud in UTM with an id before the coordinates: in place, coloured, and told."""
    points = np.random.default_rng(0).normal(size=(1500, 3))
    points = 2 * points / np.linalg.norm(points, axis=1, keepdims=True)
    place = np.array([1e7, 4.5e6, 100.0])
    red = np.where(points[:, :1] > 0, [[250, 10, 10]], [[10, 10, 250]])
    rows = np.column_stack([np.arange(1500) % 7, points + place, red])
    np.savetxt(tmp_path / "far.txt", rows, fmt="%.4f")
    arguments = ["reconstruct", str(tmp_path / "far.txt"), "--columns", "2,3,4", *FAST]
    for name in ("out.ply", "out.glb", "out.obj", "out.stl"):
        out = ["-o", str(tmp_path / name), "--resolution", "24", "--steps", "40"]
        assert main([*arguments, *out]) == DONE
        told = capsys.readouterr()
        assert "2, 3, 4 are x, y, z" in json.loads(told.out)["notes"][0] and "are x" in told.err
        read = trimesh.load_scene(tmp_path / name, process=False).to_mesh()
        off = np.linalg.norm(read.vertices - place, axis=1)
        assert np.abs(off - 2).mean() < 0.3
        assert len(np.unique(read.vertices.round(6), axis=0)) > 300  # on no coarse steps
        if name != "out.stl":
            seen = np.asarray(read.visual.vertex_colors)[:, 0]
            assert seen[read.vertices[:, 0] - place[0] > 0.7].min() > 200
            assert seen[read.vertices[:, 0] - place[0] < -0.7].max() < 50


def test_normals_of_the_file(ball, tmp_path, capsys):
    out = ["-o", str(tmp_path / "out.ply"), "--resolution", "24", *FAST]
    assert main(["reconstruct", ball, "--normals", *out]) == BAD_INPUT
    assert "--normals needs a file with normals" in capsys.readouterr().err
    points = np.load(ball)
    np.save(tmp_path / "n.npy", np.hstack([points, (points - [10, 0, 0]) / 3]))
    assert main(["reconstruct", str(tmp_path / "n.npy"), "--normals", *out]) == DONE
    assert "nx, ny, nz" in capsys.readouterr().err


def test_several_files_thinned(ball, tmp_path, capsys):
    np.save(tmp_path / "other.npy", np.load(ball) + np.array([20, 0, 0]))
    out = ["-o", str(tmp_path / "out.ply"), "--resolution", "32", "--points", "1000", *FAST]
    assert main(["reconstruct", ball, str(tmp_path / "other.npy"), *out]) == DONE
    told = json.loads(capsys.readouterr().out)
    assert 500 < told["points"] <= 1000
    assert any("one frame" in n for n in told["notes"])
    assert any("thinned" in n for n in told["notes"])


@pytest.mark.parametrize(
    ("seconds", "points", "low", "high"),
    [
        (30.0, None, 35_000, 45_000),
        (1.0, None, 15_000, 20_000),  # so many at least
        (1.0, 45_000, 40_001, 45_000),  # what a person says goes before
        (60.0, None, 50_000, 50_000),
        (None, None, 50_000, 50_000),
    ],
)
def test_few_seconds_take_fewer_points(seconds, points, low, high, tmp_path, capsys):
    ball = np.random.default_rng(0).normal(size=(50_000, 3))
    np.save(tmp_path / "ball.npy", ball / np.linalg.norm(ball, axis=1, keepdims=True))
    options = argparse.Namespace(
        input=[str(tmp_path / "ball.npy")], seed=0, columns=None, points=points
    )
    cloud = read_cloud(options, "surface", samples=None, seconds=seconds)
    assert low <= len(cloud) <= high
    assert ("thinned" in capsys.readouterr().err) == (len(cloud) < 50_000)


@pytest.mark.parametrize(
    ("options", "preset", "said"),
    [
        (["--seconds", "20"], "hurried", ["3 layers of 64"]),
        (["--seconds", "10"], "hurried", ["3 layers of 64", "160 nodes"]),
        (["--seconds", "10", "--preset", "balanced"], "balanced", ["160 nodes"]),
        (["--seconds", "30"], "quick", []),
        ([], "quick", []),
    ],
)
def test_few_seconds_take_a_small_network(options, preset, said, ball, capsys, monkeypatch):
    made = {}

    def stop(_options, _cloud, name, _begun, **changes):
        made.update(name=name, **changes)
        raise LevelsetError("enough")

    monkeypatch.setattr(reconstruct, "_trainer", stop)
    assert main(["reconstruct", ball, "-o", "out.ply", *options]) == BAD_INPUT
    assert made["name"] == preset
    assert made.get("resolution") == (160 if "160 nodes" in said else None)
    told = capsys.readouterr().err
    for words in ("3 layers of 64", "160 nodes"):
        assert (words in told) == (words in said)

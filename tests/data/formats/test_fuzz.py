"""Damaged files of every kind: an answer or one sentence, never a traceback."""

from __future__ import annotations

import gzip
import io
import warnings
from pathlib import Path

import numpy as np
import pytest
import trimesh

from levelset_core.data import read_point_cloud
from levelset_core.data.tables import first_rows
from tests.fuzzing import mutations, refusal

CASES = Path(__file__).parents[1] / "cases"
ROWS = np.random.default_rng(0).normal(size=(60, 3)).round(3)


def samples() -> dict[str, bytes]:
    found = {p.name: b"\n".join(p.read_bytes().split(b"\n")[:60]) for p in CASES.iterdir()}
    found["upper_props.ply"] = found["upper_props.ply"].replace(b"vertex 1500", b"vertex 52")
    box = trimesh.creation.box()
    for kind in ("obj", "stl", "off", "ply"):
        data = box.export(file_type=kind)
        found[f"box.{kind}"] = data if isinstance(data, bytes) else data.encode()
    for name, save in (("a.npy", np.save), ("a.npz", np.savez_compressed)):
        file = io.BytesIO()
        save(file, ROWS)
        found[name] = file.getvalue()
    text = "\n".join(" ".join(map(str, row)) for row in ROWS.tolist())
    found["a.xyz.gz"] = gzip.compress(text.encode(), mtime=0)
    head = "3\n20\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n5 6 7 1\n"
    found["a.ptx"] = (head + text.replace("\n", " 0.5\n") + " 0.5\n").encode()
    return found


def both(data: bytes, name: str) -> None:
    read_point_cloud(io.BytesIO(data), name, samples=50)
    first_rows(io.BytesIO(data), name)


@pytest.mark.parametrize("count", [60, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", sorted(samples()))
def test_damaged_files(name, count):
    data = samples()[name]
    whole = read_point_cloud(io.BytesIO(data), name, samples=50)
    assert len(whole) >= 50 - 2
    for broken in mutations(data, count):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # trimesh's own, about what it finds odd
            message = refusal(lambda b=broken: both(b, name))
        assert "\n" not in message, broken

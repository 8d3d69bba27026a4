"""Damaged files of every kind: an answer or one sentence, never a traceback."""

from __future__ import annotations

import gzip
import io
import random
import warnings
from pathlib import Path

import numpy as np
import pytest
import trimesh

from levelset_core import LevelsetError
from levelset_core.data import read_point_cloud
from levelset_core.data.tables import first_rows

CASES = Path(__file__).parents[1] / "cases"
ROWS = np.random.default_rng(0).normal(size=(60, 3)).round(3)
INSERTED = (
    b"-",
    b"nan",
    b"\n",
    b",",
    b";",
    b'"',
    b"\0",
    b"1e400",
    b"#",
    b"0",
    b"99999999",
    b"\xff" * 4,
)
OVERWRITTEN = (b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xff" * 4, bytes(4))


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


def damaged(data: bytes, rng: random.Random) -> bytes:
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        end = len(found) if rng.random() < 0.5 else min(len(found), 400)
        at, how = rng.randrange(end or 1), rng.randrange(6)
        if how == 0:
            found[at : at + 1] = bytes([rng.randrange(256)])
        elif how == 1:
            found = found[:at]
        elif how == 2:
            found[at:at] = rng.choice(INSERTED)
        elif how == 3:
            found[at : rng.randrange(len(found) + 1)] = b""
        elif how == 4:
            found[at : at + 4] = rng.choice(OVERWRITTEN)
        else:
            found[at:at] = found[at : at + rng.randrange(64)]
    return bytes(found or b"x")


@pytest.mark.parametrize("count", [60, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", sorted(samples()))
def test_damaged_files(name, count):
    data, rng = samples()[name], random.Random(count)
    whole = read_point_cloud(io.BytesIO(data), name, samples=50)
    assert len(whole) >= 50 - 2
    for _ in range(count):
        broken = damaged(data, rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # trimesh's own, about what it finds odd
            try:
                read_point_cloud(io.BytesIO(broken), name, samples=50)
                first_rows(io.BytesIO(broken), name)
            except LevelsetError as error:
                message = str(error)
            else:
                message = ""
        assert "\n" not in message, broken

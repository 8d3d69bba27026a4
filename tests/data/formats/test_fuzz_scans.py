"""Damaged files of scanners: an answer or one sentence, under 2 GB, under 20 s.

Their reader runs as a process of its own (``native.py``). Here a fork takes its place, which has
the libraries loaded: thousands of files take minutes, not hours.
"""

from __future__ import annotations

import io
import json
import os
import resource
import tempfile
from pathlib import Path
from typing import Any

import pytest

from levelset_core.data import read_point_cloud
from levelset_core.data.formats import native, scans
from levelset_core.data.formats.table import Reading
from tests.data.formats.test_scans import e57, las, pcd
from tests.fuzzing import mutations, refusal

MOST_MB, MOST_SECONDS = 2048, 20
_worst = {"mb": 0, "seconds": 0.0}


def forked(kind: str, file: Path, folder: Path, reading: Reading) -> list[dict[str, Any]]:
    """As ``scans._run``; a child that dies has written nothing."""
    child = os.fork()
    if child == 0:
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            room = native.MEMORY + _address_space()
            resource.setrlimit(resource.RLIMIT_AS, (room, room))
            resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            told = native.main(kind, file, folder)
            (folder / "about.json").write_text(json.dumps(told), encoding="utf-8")
        finally:
            os._exit(0)
    _, _, usage = os.wait4(child, 0)
    _worst["mb"] = max(_worst["mb"], (usage.ru_maxrss - _resident()) >> 10)
    _worst["seconds"] = max(_worst["seconds"], usage.ru_utime + usage.ru_stime)
    about, written = {"error": "its reader broke off"}, folder / "about.json"
    if written.exists():
        about = json.loads(written.read_text("utf-8"))
    return scans._found(about, kind, reading.label)


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _resident() -> int:
    """Of this process, which the child begins with, in kB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 10


def sample(name: str) -> bytes:
    stem, _, kind = name.partition(".")
    if kind == "e57":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            e57(path)
            return path.read_bytes()
    return pcd(stem) if kind == "pcd" else las(kind)


NAMES = ("a.las", "a.laz", "ASCII.pcd", "BINARY.pcd", "BINARY_COMPRESSED.pcd", "a.e57")


@pytest.mark.parametrize("count", [20, pytest.param(10_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_damaged_scans(name, count, monkeypatch, record_property):
    monkeypatch.setattr(scans, "_run", forked)
    _worst.update(mb=0, seconds=0.0)
    data = sample(name)
    assert len(read_point_cloud(io.BytesIO(data), name)) == (600 if name == "a.e57" else 300)
    for broken in mutations(data, count):
        told = refusal(lambda b=broken: read_point_cloud(io.BytesIO(b), name))
        assert "\n" not in told, broken
    record_property("worst", dict(_worst))
    assert _worst["mb"] < MOST_MB and _worst["seconds"] < MOST_SECONDS, _worst

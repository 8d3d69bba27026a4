"""Damaged files of scanners: an answer or one sentence, under 2 GB, under 20 s.

Their reader runs as a process of its own (``native.py``). Here a fork of one that has the libraries
loaded takes its place (``scan_forks.py``): thousands of files take minutes, not hours.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from levelset_core.confined.limits import clean_environment
from levelset_core.data import read_point_cloud
from levelset_core.data.formats import native, scans
from levelset_core.data.formats.table import Reading
from tests.children import child
from tests.data.formats import scan_forks
from tests.data.formats.test_scans import e57, las, pcd
from tests.fuzzing import mutations, refusal

MOST_MB, MOST_SECONDS, CPU_SECONDS = 2048, 20, 60


@dataclass
class Forks:
    """Stands for ``scans._run``; a fork that dies has written nothing."""

    process: subprocess.Popen[str]
    megabytes: int = 0
    seconds: float = 0.0
    broken: int = 0

    def run(self, kind: str, file: Path, folder: Path, reading: Reading) -> list[dict[str, Any]]:
        assert self.process.stdin and self.process.stdout
        print(json.dumps([kind, str(file), str(folder)]), file=self.process.stdin, flush=True)
        megabytes, seconds = json.loads(self.process.stdout.readline())
        self.megabytes = max(self.megabytes, megabytes)
        self.seconds = max(self.seconds, seconds)
        about = {"error": "its reader broke off"}
        with suppress(FileNotFoundError):
            about = json.loads((folder / "about.json").read_text("utf-8"))
        self.broken += about == {"error": "its reader broke off"}
        return scans._found(about, kind, reading.label)


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Forks]:
    command = [sys.executable, scan_forks.__file__, native.__file__, str(CPU_SECONDS)]
    pipe = subprocess.PIPE
    with child(
        command, env=clean_environment(), stdin=pipe, stdout=pipe, text=True, bufsize=1
    ) as process:
        forks = Forks(process)
        monkeypatch.setattr(scans, "_run", forks.run)
        yield forks


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
def test_damaged_scans(name, count, forks):
    data = sample(name)
    assert len(read_point_cloud(io.BytesIO(data), name)) == (600 if name == "a.e57" else 300)
    refused = 0
    for broken in mutations(data, count):
        told = refusal(lambda b=broken: read_point_cloud(io.BytesIO(b), name))
        assert "\n" not in told, broken
        refused += bool(told)
    worst = f"{forks.megabytes} MB and {forks.seconds:.1f} s at most"
    print(f"\n{name}: {count} damaged, {refused} refused, {forks.broken} broken off; {worst}.")
    assert forks.megabytes < MOST_MB and forks.seconds < MOST_SECONDS, worst

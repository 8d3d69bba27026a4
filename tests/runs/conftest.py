from __future__ import annotations

import time

import pytest

from levelset_core.runs import RunStore
from tests.runs.support import PATIENCE


@pytest.fixture(autouse=True)
def tiny_kind(monkeypatch):
    """Make the kind "tiny" known, here and in the runs' processes."""
    monkeypatch.setenv("LEVELSET_RUN_KINDS", "tests.runs.tiny_kind")
    monkeypatch.setenv("LEVELSET_RUN_CORES", "1")
    monkeypatch.setattr("levelset_core.runs.locks.PATIENCE", 0.3)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store of the test's own; what still runs at its end is killed."""
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path / "runs"))
    store = RunStore()
    yield store
    for run in store.runs():
        if not run.problem() and run.status().state == "queued":
            store.cancel(run)
    for run in store.runs():
        end = time.monotonic() + PATIENCE
        while run.alive and time.monotonic() < end:
            run.kill()
            time.sleep(0.02)

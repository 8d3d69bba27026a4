"""Runs of several processes, and runs whose worker shares no path with us."""

import contextlib
import json
import os
import signal

import pytest

from levelset_core.errors import LevelsetError
from levelset_core.runs import work_here
from levelset_core.runs.elsewhere.mirror import Mirror
from levelset_core.runs.folder import Run
from tests.runs.support import outcome, wait, wait_for_state


def test_two_processes_share_a_run_and_one_keeps_it(store):
    alone, shared = (
        store.create("tiny", {}, steps=40, seed=5, device="cpu", processes=n) for n in (1, 2)
    )
    heard = []
    assert work_here(store, alone).state == "done"
    assert work_here(store, shared, tell=heard.append).state == "done"
    assert outcome(shared) == outcome(alone)
    assert not shared.alive and heard[-1].state == "done"


@pytest.mark.slow
def test_of_several_processes_one_that_dies_ends_all(store):
    run = store.create("tiny", {"pause": 0.01}, steps=100_000, device="cpu", processes=2)

    def kill(status):
        if status.state == "running" and status.step:
            with contextlib.suppress(ProcessLookupError):
                os.kill(status.pid, signal.SIGKILL)

    status = work_here(store, run, tell=kill)
    assert status.state == "failed" and not run.alive
    assert status.message == "One of its 2 processes ended early: log.txt says more."


def test_what_is_asked_of_several_processes_is_checked(store):
    with pytest.raises(LevelsetError, match="'curve' work in one process, got 2"):
        store.create("curve", {}, processes=2)
    with pytest.raises(LevelsetError, match="after steps, not after seconds"):
        store.create("tiny", {}, processes=2, seconds=3)
    with pytest.raises(LevelsetError, match="more than 0 GB of memory, got 0"):
        store.create("tiny", {}, memory=0)


def files(run):
    return {
        path.relative_to(run.path).as_posix(): path.read_bytes()
        for path in run.path.rglob("*")
        if path.is_file() and path.name != "lock"
    }


@pytest.fixture
def two(store, tmp_path):
    """A finished run and an empty folder, and their mirrors on a file system in memory."""
    run = store.create("tiny", {}, steps=5, device="cpu")
    work_here(store, run)
    other = Run(tmp_path / "elsewhere" / run.id)
    other.path.mkdir(parents=True)
    near, far = (Mirror("memory://bucket/runs", one) for one in (run, other))
    yield run, near, other, far
    near.remove()


def test_a_mirror_sends_what_is_new_and_fetches_it(two):
    run, near, other, far = two
    assert far.pull() is None
    near.push()
    assert far.pull() == run.status()
    assert files(other) == files(run)
    (other.artifacts / "more.txt").write_text("more")
    os.utime(other.path / "metrics.jsonl", ns=(1, 1))
    far.push()
    near.pull()
    assert (run.artifacts / "more.txt").read_text() == "more"
    near.remove()
    assert far.status() is None and not far.own


def test_the_last_who_claims_a_run_has_it(two):
    _, near, _, far = two
    near.push()
    near.claim()
    assert near.own
    far.claim()
    assert far.own and not near.own
    assert not far.cancel_requested
    near.request_cancel()
    assert far.cancel_requested


def test_an_address_that_nobody_knows_is_one_sentence(store):
    run = store.create("tiny", {}, device="cpu")
    with pytest.raises(LevelsetError, match=r"LEVELSET_CLUSTER_FILES=nonsense://x: .*not known"):
        Mirror("nonsense://x", run)


@pytest.fixture
def apart(cluster, store, tmp_path, monkeypatch):
    """Workers that see the runs through fsspec alone."""
    monkeypatch.setenv("LEVELSET_CLUSTER_FILES", f"file://{tmp_path}/exchange")
    return store


def test_a_run_without_a_common_path_survives_its_worker(apart, monkeypatch, tmp_path):
    whole, run = (
        apart.create("tiny", {"pause": p}, steps=200, seed=4, device="cpu") for p in (0, 0.02)
    )
    work_here(apart, whole)
    apart.submit(run)
    wait(lambda: run.status().step > 20 and run.checkpoint_file.exists(), "a checkpoint here")
    assert run.status().state == "running" and run.alive
    os.kill(run.status().pid, signal.SIGKILL)
    wait_for_state(run, "done")
    assert outcome(run) == outcome(whole)
    assert run.status().host is None and not (run.path / "task.json").exists()
    assert not any((tmp_path / "exchange").glob("*"))


@pytest.mark.slow
def test_cancelled_without_a_common_path_and_resumed_here(apart, monkeypatch):
    runs = [apart.create("tiny", {"pause": 0.01}, steps=10_000, device="cpu") for _ in range(3)]
    for run in runs:
        apart.submit(run)
    wait(lambda: sum(run.status().state == "running" for run in runs) == 2, "two at work")
    (waiting,) = (run for run in runs if run.status().state == "queued")
    assert waiting.status().message == "Waits for a worker of the cluster."
    apart.cancel(waiting)
    assert wait_for_state(waiting, "cancelled").step == 0
    others = [run for run in runs if run is not waiting]
    for run in others:
        apart.cancel(run)
    for run in others:
        wait_for_state(run, "cancelled")
    run = others[0]
    saved = run.status().step
    assert saved > 0 and run.metrics()[-1]["step"] <= saved
    monkeypatch.delenv("LEVELSET_CLUSTER_FILES")
    config = json.loads((run.path / "config.json").read_text())
    (run.path / "config.json").write_text(json.dumps(config | {"steps": saved + 3}))
    assert work_here(apart, Run(run.path)).step == saved + 3

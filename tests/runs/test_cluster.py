"""Runs and sweeps on a Dask cluster of this machine."""

import contextlib
import json
import os
import pickle
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import torch

from levelset_core import cluster
from levelset_core.errors import LevelsetError
from levelset_core.runs import remote, work_here
from tests.children import child
from tests.runs.support import outcome, wait, wait_for_state


@pytest.fixture
def on_cluster(cluster, store, monkeypatch):
    monkeypatch.setattr("levelset_core.runs.remote.ASKED_AGAIN", 0.3)
    yield store
    for run in store.runs():  # what a failed test left would keep the workers from the next
        if run.status().state in ("queued", "running"):
            store.cancel(run)


def double(x):
    return 2 * x


def die_once(path):
    """Ends its worker the first time."""
    if not os.path.exists(path):
        open(path, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


def test_a_run_is_a_task_and_ends_bit_for_bit_as_here(on_cluster):
    here, there = (on_cluster.create("tiny", {}, steps=60, seed=3, device="cpu") for _ in range(2))
    work_here(on_cluster, here)
    on_cluster.submit(there)
    wait_for_state(there, "done")
    assert outcome(there) == outcome(here)
    assert not (there.path / "task.json").exists()


def test_a_run_goes_on_with_another_worker_when_its_own_is_killed(on_cluster, monkeypatch):
    monkeypatch.setenv("LEVELSET_CHECKPOINT_SECONDS", "0.05")
    whole, run = (
        on_cluster.create("tiny", {"pause": p}, steps=200, seed=4, device="cpu") for p in (0, 0.01)
    )
    work_here(on_cluster, whole)
    on_cluster.submit(run)
    for after in (20, 60):
        wait(lambda after=after: run.status().step > after and run.alive, "steps")
        os.kill(run.status().pid, signal.SIGKILL)

    def ended():
        on_cluster.dispatch()  # as every look at the list does
        return run.status().state == "done"

    wait(ended, "the run to be done")
    assert outcome(run) == outcome(whole)


def test_cancelled_in_the_queue_and_at_work(on_cluster):
    runs = [
        on_cluster.create("tiny", {"pause": 0.01}, steps=100_000, device="cpu") for _ in range(3)
    ]
    for run in runs:
        on_cluster.submit(run)
    wait(lambda: sum(run.alive for run in runs) == 2, "two runs to be worked on")
    (waiting,) = (run for run in runs if not run.alive)
    assert waiting.status().message == "Waits for a worker of the cluster."
    on_cluster.cancel(waiting)
    for run in runs:
        if run is not waiting:
            on_cluster.cancel(run)
    for run in runs:
        wait_for_state(run, "cancelled")
    time.sleep(0.5)
    assert not waiting.alive and waiting.status().step == 0


def test_parts_of_work_are_spread_and_survive_their_worker(on_cluster, tmp_path, caplog):
    caplog.set_level("WARNING", "levelset_core")
    assert sorted(cluster.spread(double, range(20))) == [(k, 2 * k) for k in range(20)]
    assert not caplog.records
    assert list(cluster.spread(die_once, [str(tmp_path / "died")])) == [(0, "survived")]


def test_the_dashboard_answers(on_cluster):
    with urllib.request.urlopen(cluster.dashboard(), timeout=60) as page:
        assert b'<a href="workers">' in page.read()  # without bokeh there are no pages


def test_a_run_that_comes_no_further_is_given_up(on_cluster, monkeypatch):
    monkeypatch.setattr("levelset_core.runs.remote._do", max)  # the task ends, the run does not
    monkeypatch.setattr("levelset_core.runs.remote.ASKED_AGAIN", 0.0)
    run = on_cluster.create("tiny", {}, steps=5, device="cpu")
    on_cluster.submit(run)

    def given_up():
        on_cluster.dispatch()
        return run.status().state == "failed"

    wait(given_up, "the run to be given up")
    assert "took it 5 times" in run.status().message


@pytest.mark.parametrize(
    ("asks", "told"),
    [
        ({"memory": 50}, r"50 GB of memory \(MEMORY=50e9\); start one with these --resources\."),
        ({"processes": 2, "device": "cuda"}, r"2 GPUs \(GPU=2\); start"),
        ({"device": "cuda", "memory": 8}, r"1 GPU \(GPU=1\) and 8 GB of memory"),
    ],
)
def test_what_no_worker_has_is_told_and_waited_for(on_cluster, asks, told):
    run = on_cluster.create("tiny", {}, steps=5, **{"device": "cpu", **asks})
    on_cluster.submit(run)
    found = f"Waits: none of the cluster's workers says that it has {told}"
    assert re.match(found, run.status().message)
    on_cluster.cancel(run)


@pytest.mark.slow
def test_a_run_begins_when_a_worker_has_what_it_needs(on_cluster, cluster):
    run = on_cluster.create("tiny", {}, steps=5, device="cpu", memory=3)
    small = on_cluster.create("tiny", {}, steps=5, device="cpu", memory=1.5)
    for one in (run, small):
        on_cluster.submit(one)
    wait_for_state(small, "done")
    assert run.status().state == "queued" and "MEMORY=3e9" in run.status().message
    command = [sys.executable, "-m", "dask", "worker", cluster.scheduler_address]
    command += ["--no-dashboard", "--nthreads", "1", "--resources", "GPU=1,MEMORY=4e9"]
    with child(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
        wait_for_state(run, "done")
        worker.terminate()
        worker.wait()


@pytest.mark.slow
def test_runs_find_the_workers_that_the_guide_starts(store, tmp_path, monkeypatch):
    """Dask's own commands, with what docs/deploy.md has them say of their resources."""
    guide = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text("utf-8")
    told = re.findall(r"^ +dask worker tcp://scheduler:8786 (.*)$", guide, re.M)
    file, here = tmp_path / "scheduler.json", ["--host", "127.0.0.1"]
    dask, quiet = [sys.executable, "-m", "dask"], {"stdout": subprocess.DEVNULL}
    command = [*dask, "scheduler", *here, "--port", "0", "--dashboard-address", ":0",
               "--scheduler-file", str(file)]  # fmt: skip
    with contextlib.ExitStack() as started:
        started.enter_context(child(command, stderr=subprocess.DEVNULL, **quiet))
        wait(file.exists, "the scheduler")
        address = json.loads(file.read_text())["address"]
        monkeypatch.setenv("LEVELSET_CLUSTER", address)
        for options in told:
            words = [*dask, "worker", address, *shlex.split(options), *here, "--no-dashboard",
                     "--local-directory", str(tmp_path)]  # fmt: skip
            started.enter_context(child(words, stderr=subprocess.DEVNULL, **quiet))
        wait(lambda: len(remote.ask([]).workers) == 5, "five workers")
        found = sorted((w.get("GPU", 0), w["MEMORY"]) for w in remote.ask([]).workers)
        assert found == [(0, 4e9)] * 4 + [(4, 64e9)]
        small, gpus, huge = (
            store.create("tiny", {}, steps=5, **asks)
            for asks in (
                {"device": "cpu", "memory": 3},
                {"device": "cuda", "processes": 4, "memory": 16},
                {"device": "cpu", "memory": 65},
            )
        )
        for run in (small, gpus, huge):
            store.submit(run)
        wait_for_state(small, "done")
        if not torch.cuda.is_available():  # the one with GPUs took it, and has none
            wait_for_state(gpus, "failed")
        assert huge.status().message.startswith("Waits: none of the cluster's workers")
        store.cancel(huge)
        cluster._client(address, os.getpid()).close()


def test_a_worker_of_another_version_is_told_in_one_sentence():
    pytest.importorskip("distributed.protocol")
    assert cluster._do(pickle.dumps(max), pickle.dumps(3), 7) == 7
    with pytest.raises(LevelsetError, match="install the same version of this package there"):
        cluster._do(b"clevelset_core\nnothing_of_the_kind\n.", pickle.dumps(3))


def test_what_work_on_a_device_asks_for():
    assert cluster.Needs.of_device("cpu", 4).resources == {}
    assert cluster.Needs.of_device("cuda:1").resources == {"GPU": 1.0}
    assert cluster.Needs.of_device("cuda", 4, 16).resources == {"GPU": 4.0, "MEMORY": 16e9}


def test_no_scheduler_is_one_sentence_and_the_run_waits(store, monkeypatch):
    monkeypatch.setenv("LEVELSET_CLUSTER", "tcp://127.0.0.1:9")
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    run = store.create("tiny", {}, steps=3, device="cpu")
    with pytest.raises(LevelsetError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        store.submit(run)
    assert run.status().state == "queued"
    store.dispatch()  # a look at the list shows nobody an error
    assert cluster.dashboard() is None

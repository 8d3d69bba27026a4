"""The scheduler goes away, or says nothing, while runs are worked on: one sentence, and no end."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from levelset_core import cluster
from levelset_core.errors import LevelsetError
from levelset_core.runs import work_here
from tests.children import child
from tests.runs.support import outcome, wait, wait_for_state

pytest.importorskip("distributed")
SAID = "No Dask scheduler answers at {} (LEVELSET_CLUSTER): start it, or unset the variable"


class Site:
    """A scheduler and a worker, started by Dask's own commands."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.said = SAID.format(self.address)
        self._stack = stack

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words]
        quiet = subprocess.DEVNULL
        return self._stack.enter_context(child(command, stdout=quiet, stderr=quiet))

    def start_scheduler(self) -> None:
        words = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        self.scheduler = self._start("scheduler", *words)

    def start_worker(self) -> None:
        words = [self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
        self.worker = self._start("worker", *words)

    def start(self) -> None:
        self.start_scheduler()
        self.start_worker()


@pytest.fixture
def site(store, monkeypatch):
    monkeypatch.setenv("LEVELSET_CHECKPOINT_SECONDS", "0.05")
    monkeypatch.setattr(cluster, "PATIENCE", 2)
    monkeypatch.setattr(cluster, "ASKED_AGAIN", 1)
    monkeypatch.setattr("levelset_core.runs.remote.ASKED_AGAIN", 0.5)
    with contextlib.ExitStack() as stack:
        site = Site(stack)
        monkeypatch.setenv("LEVELSET_CLUSTER", site.address)
        site.start()
        yield site
        cluster._client.cache_clear()


@pytest.fixture(params=["path", "files"])
def made(request, store, tmp_path, monkeypatch):
    """Two equal runs, one done here; with a common path and without."""
    if request.param == "files":
        monkeypatch.setenv("LEVELSET_CLUSTER_FILES", f"file://{tmp_path}/exchange")
    whole, run = (
        store.create("tiny", {"pause": p}, steps=600, seed=4, device="cpu") for p in (0, 0.02)
    )
    work_here(store, whole)
    return whole, run


def submitted(store, run):
    def begun():
        with contextlib.suppress(LevelsetError):
            store.submit(run) if run.status().state != "queued" else store.dispatch()
        return run.status().step > 20 and run.checkpoint_file.exists()

    wait(begun, "its first steps")


def told(store, run, sentence):
    def found():
        store.dispatch()  # as every look at the list does
        return sentence in run.status().message

    wait(found, f"{sentence!r}")


def done(store, run):
    def ended():
        store.dispatch()
        return run.status().state == "done" and not run.alive

    wait(ended, "its end")


@pytest.mark.slow
def test_a_scheduler_that_is_gone_is_told_and_another_goes_on(site, store, made):
    whole, run = made
    submitted(store, run)
    site.scheduler.kill()
    site.worker.kill()
    told(store, run, site.said)
    assert run.status().state in ("queued", "running")
    step = run.status().step
    site.start()
    done(store, run)
    assert run.status().step == 600 > step > 0
    assert outcome(run) == outcome(whole)
    assert run.status().message == ""


@pytest.mark.slow
def test_a_scheduler_that_stands_still_is_told_and_the_worker_goes_on(site, store, made):
    whole, run = made
    submitted(store, run)
    site.scheduler.send_signal(signal.SIGSTOP)
    try:
        step = run.status().step
        if os.environ.get("LEVELSET_CLUSTER_FILES"):  # a follower asks; else its lock says enough
            told(store, run, f"{site.said} to work on this machine. Its worker goes on.")
        wait(lambda: run.status().step > step + 50, "its worker to go on")
    finally:
        site.scheduler.send_signal(signal.SIGCONT)
    done(store, run)
    assert outcome(run) == outcome(whole)


@pytest.mark.slow
def test_cancelled_while_scheduler_and_worker_are_gone(site, store, made, monkeypatch):
    _, run = made
    submitted(store, run)
    site.scheduler.kill()
    site.worker.kill()
    told(store, run, site.said)
    store.cancel(run)
    step = wait_for_state(run, "cancelled").step
    assert step > 20 and run.checkpoint_file.exists()


def slow(x):
    time.sleep(0.2)
    return x


@pytest.mark.slow
def test_parts_whose_scheduler_goes_away_end_in_a_sentence(site):
    def begin():
        with contextlib.suppress(LevelsetError):
            return cluster.spread(slow, range(200)), cluster.connect()
        return None

    parts, _ = wait(begin, "the scheduler")
    next(parts)
    site.scheduler.kill()
    with pytest.raises(LevelsetError, match=r"went away before part \d+ of 200 was done"):
        list(parts)

"""Processes of runs, and workers of a cluster, killed at random moments: nothing is lost."""

import os
import random
import signal
import time

import pytest

from levelset_core.cluster import spread
from levelset_core.runs import work_here
from tests.runs.support import outcome, wait
from tests.runs.test_execution import killed

pytestmark = pytest.mark.slow

SEED, KILLS = 0, 25
#: On a slow machine few steps lie between two kills: then it goes on undisturbed.
MOST = 60


def slow_square(number):
    time.sleep(0.2)
    return number**2


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # just ended by itself
        return 0
    return 1


def test_a_run_killed_again_and_again_ends_bit_for_bit(store, monkeypatch):
    monkeypatch.setenv("LEVELSET_CHECKPOINT_SECONDS", "0.05")
    whole, run = (
        store.create("tiny", {"pause": p}, steps=1500, seed=5, device="cpu") for p in (0, 0.01)
    )
    assert work_here(store, whole).state == "done"
    draw, kills, steps = random.Random(SEED), 0, set()
    while run.status().state != "done" and kills < MOST:
        kills += killed(store, run, draw.uniform(0.05, 1.0))
        steps.add(run.status().step)
    if run.status().state != "done":
        work_here(store, run)
    assert outcome(run) == outcome(whole)
    assert run.result() == whole.result()
    print(f"\n{kills} processes of a run killed, at {len(steps)} different steps: bit for bit.")
    assert kills >= 12


@pytest.mark.parametrize("files", [False, True], ids=["path", "files"])
def test_runs_whose_workers_die_end_bit_for_bit(cluster, store, tmp_path, monkeypatch, files):
    monkeypatch.setattr("levelset_core.runs.remote.ASKED_AGAIN", 0.5)
    if files:
        monkeypatch.setenv("LEVELSET_CLUSTER_FILES", f"file://{tmp_path}/exchange")
    draw, kills, steps = random.Random(SEED), 0, set()
    made = [
        store.create("tiny", {"pause": pause}, steps=1500, seed=seed, device="cpu")
        for pause in (0, 0.02) for seed in (1, 2)
    ]  # fmt: skip
    for run in made[:2]:
        work_here(store, run)
    for run in made[2:]:
        store.submit(run)
    end = time.monotonic() + draw.uniform(1, 3)
    while any(run.status().state != "done" for run in made[2:]):
        store.dispatch()
        at_work = [run for run in made[2:] if run.status().state == "running" and run.alive]
        if kills < KILLS // 2 and at_work and time.monotonic() > end:
            status = draw.choice(at_work).status()
            if status.pid and kill(status.pid):
                kills += 1
                steps.add(status.step)
                end = time.monotonic() + draw.uniform(1, 8)
        time.sleep(0.05)
    for whole, run in zip(made[:2], made[2:], strict=True):
        wait(lambda run=run: not run.alive, "its end")
        assert outcome(run) == outcome(whole)
    print(f"\n{kills} workers of runs killed, at steps {sorted(steps)}: 2 runs of 2 bit for bit.")
    assert kills >= 6


def test_parts_whose_workers_die_are_each_done_once(scheduler, cluster):
    draw, kills, count = random.Random(SEED), 0, 400
    found = []
    end = time.monotonic() + 2
    for k, square in spread(slow_square, range(count)):
        found.append((k, square))
        if kills < KILLS and time.monotonic() > end:
            # One that dies while it starts is given up by its nanny, as Dask has it.
            up = [n for n in scheduler.workers.values() if n.process.status.name == "running"]
            kills += kill(draw.choice(up).process.pid) if up else 0
            end = time.monotonic() + draw.uniform(0.2, 2)
    assert sorted(found) == [(k, k**2) for k in range(count)]
    print(f"\n{kills} workers of parts killed: {count} parts of {count}, each once.")
    assert kills >= 10

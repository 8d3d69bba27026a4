import os
import signal
import time

import pytest

from levelset_core.errors import LevelsetError
from levelset_core.runs import work_here
from levelset_core.runs.queue import cores_for_runs
from tests.runs.support import outcome, wait, wait_for_state


def test_runs_go_one_after_the_other_and_need_nobody(store, monkeypatch):
    """In real processes: the first ends and starts the next; a cancelled one is passed over."""
    expected = store.create("tiny", {}, steps=30, seed=1, device="cpu")
    work_here(store, expected)
    first = store.create("tiny", {"pause": 0.01}, steps=100_000, device="cpu")
    second = store.create("tiny", {}, steps=30, device="cpu")
    third = store.create("tiny", {}, steps=30, seed=1, device="cpu")
    for run in (first, second, third):
        store.submit(run)
    wait(lambda: first.status().step > 0, "the first run to train")
    assert [run.status().state for run in (first, second, third)] == ["running"] + ["queued"] * 2
    pid = first.status().pid
    assert os.getsid(pid) == pid  # a session of its own: Ctrl-C in our terminal passes it by
    store.cancel(second)
    assert second.status().state == "cancelled"
    os.kill(pid, signal.SIGTERM)
    wait_for_state(first, "interrupted")
    wait_for_state(third, "done")
    assert outcome(third) == outcome(expected)
    assert second.status().state == "cancelled" and not second.alive


def test_the_number_of_cores_for_runs(monkeypatch):
    monkeypatch.setenv("LEVELSET_RUN_CORES", "3")
    assert cores_for_runs() == 3
    monkeypatch.delenv("LEVELSET_RUN_CORES")
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert cores_for_runs() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert cores_for_runs() == 1
    for text in ("0", "-2", "many"):
        monkeypatch.setenv("LEVELSET_RUN_CORES", text)
        with pytest.raises(LevelsetError, match=text):
            cores_for_runs()


@pytest.fixture
def started(monkeypatch):
    """Runs that the queue starts, none of which gets a process."""
    held = []

    def spawn(run, lock, module):
        held.append((run.id, os.dup(lock.descriptor)))
        return type("Process", (), {"wait": lambda self: 0})()

    monkeypatch.setattr("levelset_core.runs.spawning._spawn", spawn)
    yield held
    for _, descriptor in held:
        os.close(descriptor)


def end(started, k):
    os.close(started.pop(k)[1])


def test_first_come_first_served_within_the_cores(store, monkeypatch, started):
    monkeypatch.setenv("LEVELSET_RUN_CORES", "3")
    runs = [store.create("tiny", {}, steps=9, device="cpu", threads=t) for t in (1, 2, 1, 9, 1)]
    for run in runs:
        store.submit(run)
        time.sleep(0.002)
    assert [name for name, _ in started] == [runs[0].id, runs[1].id]
    end(started, 1)  # its two cores are free: room for the third, not for the fourth
    store.dispatch()
    assert [name for name, _ in started] == [runs[0].id, runs[2].id]
    end(started, 0)
    store.dispatch()
    assert [name for name, _ in started] == [runs[2].id]  # the fourth is not overtaken
    end(started, 0)
    store.dispatch()
    assert [name for name, _ in started] == [runs[3].id]  # wants more than there are: alone
    assert [run.status().state for run in runs[3:]] == ["running", "queued"]


def test_an_accelerator_serves_one_run_at_a_time(store, monkeypatch, started):
    from dataclasses import asdict, replace

    from levelset_core.runs.files import write_json

    monkeypatch.setenv("LEVELSET_RUN_CORES", "8")
    runs = [store.create("tiny", {}, steps=9, device="cpu") for _ in range(2)]
    for run in runs:
        write_json(run.path / "config.json", asdict(replace(run.config, device="cuda")))
        run._config = None
        store.submit(run)
    assert len(started) == 1
    end(started, 0)
    store.dispatch()
    assert [name for name, _ in started] == [runs[1].id]


def test_a_process_that_cannot_be_started_fails_its_run(store, monkeypatch):
    def refuse(*_):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("levelset_core.runs.spawning._spawn", refuse)
    run = store.create("tiny", {}, steps=9, device="cpu")
    store.submit(run)
    status = run.status()
    assert status.state == "failed" and "Resource temporarily unavailable" in status.message
    assert not run.alive

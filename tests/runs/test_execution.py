import os
import random
import signal
import threading
import time

import pytest

from levelset_core.errors import LevelsetError
from levelset_core.runs import get_kind, load_checkpoint, work_here
from levelset_core.runs.locks import FileLock
from tests.runs.support import outcome, wait


def finished(store, **settings):
    """An uninterrupted run to compare with."""
    run = store.create("tiny", settings.pop("settings", {}), device="cpu", **settings)
    assert work_here(store, run).state == "done"
    return run


def saved_step(run):
    return load_checkpoint(run.checkpoint_file)["step"] if run.checkpoint_file.exists() else 0


def fork(store, run):
    """Work on the run in a real process of its own, made quickly."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = {"done": 0, "interrupted": 130}.get(work_here(store, run).state, 3)
        finally:
            os._exit(code)
    return pid


def test_a_finished_run_has_everything(store):
    heard = []
    run = store.create("tiny", {}, steps=50, device="cpu")
    status = work_here(store, run, tell=heard.append)
    assert status == run.status()
    assert (status.state, status.step, status.steps, status.fraction) == ("done", 50, 50, 1.0)
    assert [row["step"] for row in run.metrics()] == list(range(1, 51))
    assert run.result() == {"steps": 50}
    assert (run.artifacts / "preview.txt").exists()
    assert heard[-1].state == "done" and not run.alive
    told = [(status.message, status.fraction) for status in heard if status.message]
    assert told == [("Preparing.", None), ("Writing results.", 1.0)]
    with pytest.raises(LevelsetError, match="is done"):
        work_here(store, run)
    with pytest.raises(LevelsetError, match="is done: it cannot be resumed"):
        store.submit(run)


def test_a_run_lasts_for_seconds_or_until_its_trainer_ends(store):
    run = finished(store, seconds=0.3, settings={"pause": 0.01})
    assert 0.3 <= run.status().seconds < 5 and run.status().step > 3
    assert finished(store, settings={"last": 7}).status().step == 7
    assert finished(store, settings={"last": 7}, steps=5).status().step == 5


# 0.6 s of pauses: on any machine more than two kills fit in.
SLOW = {"pause": 0.005}


def killed(store, run, seconds):
    """Work in another process and kill it so long after it began; whether it was still there."""
    pid = fork(store, run)
    wait(lambda: run.alive or run.status().state == "done", "the process to begin")
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize(
    "limit", [{"steps": 120, "settings": SLOW}, {"settings": {"last": 120, **SLOW}}]
)
def test_killed_at_any_moment_it_resumes_to_the_same_result(store, monkeypatch, limit):
    monkeypatch.setenv("LEVELSET_CHECKPOINT_SECONDS", "0")  # most kills hit a checkpoint's write
    expected = finished(store, seed=5, **limit)
    run = store.create("tiny", limit["settings"], seed=5, device="cpu",
                       steps=limit.get("steps"))  # fmt: skip
    moment, kills = random.Random(0), 0
    while run.status().state == "interrupted":
        done = saved_step(run)
        kills += killed(store, run, moment.uniform(0.0, 0.25))
        assert run.status().state in ("interrupted", "done") and saved_step(run) >= done
    assert kills >= 2
    assert outcome(run) == outcome(expected)
    assert run.result() == expected.result()
    assert not list(run.path.rglob("*.partial"))


def test_a_kill_loses_no_more_than_since_the_last_checkpoint(store, monkeypatch):
    monkeypatch.setenv("LEVELSET_CHECKPOINT_SECONDS", "0.1")
    run = store.create("tiny", {"pause": 0.01}, steps=10_000, device="cpu")
    pid = fork(store, run)
    wait(lambda: run.checkpoint_file.exists(), "a checkpoint")
    time.sleep(0.7)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    reached = run.metrics()[-1]["step"]
    assert load_checkpoint(run.checkpoint_file)["step"] >= reached - 60


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_stops(store, kind):
    expected = finished(store, seed=2, steps=150, settings={"pause": 0.002})
    run = store.create("tiny", {"pause": 0.002}, seed=2, steps=150, device="cpu")
    pid = fork(store, run)
    wait(lambda: run.status().step > 0, "the first steps")
    os.kill(pid, kind)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    status = run.status()
    assert status.state == "interrupted"
    assert load_checkpoint(run.checkpoint_file)["step"] == status.step < 150
    assert work_here(store, run).state == "done"
    assert outcome(run) == outcome(expected)


def test_a_cancelled_run_keeps_its_checkpoint_and_can_be_resumed(store):
    run = store.create("tiny", {"pause": 0.005}, steps=300, device="cpu")
    canceller = threading.Timer(0.6, store.cancel, [run])
    canceller.start()
    status = work_here(store, run)
    canceller.join()
    assert status.state == run.status().state == "cancelled" and 0 < status.step < 300
    assert run.checkpoint_file.exists()
    assert work_here(store, run).state == "done"
    assert [row["step"] for row in run.metrics()] == list(range(1, 301))


def test_failures_are_one_sentence_and_leave_others_alone(store, capfd):
    run = store.create("tiny", {"fail_at": 30}, steps=60, device="cpu")
    status = work_here(store, run)
    assert status.state == "failed"
    assert status.message == "An error at step 30: RuntimeError: the tiny trainer fell over."
    assert "Traceback" in capfd.readouterr().err
    bad = store.create("tiny", {}, steps=60, device="cpu", inputs={"bad.txt": b""})
    assert work_here(store, bad).message == "The input is bad: take another."
    assert "Traceback" not in capfd.readouterr().err


def test_a_damaged_checkpoint_is_one_sentence(store):
    run = store.create("tiny", {}, steps=60, device="cpu")
    run.checkpoint_file.write_bytes(b"nonsense")
    assert work_here(store, run).message == "checkpoint.safetensors is damaged and cannot be read."


def test_only_one_process_works_on_a_run(store):
    run = store.create("tiny", {}, steps=60, device="cpu")
    with FileLock.acquire(run.lock_file), pytest.raises(LevelsetError, match="in use"):
        work_here(store, run)


def test_a_failed_result_can_be_tried_again(store, monkeypatch):
    from tests.runs.tiny_kind import TinyKind

    def fall(*_):
        raise OSError(28, "No space left on device")

    run = store.create("tiny", {}, steps=20, device="cpu")
    with monkeypatch.context() as patch:
        patch.setattr(TinyKind, "finish", fall)
        assert "No space left" in work_here(store, run).message
    assert work_here(store, run).state == "done"
    assert outcome(run) == outcome(finished(store, steps=20))


@pytest.mark.parametrize("text", ["-1", "x", "nan", "inf"])
def test_a_bad_setting_of_the_environment_is_one_sentence(store, monkeypatch, text):
    monkeypatch.setenv("LEVELSET_CHECKPOINT_SECONDS", text)
    run = store.create("tiny", {}, steps=20, device="cpu")
    assert f"got {text!r}" in work_here(store, run).message


def test_two_runs_share_no_instance_of_their_kind():
    assert get_kind("tiny") is not get_kind("tiny")
    assert get_kind("reconstruct") is not get_kind("reconstruct")

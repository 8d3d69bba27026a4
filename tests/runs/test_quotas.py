"""What an owner may use: at most so many runs at once, seconds a day, bytes, and what is told."""

import pytest

from levelset_core.errors import LevelsetError
from levelset_core.runs import RunStore, Viewer, check_upload, usage, work_here
from levelset_core.runs import quotas as module
from levelset_core.runs.quotas import USED, forget_days, quotas, seconds_today
from tests.runs.support import wait, wait_for_state

ANNA = "anna@x.org"


@pytest.fixture
def anna(store):
    return RunStore(store.root, Viewer(ANNA))


def make(store, steps=3, **settings):
    return store.create("tiny", settings, steps=steps, device="cpu")


def test_without_variables_nothing_is_limited():
    assert set(quotas().to_dict().values()) == {None}


@pytest.mark.parametrize(
    ("name", "value"), [("RUNS", "0"), ("RUNS", "1.5"), ("SECONDS", "all"), ("DISK", "-3")]
)
def test_a_wrong_limit_is_told_with_its_variable(monkeypatch, name, value):
    monkeypatch.setenv(f"LEVELSET_QUOTA_{name}", value)
    with pytest.raises(LevelsetError, match=f"LEVELSET_QUOTA_{name} .*{value}"):
        quotas()


def test_runs_at_once_wait_for_the_owners_own_and_let_others_pass(store, anna, monkeypatch):
    monkeypatch.setenv("LEVELSET_QUOTA_RUNS", "1")
    monkeypatch.setenv("LEVELSET_RUN_CORES", "2")
    first, second = make(anna, 10**6, pause=0.01), make(anna, 10**6, pause=0.01)
    other = make(RunStore(store.root, Viewer("bert@x.org")), 10**6, pause=0.01)
    for run in (first, second, other):
        store.submit(run)
    wait(lambda: first.status().step and other.status().step, "one run of each owner")
    assert second.status().state == "queued"
    assert "1 may work at once" in module.why_waiting(second, store.at_work())
    store.kill(first)
    wait_for_state(first, "interrupted")
    store.dispatch()
    wait(lambda: second.alive, "the owner's next run")


def test_seconds_of_a_day_end_a_run_saved_and_are_counted_after_it_is_deleted(anna, monkeypatch):
    monkeypatch.setenv("LEVELSET_QUOTA_SECONDS", "1")
    monkeypatch.setattr(module, "LOOK_EVERY", 0.1)
    monkeypatch.setattr("levelset_core.runs.execution.HEARTBEAT", 0.1)
    run = make(anna, 10**6, pause=0.01)
    status = work_here(anna, run)
    assert status.state == "interrupted" and "tomorrow" in status.message
    assert run.checkpoint_file.exists() and status.step > 0
    for refused in (run, make(anna)):
        with pytest.raises(LevelsetError, match="tomorrow"):
            anna.submit(refused)
    anna.delete(run)
    assert seconds_today(anna.root, ANNA) >= 1
    assert seconds_today(anna.root, "bert@x.org") == 0
    for day in ("2000-01-01", "2000-01-02", "2000-01-03"):
        (anna.root / USED / day).mkdir()
    forget_days(anna.root)
    assert len(list((anna.root / USED).iterdir())) == 3 and seconds_today(anna.root, ANNA) >= 1


def test_disk_is_full_of_an_owners_own(store, anna, monkeypatch):
    monkeypatch.setenv("LEVELSET_QUOTA_DISK", "1")
    run = make(anna)
    (run.artifacts / "large.bin").write_bytes(bytes(1_000_000))
    with pytest.raises(LevelsetError, match=r"of the 1\.0 MB"):
        make(anna)
    with pytest.raises(LevelsetError, match="delete some"):
        anna.submit(run)
    assert make(RunStore(store.root, Viewer("bert@x.org"))) and make(store)
    anna.delete(run)
    assert make(anna)


def test_inputs_count_before_they_are_copied(anna, monkeypatch):
    monkeypatch.setenv("LEVELSET_QUOTA_DISK", "1")
    with pytest.raises(LevelsetError, match="delete some"):
        anna.create("tiny", {}, inputs={"cloud.npz": bytes(1_000_001)})


def test_uploads(monkeypatch):
    monkeypatch.setenv("LEVELSET_QUOTA_UPLOAD", "0.5")
    check_upload(500_000, ANNA), check_upload(10**9, None)
    with pytest.raises(LevelsetError, match=r"500\.0 kB"):
        check_upload(500_001, ANNA)


def test_what_is_used_is_told_with_what_is_allowed(anna, monkeypatch):
    run = make(anna)
    work_here(anna, run)
    told = usage(anna.root, ANNA).told()
    assert "Runs at work: 0;" in told and " of " not in told
    for name, value in {"RUNS": "2", "SECONDS": "3600", "DISK": "500", "UPLOAD": "20"}.items():
        monkeypatch.setenv(f"LEVELSET_QUOTA_{name}", value)
    told = usage(anna.root, ANNA).told()
    assert "0 of 2" in told and "of 1 h" in told and "of 500.0 MB" in told and "20.0 MB" in told
    assert usage(anna.root, ANNA).disk > 0 and usage(anna.root, ANNA).seconds > 0

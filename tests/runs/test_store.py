import io
import json
import os
import zipfile
from dataclasses import replace

import pytest
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from levelset_core.errors import LevelsetError
from levelset_core.runs import RunStatus, RunStore, runs_folder, work_here, zip_chunks
from levelset_core.runs.folder import valid_id
from levelset_core.runs.locks import FileLock, is_locked
from tests.runs.support import outcome


def test_the_folder_is_the_environments_or_the_systems(monkeypatch, tmp_path):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path / "mine"))
    assert runs_folder() == tmp_path / "mine"
    monkeypatch.delenv("LEVELSET_RUNS")
    monkeypatch.setattr("platformdirs.PlatformDirs", Unix)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert runs_folder() == tmp_path / "data" / "levelset" / "runs"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert runs_folder() == tmp_path / ".local" / "share" / "levelset" / "runs"
    monkeypatch.setattr("platformdirs.PlatformDirs", MacOS)
    assert runs_folder() == tmp_path / "Library" / "Application Support" / "levelset" / "runs"


def test_a_new_run_has_its_settings_and_inputs(store, tmp_path):
    cloud = tmp_path / "scan.ply"
    cloud.write_bytes(b"ply")
    run = store.create(
        "tiny", {"pause": 0.5}, name="Armadillo", seed=3, device="cpu", threads=2, steps=9,
        inputs={"cloud.ply": cloud, "points.npy": b"xyz"},
    )  # fmt: skip
    assert valid_id(run.id) and run.id.startswith("tiny-")
    config = RunStore().get(run.id).config
    assert (config.kind, config.name, config.seed, config.threads) == ("tiny", "Armadillo", 3, 2)
    assert (config.settings, config.steps, config.device) == ({"pause": 0.5}, 9, "cpu")
    assert (run.inputs / "cloud.ply").read_bytes() == b"ply"
    assert (run.inputs / "points.npy").read_bytes() == b"xyz"
    assert run.status().state == "interrupted" and not run.metrics() and run.result() is None


def test_runs_are_listed_newest_first_and_found_by_part_of_the_id(store):
    runs = [store.create("tiny", {}, steps=1, device="cpu") for _ in range(3)]
    assert [run.id for run in store.runs()] == [run.id for run in reversed(runs)]
    assert len({run.id for run in runs}) == 3
    assert store.find(runs[1].id[-8:]).id == runs[1].id
    with pytest.raises(LevelsetError, match="3 runs have 'tiny'"):
        store.find("tiny")


@pytest.mark.parametrize("text", ["", ".", "..", "../x", "/etc", "a/b", ".lock", "A" * 9, "nope-1"])
def test_what_is_no_id_of_a_run_is_refused(store, text):
    store.create("tiny", {}, steps=1, device="cpu")
    with pytest.raises(LevelsetError, match="no run"):
        store.get(text)
    with pytest.raises(LevelsetError, match="no run"):
        store.find(text)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"kind": "fly"}, "no runs of kind 'fly'"),
        ({"settings": {"wings": 2}}, "Unknown setting 'wings'"),
        ({"steps": 0}, "got 0"),
        ({"seconds": float("nan")}, "got nan"),
        ({"threads": 0}, "got 0"),
        ({"device": "tpu"}, "Unknown device 'tpu'"),
        ({"inputs": {"../x": b""}}, "no name for an input"),
    ],
)
def test_a_run_that_cannot_be_is_refused_and_leaves_nothing(store, arguments, what):
    with pytest.raises(LevelsetError, match=what):
        store.create(**{"kind": "tiny", "settings": {}, "device": "cpu", **arguments})
    assert not store.runs() and not list(store.root.glob(".new*"))


def test_a_run_whose_process_is_gone_is_interrupted(store):
    run = store.create("tiny", {}, steps=5, device="cpu")
    with FileLock.acquire(run.lock_file):
        run.write_status(RunStatus("running", step=3))
        assert run.status().state == "running"
        with pytest.raises(LevelsetError, match="cannot be resumed"):
            store.submit(run)
        with pytest.raises(LevelsetError, match="is running: cancel it"):
            store.delete(run)
        store.cancel(run)
    assert run.status() == RunStatus("cancelled", step=3)
    run.forget_cancel()
    assert run.status() == RunStatus("interrupted", step=3)
    with pytest.raises(LevelsetError, match="nothing to cancel"):
        store.cancel(run)


def test_asking_who_holds_a_lock_does_not_take_it(tmp_path):
    path = tmp_path / "lock"
    assert not is_locked(path)
    with FileLock.acquire(path):
        assert is_locked(path) and is_locked(path)
        with pytest.raises(LevelsetError, match="in use"):
            FileLock.acquire(path, patience=0.02)
    assert not is_locked(path)
    FileLock.acquire(path).release()


@pytest.mark.parametrize(
    ("file", "content", "what"),
    [
        ("config.json", None, "config.json cannot be read"),
        ("config.json", "{", "not JSON"),
        ("config.json", "[]", "JSON object"),
        ("config.json", '{"version": 99}', "version 99, this program reads up to 1"),
        ("config.json", '{"version": 1, "kind": 7}', "'kind' is missing or wrong"),
        ("status.json", '{"state": "flying"}', "state 'flying'"),
        ("status.json", '{"state": "done", "step": "x"}', "step 'x'"),
        ("status.json", "\0\1", "not JSON"),
    ],
)
def test_a_damaged_folder_is_one_sentence_in_the_list(store, file, content, what):
    good, bad = (store.create("tiny", {}, steps=2, device="cpu") for _ in range(2))
    if content is None:
        (bad.path / file).unlink()
    else:
        (bad.path / file).write_text(content)
    listed = {run.id: run.problem() for run in store.runs()}
    assert listed[good.id] is None
    assert what in listed[bad.id] and listed[bad.id].endswith(".")
    for attempt in (store.submit, store.cancel):
        with pytest.raises(LevelsetError, match="cannot be used"):
            attempt(bad)
    store.dispatch()
    assert b"".join(zip_chunks(bad))
    store.delete(bad)
    assert [run.id for run in store.runs()] == [good.id]


def test_settings_of_a_later_version_are_kept_out_of_the_way(store):
    run = store.create("tiny", {}, steps=2, device="cpu")
    path = run.path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "colour": "blue"}))
    assert store.get(run.id).config.steps == 2


def test_the_zip_holds_the_run_without_what_is_internal(store):
    run = store.create("tiny", {}, steps=40, device="cpu", inputs={"a.txt": b"a" * 3_000_000})
    work_here(store, run)
    (run.path / ".status.json.1.partial").write_text("half")
    with zipfile.ZipFile(io.BytesIO(b"".join(zip_chunks(run)))) as archive:
        assert archive.testzip() is None
        names = {name.removeprefix(f"{run.id}/") for name in archive.namelist()}
        assert archive.read(f"{run.id}/inputs/a.txt") == b"a" * 3_000_000
    assert {"config.json", "metrics.jsonl", "checkpoint.safetensors", "status.json",
            "artifacts/weights.npy", "inputs/a.txt", "result.json"} <= names  # fmt: skip
    assert not any("lock" in name or "partial" in name for name in names)


def test_a_status_is_never_half_written(store):
    """A reader in another process sees whole files only, however fast they are replaced."""
    run = store.create("tiny", {}, steps=2, device="cpu")
    reader = os.fork()
    if reader == 0:
        try:
            while not run.cancel_requested:
                store.get(run.id).status()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = run.status()
    for step in range(300):
        run.write_status(replace(status, step=step, message="x" * (step % 7) * 500))
    run.request_cancel()
    assert os.waitpid(reader, 0)[1] == 0


def test_the_same_settings_give_the_same_result(store):
    runs = [store.create("tiny", {}, steps=60, seed=s, device="cpu") for s in (1, 1, 2)]
    for run in runs:
        assert work_here(store, run).state == "done"
    assert outcome(runs[0]) == outcome(runs[1])
    assert outcome(runs[0]) != outcome(runs[2])

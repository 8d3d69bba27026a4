"""Damaged runs, full disks and folders that cannot be written: one sentence, and others go on."""

import errno
import json
import os

import pytest

from levelset_core import cli
from levelset_core.errors import LevelsetError
from levelset_core.runs import summary, work_here
from levelset_core.runs.locks import FileLock


def run_of(store):
    return store.create("tiny", {}, steps=3, device="cpu")


@pytest.mark.parametrize("file", ["status.json", "config.json"])
def test_deep_brackets_break_no_other_run(store, capsys, file):
    broken, whole = run_of(store), run_of(store)
    (broken.path / file).write_text("[" * 200_000)
    assert "not JSON" in summary(broken)["problem"]
    assert cli.main(["runs", "list"]) == cli.DONE
    assert f"{broken.id}  damaged" in capsys.readouterr().out
    assert work_here(store, whole).state == "done"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fraction", 1.5), ("fraction", -0.1), ("fraction", float("nan")), ("step", 1e300),
        ("step", None), ("seconds", float("inf")), ("seconds_left", -3), ("message", ["a"]),
        ("started_at", 1e18), ("state", ["done"]), ("steps", "ten"), ("pid", 0), ("pid", 2.5),
        ("host", 7),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_are_damage(store, name, value):
    run = run_of(store)
    path = run.path / "status.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    assert "status.json is damaged" in summary(run)["problem"]


@pytest.mark.parametrize(("name", "value"), [("threads", -1), ("steps", 0), ("seconds", -1.0)])
def test_so_are_settings_that_cannot_be(store, name, value):
    run = run_of(store)
    path = run.path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    assert "config.json is damaged" in summary(store.get(run.id))["problem"]


def test_texts_of_a_damaged_run_are_shown_on_one_line(store, capsys):
    run = run_of(store)
    odd = "\ud800\u202ea\nb" + "x" * 10**6
    for file, name in (("config.json", "name"), ("status.json", "message")):
        path = run.path / file
        path.write_text(json.dumps(json.loads(path.read_text()) | {name: odd}))
    seen = summary(store.get(run.id))
    for text in (seen["name"], seen["message"]):
        assert text.startswith("\\ud800\\u202ea\\nb") and len(text) < 2000 and text.encode()
    assert cli.main(["runs", "list"]) == cli.DONE
    assert "\\u202ea" in capsys.readouterr().out


def test_of_a_file_of_junk_no_more_is_read_than_fits(store, monkeypatch):
    monkeypatch.setattr("levelset_core.runs.files.MAX_JSON", 1 << 20)
    run = run_of(store)
    (run.path / "status.json").write_bytes(b" " * (2 << 20))
    (run.path / "metrics.jsonl").write_bytes(b" " * (4 << 20))
    (run.path / "times.jsonl").write_bytes(b"[0, 1.0]".ljust(31) + b"\n")
    assert summary(run)["problem"] == "status.json is damaged: it has more than 1 MB."
    assert run.metrics() == []


def fails(code):
    def fail(*arguments, **others):
        raise OSError(code, os.strerror(code), "status.json")

    return fail


def test_a_full_disk_ends_a_run_in_a_sentence_and_it_goes_on_later(store, monkeypatch):
    run = run_of(store)
    with monkeypatch.context() as full:
        full.setattr("levelset_core.runs.files.os.fsync", fails(errno.ENOSPC))
        with pytest.raises(LevelsetError, match=r"cannot be written: No space left on device"):
            work_here(store, run)
    assert not run.alive and not summary(run)["problem"]
    assert work_here(store, run).state == "done"


def test_a_full_disk_meanwhile_is_told_in_its_state(store, monkeypatch):
    run = run_of(store)
    with monkeypatch.context() as full:
        full.setattr("levelset_core.runs.execution.save_checkpoint", fails(errno.ENOSPC))
        status = work_here(store, run)
    assert status.state == "failed"
    assert status.message == "At step 3: No space left on device (status.json)."


def test_a_folder_that_cannot_be_written(store, monkeypatch, capsys):
    run = run_of(store)
    with monkeypatch.context() as closed:
        closed.setattr(FileLock, "acquire", fails(errno.EROFS))
        with pytest.raises(LevelsetError, match="cannot be worked on: Read-only file system"):
            work_here(store, run)
        assert cli.main(["runs", "list"]) == cli.DONE
        assert cli.main(["runs", "resume", run.id]) == cli.BAD_INPUT
        assert cli.main(["runs", "cancel", run.id]) == cli.BAD_INPUT
    assert "Read-only file system" in capsys.readouterr().err

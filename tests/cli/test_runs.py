"""``runs`` on the command line."""

import json
import os
import subprocess
import sys

import pytest

from levelset_core import cli
from tests.children import child
from tests.runs.support import outcome, wait, wait_for_state


def answer(capsys, *arguments):
    code = cli.main(["runs", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def finished(store):
    run = store.create("tiny", {}, steps=20, seed=3, device="cpu", name="A short one")
    assert cli.main(["runs", "resume", run.id]) == cli.DONE
    return run


def test_an_empty_store_is_no_error(store, capsys):
    assert cli.main(["runs", "list"]) == cli.DONE
    assert str(store.root) in capsys.readouterr().out


def test_list_shows_every_run_and_filters(store, finished, capsys):
    waiting = store.create("tiny", {}, steps=20, device="cpu")
    damaged = store.create("tiny", {}, steps=20, device="cpu")
    (damaged.path / "config.json").write_text("{")
    capsys.readouterr()
    _, found = answer(capsys, "list")
    states = {row["id"]: row["state"] for row in found["runs"]}
    assert states == {finished.id: "done", waiting.id: "interrupted", damaged.id: "damaged"}
    _, found = answer(capsys, "list", "--state", "done")
    assert [row["id"] for row in found["runs"]] == [finished.id]
    assert cli.main(["runs", "list"]) == cli.DONE
    out = capsys.readouterr().out
    assert "A short one" in out and "100%" in out and "damaged: config.json" in out


def test_show_takes_a_part_of_the_id(finished, capsys):
    capsys.readouterr()
    code, shown = answer(capsys, "show", finished.id[-8:])
    assert code == cli.DONE
    assert (shown["state"], shown["step"], shown["seed"]) == ("done", 20, 3)
    assert shown["result"] == {"steps": 20} and shown["metrics"]["step"] == 20
    assert cli.main(["runs", "show", finished.id]) == cli.DONE
    assert "result.steps: 20" in capsys.readouterr().out


def test_an_interrupt_saves_and_a_resume_ends_with_the_same_result(store, capsys):
    whole = store.create("tiny", {}, steps=300, seed=5, device="cpu")
    cut = store.create("tiny", {"pause": 0.005}, steps=300, seed=5, device="cpu")
    command = [sys.executable, "-m", "levelset_core", "runs", "resume", cut.id, "--json"]
    with child(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        wait(lambda: cut.status().step > 10, "some steps")
        process.send_signal(subprocess.signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == cli.INTERRUPTED
    assert json.loads(out)["state"] == "interrupted"
    for run in (whole, cut):
        assert cli.main(["runs", "resume", run.id]) == cli.DONE
    assert outcome(cut) == outcome(whole)


def test_detach_and_cancel(store, capsys):
    run = store.create("tiny", {"pause": 0.01}, steps=100_000, device="cpu")
    _, told = answer(capsys, "resume", run.id, "--detach")
    assert told["state"] in ("queued", "running")
    wait(lambda: run.status().step > 0, "the run to train")
    _, told = answer(capsys, "cancel", run.id)
    assert told["state"] == "cancelled"
    wait_for_state(run, "cancelled")


def test_delete_removes_the_folder(finished, capsys):
    capsys.readouterr()
    _, told = answer(capsys, "delete", finished.id)
    assert told == {"id": finished.id, "deleted": True}
    assert not finished.path.exists()


@pytest.mark.parametrize("action", ["show", "resume", "cancel", "delete"])
@pytest.mark.parametrize("name", ["nothing-here", "../../etc"])
def test_an_unknown_run_is_one_sentence(store, capsys, action, name):
    assert cli.main(["runs", action, name]) == cli.BAD_INPUT
    err = capsys.readouterr().err
    assert name in err and err.count("\n") == 1


def test_done_runs_and_failing_runs_say_so(store, finished, capsys):
    assert cli.main(["runs", "resume", finished.id]) == cli.BAD_INPUT
    assert "is done" in capsys.readouterr().err
    assert cli.main(["runs", "cancel", finished.id]) == cli.BAD_INPUT
    capsys.readouterr()
    run = store.create("tiny", {}, steps=9, device="cpu", inputs={"bad.txt": b""})
    assert cli.main(["runs", "resume", run.id]) == cli.BAD_INPUT
    assert capsys.readouterr().err.endswith("The input is bad: take another.\n")
    assert not os.path.exists(run.checkpoint_file)

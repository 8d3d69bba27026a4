"""A run outlives the tab, the server, and its own process."""

import os
import signal

import pytest
from playwright.sync_api import expect

from levelset_core.runs import work_here
from tests.e2e.servers import PATIENCE, run_store
from tests.runs.support import outcome, wait, wait_for_state

STEPS = 400


@pytest.fixture
def store(tmp_path, monkeypatch):
    own = {"LEVELSET_RUN_KINDS": "tests.runs.tiny_kind", "LEVELSET_CHECKPOINT_SECONDS": "0.2"}
    with run_store(monkeypatch, tmp_path / "runs", **own) as store:
        yield store


def test_started_tab_closed_server_and_run_killed_resumed_finished(store, serve, browse, tmp_path):
    run = store.create("tiny", {"pause": 0.05}, steps=STEPS, seed=4, device="cpu", name="Bunny")
    whole = store.create("tiny", {}, steps=STEPS, seed=4, device="cpu", name="Whole")
    work_here(store, whole)
    first = serve()
    page = browse(f"{first.url}/runs?run={run.id}", ready=False).page
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text(f"of {STEPS} ·")).to_be_visible()
    page.close()
    os.killpg(first.process.pid, signal.SIGKILL)
    first.process.wait()
    step = run.status().step
    wait(lambda: run.status().step > step + 5, "the run to go on without a server")
    assert run.status().state == "running"
    wait(run.checkpoint_file.exists, "a checkpoint")
    run.kill()
    wait_for_state(run, "interrupted")

    second = serve()
    page = browse(f"{second.url}/runs?run={run.id}", ready=False).page
    page.get_by_role("button", name="Resume", exact=True).click()
    done = page.get_by_text(f"step {STEPS} of {STEPS}")
    expect(done).to_be_visible(timeout=1000 * (PATIENCE + STEPS * 0.1))
    wait_for_state(run, "done")
    assert outcome(run) == outcome(whole)

    expect(page.get_by_role("link", name="Download zip")).to_have_count(1)
    with page.expect_download() as info:
        page.get_by_role("link", name="Download zip").click()
    assert info.value.suggested_filename == f"{run.id}.zip"
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="Whole")).to_be_visible()
    assert not run.path.exists()

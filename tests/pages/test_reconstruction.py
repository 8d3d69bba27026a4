"""The page Reconstruction as Streamlit runs it, without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from levelset_core.runs import RunStore

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def page(store, monkeypatch):
    monkeypatch.setattr(RunStore, "dispatch", lambda self: None)  # all runs wait in the queue
    at = AppTest.from_file(
        str(ROOT / "pages" / "reconstruction" / "page.py"), default_timeout=120
    ).run()
    assert not at.exception
    return at


def reconstruct(at):
    next(b for b in at.button if b.key == "start").click().run()
    assert not at.exception


def test_ones_own_file_is_the_first_choice_and_the_bunny_the_default(page):
    points = page.selectbox(key="cloud")
    assert points.options[0] == "Your own file…" and points.value == "bunny"


def test_a_second_click_shows_the_run_that_is_there(page, store):
    reconstruct(page)
    (run,) = store.runs()
    assert not page.toast
    reconstruct(page)
    assert [r.id for r in store.runs()] == [run.id]
    assert page.toast[0].value.startswith("This very reconstruction is queued already")
    assert page.query_params["run"] in (run.id, [run.id])
    page.number_input(key="seconds_quick").set_value(30).run()
    reconstruct(page)
    assert len(store.runs()) == 2 and not page.toast


def test_a_run_cancelled_in_the_queue_had_not_begun(page, store):
    reconstruct(page)
    (run,) = store.runs()
    store.cancel(run)
    page.run()
    assert not page.exception
    assert any(info.value.startswith("No step was taken yet") for info in page.info)
    reconstruct(page)  # it is over: the same may be started anew
    assert len(store.runs()) == 2

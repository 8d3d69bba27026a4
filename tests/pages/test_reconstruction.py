"""The page Reconstruction as Streamlit runs it, without a browser."""

import math
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from levelset_core.runs import RunStore

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def page(store, monkeypatch):
    monkeypatch.setattr(RunStore, "_dispatch", lambda self: None)  # all runs wait in the queue
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


UTM = np.array([403_600.0, 4_503_700.0, 100.0])


def table(*columns, mark=" ", heading=""):
    rows = [mark.join(f"{x:.6g}" if abs(x) < 1e5 else f"{x:.3f}" for x in row)
            for row in np.column_stack(columns)]  # fmt: skip
    return "\n".join([heading, *rows] if heading else rows).encode()


def opened(page, *files):
    page.selectbox(key="cloud").select("upload").run()
    if len(files) > 1:
        page.checkbox(key="upload_several").check().run()
    key = "uploads" if len(files) > 1 else "upload"
    page.file_uploader(key=key).set_value([(n, data, "") for n, data in files]).run()
    assert not page.exception
    return " ".join(caption.value for caption in page.caption)


def test_an_upload_says_at_once_what_it_is(page):
    points = np.random.default_rng(0).normal(size=(500, 3))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    colours = np.random.default_rng(1).integers(0, 256, (500, 3))
    told = opened(page, ("far.xyz", table(10 * points + UTM, colours)))
    assert "500 points, 19." in told and " × " in told and "spacing" in told
    assert "metres, by coordinates like those of a national grid" in told
    assert "4, 5, 6 are red, green, blue" in told
    assert not page.error


def test_doubtful_columns_are_chosen(page):
    points = np.random.default_rng(0).normal(size=(500, 3))
    data = table(np.arange(500) % 9, points, mark=",", heading="a,b,c,d")
    opened(page, ("odd.csv", data))
    assert "choose which columns are x, y and z" in page.error[0].value
    boxes = [box for box in page.selectbox if box.label in "xyz"]
    assert [box.value for box in boxes] == [None, None, None]
    for box, column in zip(boxes, (1, 2, 3), strict=True):
        box.select(column)
    page.run()
    assert not page.error and not page.exception
    assert any("500 points" in caption.value for caption in page.caption)
    (rows,) = (
        e.proto.body for e in page.get("html") if "The first rows of the file" in e.proto.body
    )
    assert rows.count("<tr>") == 1 + 6 and rows.count("<th ") == 4 + 6


def test_several_files_are_one_cloud(page):
    points = np.random.default_rng(0).normal(size=(500, 3))
    conf = b"bmesh one.xyz 0 0 0 0 0 0 1\nbmesh two.xyz 9 0 0 0 0 0 1\n"
    files = [("one.xyz", table(points)), ("two.xyz", table(points)), ("both.conf", conf)]
    told = opened(page, *files)
    assert "1,000 points" in told and "2 scans are moved to where their poses say" in told


def test_before_a_run_the_points_are_surveyed_and_outliers_shown(page):
    page.selectbox(key="cloud").select("genus_two").run()
    told = " ".join(caption.value for caption in page.caption)
    assert "The points seem to be a closed surface" in told and "20,000 points" in told
    assert "would be left out as" in told and "Takes roughly" in told
    page.select_slider(key="outliers_quick").set_value(math.inf).run()
    assert not page.exception
    assert not any("left out as" in caption.value for caption in page.caption)
    page.select_slider(key="outliers_quick").set_value(1.5).run()
    (many,) = [c.value for c in page.caption if "would be left out as outliers" in c.value]
    assert int(many.split("filter_alt: ")[1].split(" of")[0].replace(",", "")) > 100


def test_it_opens_on_a_stored_reconstruction(page, store):
    assert not store.runs()
    told = " ".join(caption.value for caption in page.caption)
    assert "Stored with the program" in told and "you watch it from the first second" in told
    start = next(b for b in page.button if b.key == "start")
    assert start.label == "Reconstruct it yourself"
    for tab in ("compare", "export", "stills"):
        page.segmented_control(key="reconstruction_tab").select(tab).run()
        assert not page.exception and not page.error
    page.selectbox(key="cloud").select("trefoil").run()
    assert not page.exception
    start = next(b for b in page.button if b.key == "start")
    assert start.label == "Reconstruct"


def test_fewer_triangles_are_exported_at_a_told_cost(page):
    page.segmented_control(key="reconstruction_tab").select("export").run()
    (budget,) = [n for n in page.number_input if n.label == "Triangles at most"]
    assert budget.value == budget.max > 10_000
    budget.set_value(5000).run()
    assert not page.exception
    told = " ".join(caption.value for caption in page.caption)
    assert f"of {int(budget.max):,} triangles: the surface moves by" in told

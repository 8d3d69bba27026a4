"""The exact networks page as Streamlit runs it, without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from levelset_core.exact.shapes import PLANE_SHAPES, SOLIDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def page():
    at = AppTest.from_file(str(ROOT / "pages" / "shell.py"), default_timeout=120).run()
    at.switch_page(str(ROOT / "pages" / "exact" / "page.py")).run()
    assert not at.exception
    return at


def figure(at, label: str) -> str:
    return next(metric.value for metric in at.metric if label in metric.label)


def draw(at, rings) -> None:
    load = at.session_state["exact_plane"]["load"]
    edit = at.session_state["exact_plane"]["edit"] + 1
    at.session_state["polygon"] = {
        "shape": {"load": load, "edit": edit, "rings": rings, "chains": []}
    }
    at.run()


@pytest.mark.parametrize("name", PLANE_SHAPES)
def test_every_example_in_the_plane(page, name):
    page.pills(key="plane_preset").set_value(name).run()
    assert not page.exception
    assert figure(page, "random points") == "0"
    assert float(figure(page, "Largest |F|")) <= 1e-12
    assert int(figure(page, "Lines")) <= PLANE_SHAPES[name]().edges


@pytest.mark.parametrize("name", SOLIDS)
def test_every_example_in_space(page, name):
    page.segmented_control(key="exact_space").set_value("Space").run()
    page.pills(key="solid_preset").set_value(name).run()
    assert not page.exception
    assert figure(page, "random points") == "0"
    assert int(figure(page, "Planes")) <= 12


def test_a_drawing_reaches_the_network_and_a_bad_one_is_a_sentence(page):
    draw(page, [[[0, 0], [1, 0], [0, 1]]])
    assert figure(page, "Lines") == "3"
    draw(page, [[[0, 0], [1, 1], [1, 0], [0, 1]]])
    assert not page.exception and not page.metric
    assert "intersects itself" in page.info[0].value
    assert page.session_state["exact_plane"]["work"].crossing == (0.5, 0.5)
    draw(page, [])
    assert "Draw a ring" in page.info[0].value


def test_a_click_on_the_chosen_shape_brings_it_back(page):
    draw(page, [])
    assert "Draw a ring" in page.info[0].value
    page.pills(key="plane_preset").set_value(None).run()  # as the browser sends that click
    assert figure(page, "Lines") == str(PLANE_SHAPES["L"]().edges)
    assert page.pills(key="plane_preset").value == "L"


def test_a_changed_weight_is_counted_and_restored(page):
    page.session_state["plane_graph_place"] = (3, 0, 0)
    page.run()
    page.slider[0].set_value(0.5).run()
    assert figure(page, "random points") != "0"
    next(b for b in page.button if b.label == "Restore").click().run()
    assert figure(page, "random points") == "0"
    assert not page.exception


def test_a_change_ends_with_its_shape_and_with_its_tab(page):
    for end in (
        lambda: page.pills(key="plane_preset").set_value("Star").run(),
        lambda: page.segmented_control(key="exact_tab").set_value("contrast").run(),
    ):
        last = page.session_state["exact_plane"]["work"].exact.depth
        page.session_state["plane_graph_place"] = (last, 0, 0)
        page.run()
        page.slider[0].set_value(0.5).run()
        assert figure(page, "random points") != "0"
        end()
        assert not page.exception
        assert figure(page, "random points") == "0"


def test_a_polygon_file_and_a_bad_one(page):
    content = json.dumps({"rings": [[[0, 0], [9, 0], [9, 9], [0, 9]]]}).encode()
    page.file_uploader(key="plane_file").set_value(("a.json", content, "application/json")).run()
    assert figure(page, "Lines") == "4"
    page.file_uploader(key="plane_file").set_value(("b.json", b"{", "application/json")).run()
    assert not page.exception and figure(page, "Lines") == "4"
    assert "no readable JSON" in page.error[0].value
    page.file_uploader(key="plane_file").set_value(("c.tgif", b"x", "")).run()
    assert "c.tgif: polygons are read from .json, .geojson, .wkt" in page.error[0].value
    page.pills(key="plane_preset").set_value("Star").run()
    assert not page.error


def test_a_mesh_file_of_another_type_is_a_sentence(page):
    page.segmented_control(key="exact_space").set_value("Space").run()
    page.file_uploader(key="solid_file").set_value(("a.tgif", b"x", "")).run()
    assert not page.exception and "a.tgif" in page.error[0].value
    assert figure(page, "Planes") == "8"  # what was there stays


def test_files_to_take_away(page):
    page.segmented_control(key="exact_tab").set_value("export").run()
    assert not page.exception
    assert "load_state_dict" in page.code[0].value

"""The exact networks page as Streamlit runs it, without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
import torch
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
    assert figure(page, "Wrong signs") == "0"
    assert float(figure(page, "Largest |F|")) <= 1e-12
    assert int(figure(page, "Lines")) <= PLANE_SHAPES[name]().edges


@pytest.mark.parametrize("name", SOLIDS)
def test_every_example_in_space(page, name):
    page.segmented_control(key="exact_space").set_value("Space").run()
    page.pills(key="solid_preset").set_value(name).run()
    assert not page.exception
    assert figure(page, "Wrong signs") == "0"
    assert int(figure(page, "Planes")) <= 12


def test_a_drawing_reaches_the_network_and_a_bad_one_is_a_sentence(page):
    draw(page, [[[0, 0], [1, 0], [0, 1]]])
    assert figure(page, "Lines") == "3"
    draw(page, [[[0, 0], [1, 1], [1, 0], [0, 1]]])
    assert not page.exception and not page.metric
    assert "intersects itself" in page.info[0].value
    assert page.session_state["exact_plane"]["work"].crossing == (0.5, 0.5)
    draw(page, [])
    assert "Draw a polygon" in page.info[0].value
    assert page.pills(key="plane_preset").value is None  # nothing on the canvas is the L any more


def test_a_click_on_the_chosen_shape_brings_it_back(page):
    draw(page, [])
    assert "Draw a polygon" in page.info[0].value
    page.pills(key="plane_preset").set_value("L").run()
    page.pills(key="plane_preset").set_value(None).run()  # as the browser sends a second click
    assert figure(page, "Lines") == str(PLANE_SHAPES["L"]().edges)
    assert page.pills(key="plane_preset").value == "L"


def test_a_changed_weight_is_counted_and_restored(page):
    page.session_state["plane_graph_place"] = (3, 0, 0)
    page.run()
    page.slider[0].set_value(0.5).run()
    assert figure(page, "Wrong signs") != "0"
    next(b for b in page.button if b.label == "Restore").click().run()
    assert figure(page, "Wrong signs") == "0"
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
        assert figure(page, "Wrong signs") != "0"
        end()
        assert not page.exception
        assert figure(page, "Wrong signs") == "0"


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


def test_a_file_keeps_its_digits_and_its_coordinates(page):
    angle, t = 0.4, np.linspace(0, 1, 8, endpoint=False)[:, None]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = 300 * np.array([[0, 0], [2, 0], [2, 1], [1, 1], [1, 3], [0, 3.0]]) @ turn
    corners += [5e5, 5.4e6]
    ends = zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ring = np.round(np.concatenate([a + t * (b - a) for a, b in ends]), 2)
    content = json.dumps({"type": "Polygon", "coordinates": [ring.tolist()]}).encode()
    page.file_uploader(key="plane_file").set_value(("a.geojson", content, "")).run()
    assert figure(page, "Lines") == "6"  # the 42 others are straight up to their two decimals
    (note,) = (n.value for n in page.caption if "42 vertices were left out" in n.value)
    assert float(note.split("within ")[1].split(":")[0]) > 0.005  # in the file's metres
    page.number_input(key="plane_tolerance").set_value(0.0).run()
    assert int(figure(page, "Lines")) > 6
    page.number_input(key="plane_tolerance").set_value(None).run()
    work = page.session_state["exact_plane"]["work"]
    assert "file" in work.coordinates
    x = np.random.default_rng(0).uniform(ring.min(0) - 50, ring.max(0) + 50, (1000, 2))
    inside = shapely.contains_xy(shapely.Polygon(corners), x[:, 0], x[:, 1])
    near = shapely.distance(shapely.Polygon(corners).exterior, shapely.points(x)) < 0.05
    value = work.to_export.network(torch.from_numpy(x))[:, 0].detach().numpy()
    assert (((value < 0) == inside) | near).all()
    assert np.abs(value).max() > 10  # as long as the file's


def test_a_form_that_changes_nothing_says_so(page):
    page.segmented_control(key="plane_form").set_value("balanced").run()
    assert any("Balancing saves no layer here" in note.value for note in page.caption)


def test_a_mesh_file_of_another_type_is_a_sentence(page):
    page.segmented_control(key="exact_space").set_value("Space").run()
    page.file_uploader(key="solid_file").set_value(("a.tgif", b"x", "")).run()
    assert not page.exception and "a.tgif: a solid is a mesh" in page.error[0].value
    assert figure(page, "Planes") == "8"  # what was there stays


def test_files_to_take_away(page):
    page.segmented_control(key="exact_tab").set_value("export").run()
    assert not page.exception
    assert "load_state_dict" in page.code[0].value

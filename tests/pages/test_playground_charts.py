"""When the playground's charts are redrawn, and what they show."""

import re
from types import SimpleNamespace

import pytest

from pages.playground.charts import (
    CHARTS,
    Drawn,
    chart,
    charts_due,
    networks_key,
    standing,
)


def row(step, panel=0, **values):
    columns = ("loss", "accuracy", "held_out", "margin_min", "margin_newton", "margin_median")
    figures = dict.fromkeys((*columns, "residual"), 0.5) | {"norm": "linf", "trouble": ""} | values
    return {"step": step, "panel": panel, "title": f"panel {panel}", **figures}


def session(*, playing=True, name="one"):
    return SimpleNamespace(id=name, playing=playing)


def drawn_at(rows, moments, *, playing=True):
    return {
        title: Drawn(chart(title, rows), "one", playing, rows[0], rows[-1], at)
        for title, at in zip(CHARTS, moments, strict=True)
    }


@pytest.fixture
def now(monkeypatch):
    monkeypatch.setattr("pages.playground.charts.time.monotonic", lambda: 100.0)


def test_all_charts_are_due_at_first():
    assert charts_due({}, session(), [row(1)]) == list(CHARTS)


def test_while_training_goes_on_one_chart_at_a_time_is_due_the_oldest_first(now):
    rows = [row(step) for step in range(1, 101)]
    drawn = drawn_at(rows, [99.5, 99.0, 99.4, 99.6])
    assert charts_due(drawn, session(), rows) == []
    rows.append(row(109))  # grown by 9%
    assert charts_due(drawn, session(), rows) == []
    rows.append(row(111))
    assert charts_due(drawn, session(), rows) == [list(CHARTS)[1]]


def test_a_chart_too_old_is_due_however_little_it_has_grown(now):
    rows = [row(step) for step in range(1, 101)]
    drawn = drawn_at(rows, [99.5, 99.0, 93.0, 99.6])
    rows.append(row(101))
    assert charts_due(drawn, session(), rows) == [list(CHARTS)[2]]


def test_a_pause_a_reset_and_another_session_redraw_everything(now):
    rows = [row(1), row(2)]
    drawn = drawn_at(rows, [100.0] * 4)
    assert charts_due(drawn, session(playing=False), [*rows, row(3)]) == list(CHARTS)
    assert charts_due(drawn, session(), [row(1), row(2)]) == list(CHARTS)
    assert charts_due(drawn, session(name="two"), [*rows, row(3)]) == list(CHARTS)


def test_a_chart_has_a_curve_for_every_column_that_has_values():
    rows = [row(1, held_out=None), row(2, held_out=None)]
    assert [curve.name for curve in chart("Accuracy", rows).data] == ["points"]
    assert [curve.name for curve in chart("Input margin", rows).data] == [
        "smallest", "by Newton", "median",
    ]  # fmt: skip
    assert list(chart("Loss", rows).data[0].x) == [1, 2]


def test_several_networks_share_a_chart_and_are_told_apart_without_colour():
    rows = [row(step, panel, loss=panel + 1.0) for step in (1, 2) for panel in (0, 1)]
    curves = chart("Loss", rows).data
    assert [curve.name for curve in curves] == ["panel 0", "panel 1"]
    assert [list(curve.y) for curve in curves] == [[1.0, 1.0], [2.0, 2.0]]
    assert len({curve.line.dash for curve in curves}) == 2


@pytest.mark.parametrize(
    ("values", "low", "high", "every"),
    [((4e-8, 5e-7), -8, -6, 1), ((1e-9, 30.0), -9, 2, 3), ((1e-7, None, 0.0), -7, -6, 1)],
)
def test_residuals_have_ticks_at_powers_of_ten_alone(values, low, high, every):
    rows = [row(step, residual=value) for step, value in enumerate(values)]
    axis = chart("Newton residual |F(p)|", rows).layout.yaxis
    assert (axis.range, axis.tick0, axis.dtick) == ((low, high), low, every)


def test_the_keys_of_the_curves_stand_on_top():
    layout = chart("Input margin", [row(1)]).layout
    (note,) = layout.annotations
    assert all(name in note.text for name in ("smallest", "Newton", "median"))
    assert (note.yref, note.y, note.yanchor) == ("paper", 1, "bottom")
    assert layout.margin.t > 40 and not chart("Loss", [row(1)]).layout.annotations
    several = chart("Loss", [row(1), row(1, 1)]).data
    assert [curve.showlegend for curve in several] == [False, False]
    key = networks_key([row(1, panel) for panel in range(4)])
    assert all(f"panel {panel}" in key for panel in range(4))
    assert len(set(re.findall(r"gradient\(([^)]*)", key))) == 4
    assert networks_key([row(1)]) == ""


def test_a_far_foot_of_newton_is_cut_and_its_curve_told_by_colour_and_dash():
    rows = [row(1, margin_min=-0.2, margin_newton=-6.0), row(2, margin_min=0.1, margin_newton=0.3)]
    figure = chart("Input margin", rows)
    low, high = figure.layout.yaxis.range
    assert -0.4 < low < -0.2 and 0.5 < high < 0.7
    for look in ("color", "dash"):
        assert len({curve.line[look] for curve in figure.data}) == 3
    assert (
        chart("Input margin", [row(1, margin_min=None, margin_median=None)]).layout.yaxis.range
        is None
    )


def test_a_sentence_compares_newtons_foot_with_the_nearest_point():
    said = standing([row(5, margin_min=0.17, margin_newton=0.24)])
    assert "Newton's foot (dotted) is 0.240 away, the nearest point of the boundary 0.170" in said
    assert "(L∞)" in said
    assert standing([row(5), row(5, 1)]) == ""  # several networks have their own rows


def test_a_collapsed_run_is_told():
    assert standing([row(400, trouble="Collapsed: reset.")]) == "Collapsed: reset."
    for missing in (None, -float("inf")):
        assert standing([row(5, margin_min=missing)]) == ""


def test_a_change_of_the_points_is_marked_and_those_of_one_drag_once():
    rows = [row(step) for step in range(1, 1001, 10)]
    figure = chart("Loss", rows, [200, 202, 205, 700, 5000])
    assert [shape.x0 for shape in figure.layout.shapes] == [200, 700]
    (note,) = figure.layout.annotations
    assert (note.text, note.x, note.xanchor) == ("points changed", 200, "left")
    assert not chart("Loss", rows).layout.shapes
    other = chart("Input margin", rows, [200, 700]).layout
    assert len(other.shapes) == 2 and "points changed" not in str(other.annotations)

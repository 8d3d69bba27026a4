"""Goals: comparisons of figures, and nothing else that Python could do."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from levelset_core.data import PointSet
from levelset_core.errors import LevelsetError
from levelset_core.live.lessons import FIGURES, Expression, fill
from levelset_core.live.lessons.figures import measured
from levelset_core.playground import PlaygroundConfig, PlaygroundTrainer

KNOWN = {"margin_min": 0.25, "accuracy": 1.0, "objective": "hinge", "held_out": None}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("margin_min >= 0.2", True),
        ("0.2 <= margin_min < 0.25", False),
        ("accuracy == 1 and not margin_min > 0.3", True),
        ("margin_min > 1 or accuracy == 1", True),
        ("-margin_min + 2 * (accuracy - 0.5) / 4 == 0", True),
        ('objective == "hinge"', True),
        ('objective != "hinge"', False),
        ("held_out > 0.5", False),  # not known
        ("not held_out > 0.5", False),
        ("1 / (accuracy - 1) > 3", False),
        ("cross_entropy.margin_min < 0.75 * geometric_svm.margin_min", False),
    ],
)
def test_a_goal_is_compared_with_what_is_known(text, holds):
    assert Expression(text).holds(KNOWN) is holds


def test_infinity_is_a_margin_where_there_is_no_boundary_but_nan_is_nothing():
    assert Expression("margin_min > 3").holds({"margin_min": math.inf})
    assert not Expression("margin_min > 3").holds({"margin_min": math.nan})


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "margin_min.__class__", "open('/etc/passwd')",
        "(lambda: 1)() > 0", "[x for x in (1,)] > 0", "margin_min ** 9 ** 9 ** 9 > 0",
        "margin_min", "1", "'a' + 'b' == 'ab'", "objective > 3", "objective < 'z'", "margin_mn > 0",
        "accuracy == 1 and nothing", "accuracy > 2 and exec('1') > 0", "hinge.nothing > 1",
        "f'{margin_min}' == '1'", "margin_min >", "", "(" * 250 + "1" + ")" * 250, "9" * 320 + ">0",
        "margin_min if accuracy else 0 > 1", "margin_min in (1, 2)", "1 << 9 > 1", "True + 1 > 1",
    ],
)  # fmt: skip
def test_nothing_else_is_a_goal(text):
    with pytest.raises(LevelsetError):
        Expression(text)


@given(
    st.text(alphabet="margin_min accurcy.()[]{}+-*/<>=!'\"0123456789andortlmbf:\\\n", max_size=60)
)
def test_any_text_is_a_goal_or_refused_in_one_sentence(text):
    goal = None
    with suppress(LevelsetError):
        goal = Expression(text)
    assert goal is None or goal.holds(KNOWN) in (True, False)


def test_a_sentence_is_filled_with_figures_alone():
    sentence = "{margin_min:.2f}, {accuracy:.0%}, {objective}, {held_out}, {margin_min!r}"
    assert fill(sentence, KNOWN) == "0.25, 100%, Hinge, –, {margin_min!r}"


def trainer(w, points, **settings):
    """F = w^T x."""
    made = PlaygroundTrainer(
        PlaygroundConfig(depth=0, **settings), points, device=torch.device("cpu")
    )
    with torch.no_grad():
        made.network.layers[0].weight.copy_(torch.tensor([w]))
        made.network.layers[0].bias.zero_()
    return made


def test_each_figure_is_measured():
    points = PointSet([[0.5, 0], [0.2, 0], [-0.25, 0]], [1, 1, -1])
    made = trainer([4.0, 0.0], points, distance="l2", epsilon=0.22)
    found = measured(FIGURES, {"geometric_svm": (made, made.measure(64))})
    assert found.keys() == FIGURES.keys()
    assert all(isinstance(value, str) == FIGURES[name].is_text for name, value in found.items()
               if value is not None)  # fmt: skip
    assert found["margin_min"] == pytest.approx(0.2, abs=1e-3)
    assert found["margin_kept"] == pytest.approx(2 / 3)
    assert found["output_min"] == pytest.approx(0.8)
    assert found["beyond_levels"] == pytest.approx(2 / 3)
    assert found["newton_detour"] == pytest.approx(1, abs=1e-2)  # a straight boundary
    assert found["largest_epsilon"] == pytest.approx(0.225)
    assert found["dead_units"] == 0 and found["held_out"] is None


def test_a_panel_that_is_not_there_has_no_figures():
    points = PointSet([[0.5, 0], [-0.5, 0]], [1, -1])
    made = trainer([1.0, 0.0], points)
    panels = {"hinge": (made, made.measure(32))}
    found = measured(["hinge.margin_min", "cross_entropy.margin_min", "margin_min"], panels)
    assert found["cross_entropy.margin_min"] is None
    assert found["hinge.margin_min"] == found["margin_min"] == pytest.approx(0.5, abs=1e-3)


def test_units_that_answer_all_points_alike_are_dead():
    points = PointSet([[0.5, 0], [-0.5, 0]], [1, -1])
    made = PlaygroundTrainer(PlaygroundConfig(depth=1, width=4), points, device=torch.device("cpu"))
    with torch.no_grad():
        made.network.layers[0].weight.fill_(1.0)
        made.network.layers[0].bias.copy_(torch.tensor([0.0, 0.0, 0.0, -9.0]))
    found = measured(["dead_units"], {"hinge": (made, made.measure(32))})
    assert found["dead_units"] == 0.25

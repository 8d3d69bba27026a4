"""Samples as a value: rows of them, another precision, one line of text."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from levelset_core import LevelsetError, project, sample_network
from levelset_core.levelsets import false_position


@pytest.fixture
def case(mlp, randn, device):
    net, y = mlp(), torch.arange(20, device=device)
    f = lambda x, *_: net(x)  # noqa: E731
    return f, project(f, randn(20, 2), record=True, args=(y,), max_steps=3)


@pytest.mark.parametrize("rows", [
    slice(3, 9), torch.arange(20) % 3 == 0, [4, 2, 2], np.array([True, False] * 10),
    torch.tensor([5]), slice(None),
])  # fmt: skip
def test_rows_keep_what_belongs_to_them(rows, case):
    f, s = case
    part = s[rows]
    index = np.arange(20)[rows if isinstance(rows, (slice, list)) else np.asarray(rows)]
    assert len(part) == len(index)
    for name in ("points", "values", "pinv", "converged", "failed", "steps", "level"):
        assert torch.equal(getattr(part, name), getattr(s, name)[index]), name
    assert torch.equal(part.path, s.path[:, index])
    assert torch.equal(part.path_values, s.path_values[:, index])
    assert torch.equal(part.args[0], s.args[0][index])
    torch.testing.assert_close(sample_network(f, part), sample_network(f, s)[index])


def test_one_number_leaves_no_batch(case):
    with pytest.raises(LevelsetError, match=r"take s\[3:4\]"):
        case[1][3]


def test_another_precision_and_device(case):
    s = case[1].to(torch.float32).to("cpu")
    assert s.points.dtype == s.values.dtype == s.path.dtype == torch.float32
    assert s.converged.dtype == torch.bool
    assert s.args[0].dtype == s.steps.dtype == torch.int64
    both = case[1].to("cpu", torch.float32)
    assert torch.equal(both.points, s.points)


def test_a_line_says_what_they_are(case, device, randn):
    s = case[1]
    text = repr(s)
    assert len(text) < 120
    assert text.startswith(f"LevelSetSamples(20 x 2, float64, {device}")
    assert f"{int(s.converged.sum())} of 20 converged, {int(s.failed.sum())} failed" in text
    assert "level 0," in text
    assert len(repr(project(lambda x: x[:, 0], randn(2000, 3)))) < 120
    levels = torch.linspace(0, 1, 5, device=device)
    assert "level 0 to 1" in repr(project(lambda x: x[:, 0], randn(5, 3), level=levels))
    assert "0 x 2" in repr(s[:0])


# Half precision


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("outputs", [1, 2])
def test_half_precision_arrives_where_its_rounding_allows(half, outputs, mlp, randn):
    f = mlp(3, outputs=outputs, activation="softplus")
    x, level = 0.5 * randn(500, 3), 0.1
    exact = project(f, x, level=level)
    with torch.no_grad():
        s = project(f.to(half), x.to(half), level=level)
    assert s.points.dtype == s.pinv.dtype == half
    share = exact.converged.float().mean()
    assert s.converged.float().mean() > share - 0.05
    near = s.converged & exact.converged
    away = (s.points.double() - exact.points)[near].norm(dim=1)
    assert away.median() < 20 * torch.finfo(half).eps
    tight = project(f, x.to(half), level=level, tol=1e-6)
    assert tight.converged.sum() < s.converged.sum()


def test_half_precision_on_a_segment(mlp, randn):
    f, a, b = mlp(activation="softplus"), randn(200, 2), 2 * randn(200, 2)
    exact = false_position(f, a, b)
    s = false_position(f.bfloat16(), a.bfloat16(), b.bfloat16())
    both = ~exact.failed & ~s.failed
    assert s.converged[both].float().mean() > 0.95


def test_single_and_double_precision_keep_their_tolerance(mlp, randn):
    f, x = mlp(), randn(50, 2)
    assert torch.equal(project(f, x).points, project(f, x, tol=1e-6).points)
    x, f = x.float(), f.float()
    assert torch.equal(project(f, x).points, project(f, x, tol=1e-6).points)


# Settings out of range


@pytest.mark.parametrize(("settings", "said"), [
    ({"max_steps": -1}, "max_steps must be 0 or more, got -1"),
    ({"max_steps": 2.5}, "max_steps must be a whole number, got 2.5"),
    ({"tol": -1.0}, "tol must be 0 or more"),
    ({"tol": torch.nan}, "tol must be 0 or more, got nan"),
    ({"max_jump": -1.0}, "max_jump must be 0 or more"),
    ({"stop": "soon"}, "'arrived' or 'fixed', got 'soon'"),
])  # fmt: skip
def test_a_setting_out_of_range_is_refused(settings, said, mlp, randn):
    with pytest.raises(LevelsetError, match=said):
        project(mlp(), randn(3, 2), **settings)


def test_a_segment_search_refuses_negative_steps(mlp, randn):
    with pytest.raises(LevelsetError, match="max_steps"):
        false_position(mlp(), randn(3, 2), randn(3, 2), max_steps=-1)


def test_logits_have_no_level_set_in_the_plane(mlp, randn):
    with pytest.raises(LevelsetError, match=r"10 outputs in 2 dimensions.*class_margin"):
        project(mlp(outputs=10), randn(3, 2))

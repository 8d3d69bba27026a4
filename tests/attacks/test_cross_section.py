"""Planes through an image, against closed forms on a linear classifier."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from levelset_core import LevelsetError
from levelset_core.attacks import cross_section, make_axes, random_direction
from levelset_core.random import torch_generator

SHAPE = (1, 4, 4)
W = torch.randn(3, 16, generator=torch_generator(2))
X = 0.3 + 0.4 * torch.rand(SHAPE, generator=torch_generator(3))
BOUNDS = (-0.2, 0.2, -0.1, 0.1)


def f(x):
    return x.flatten(1) @ W.T


def axes(seed=0):
    first = torch.randn(SHAPE, generator=torch_generator(seed))
    return make_axes(first, random_direction(first, seed))


def test_axes_are_orthogonal_and_of_max_norm_one():
    a = axes()
    assert float((a.u * a.v).sum()) == pytest.approx(0, abs=1e-5)
    assert float(a.u.abs().max()) == pytest.approx(1)
    assert float(a.v.abs().max()) == pytest.approx(1)
    offsets = 0.2 * a.u - 0.3 * a.v
    torch.testing.assert_close(a.coordinates(offsets[None]), torch.tensor([[0.2, -0.3]]))


def test_parallel_directions_make_no_plane():
    with pytest.raises(LevelsetError, match="two directions that are not parallel"):
        make_axes(X, 2 * X)
    with pytest.raises(LevelsetError, match="two directions that are not parallel"):
        make_axes(torch.zeros(SHAPE), X)


def test_the_logits_of_a_linear_classifier_are_linear_in_the_plane():
    a = axes()
    found = cross_section(f, X, 1, a, bounds=BOUNDS, resolution=5, pixels=None)
    for row, b in enumerate(np.linspace(-0.1, 0.1, 5)):
        for column, c in enumerate(np.linspace(-0.2, 0.2, 5)):
            p = X + float(c) * a.u + float(b) * a.v
            torch.testing.assert_close(found.logits[row, column], f(p[None])[0])
            others = f(p[None])[0][[0, 2]].max()
            assert found.margin()[row, column] == pytest.approx(
                float(f(p[None])[0, 1] - others), abs=1e-5
            )
    # Interpolation changes nothing that is linear.
    fine = cross_section(f, X, 1, a, bounds=BOUNDS, resolution=17, pixels=None)
    np.testing.assert_allclose(found.margin(finer=4), fine.margin(), atol=1e-5)
    assert np.array_equal(found.classes(finer=4), fine.classes())


def test_the_zero_level_set_is_where_two_logits_are_the_same():
    two = lambda x: f(x)[:, :2] - f(X[None])[:, :2] + torch.tensor([0.05, 0.0])  # noqa: E731
    a = axes()
    found = cross_section(two, X, 0, a, bounds=BOUNDS, resolution=9, pixels=None)
    lines = found.boundary()
    assert lines
    for c, b in np.concatenate(lines):
        logits = two((X + float(c) * a.u + float(b) * a.v)[None])[0]
        assert float(logits[0] - logits[1]) == pytest.approx(0, abs=1e-5)
    assert np.array_equal(found.classes() == 0, found.margin() > 0)


@given(epsilon=st.floats(0.01, 0.5), seed=st.integers(0, 20))
def test_the_outline_of_the_box_touches_it_everywhere(epsilon, seed):
    a = axes(seed)
    outline = a.box_outline(epsilon, corners=24)
    assert np.allclose(outline[0], outline[-1])
    for c, b in outline:
        reach = (float(c) * a.u + float(b) * a.v).abs().max()
        assert float(reach) == pytest.approx(epsilon, rel=1e-5)


def test_places_beyond_the_pixels_limits_are_clipped():
    a = axes()
    found = cross_section(f, X, 0, a, bounds=(-3, 3, -3, 3), resolution=3)
    corner = (X + 3 * a.u - 3 * a.v).clamp(0, 1)
    torch.testing.assert_close(found.logits[0, 2], f(corner[None])[0])
    torch.testing.assert_close(found.logits[1, 1], f(X[None])[0])


def test_each_region_has_its_name_inside_it():
    a = axes(1)
    level = lambda x: f(x) - f(X[None])  # noqa: E731 - all regions meet at the image
    found = cross_section(level, X, 0, a, bounds=BOUNDS, resolution=21, pixels=None)
    centres = found.region_centres(finer=3)
    assert {k for k, _, _ in centres} <= set(np.unique(found.classes(3)))
    assert len(centres) >= 2
    for k, c, b in centres:
        assert int(level((X + c * a.u + b * a.v)[None]).argmax()) == k

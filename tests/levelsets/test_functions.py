"""Whatever a person hands over as F and as x: columns, arrays, networks left in training mode."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import nn

from levelset_core import LevelsetError, project, sample_network
from levelset_core.exact import exact_polygon, exact_polyhedron
from levelset_core.geometry import Mesh, NearestPoints, evaluate_grid, extract_curve, extract_mesh
from levelset_core.levelsets import (
    bisection,
    class_margin,
    evaluating,
    false_position,
    home_of,
    value_and_jacobian,
    value_with_jacobian,
)
from levelset_core.losses import (
    cross_entropy,
    elsayed,
    geometric_svm,
    hinge,
    margin,
    reconstruction,
)

SQUARE = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]


# A single column is one number a point


@pytest.fixture
def column(mlp):
    """(F, the same as a column)."""
    f = mlp(activation="softplus")
    return f, lambda x, *_: f(x)[:, None]


def test_a_column_projects_as_its_numbers_do(column, randn):
    f, g = column
    x = randn(30, 2)
    s, t = project(lambda x: f(x), x, record=True), project(g, x, record=True)
    for name in ("points", "values", "pinv", "level", "start_values", "path", "path_values"):
        assert torch.equal(getattr(s, name), getattr(t, name)), name
    assert t.values.shape == (30,)
    assert t.pinv.shape == (30, 2)
    assert torch.equal(sample_network(f, s), sample_network(g, t))


def test_a_columns_derivatives_have_the_shapes_of_its_numbers(column, randn):
    f, g = column
    x = randn(5, 2)
    for pass_ in (value_and_jacobian, value_with_jacobian):
        for a, b in zip(pass_(lambda x: f(x), x), pass_(g, x), strict=True):
            assert torch.equal(a, b)


def test_a_fused_pass_may_give_columns(mlp, randn):
    class Fused(nn.Module):
        def forward(self, x):
            return x.sum(1, keepdim=True)

        def value_and_jacobian(self, x):
            return self(x), torch.ones_like(x)[..., None]

    s = project(Fused(), randn(6, 3))
    assert s.pinv.shape == (6, 3)
    assert s.converged.all()


@pytest.mark.parametrize("search", [false_position, bisection])
def test_a_column_on_a_segment(search, column, randn):
    f, g = column
    a, b = randn(40, 2), 3 * randn(40, 2)
    assert torch.equal(search(f, a, b).points, search(g, a, b).points)


@pytest.mark.parametrize("loss", [cross_entropy, hinge, elsayed, margin, geometric_svm])
def test_a_column_has_the_losses_of_its_numbers(loss, column, randn, device):
    (f, g), x = column, randn(20, 2)
    y = 1 - 2 * (torch.arange(20, device=device) % 2)
    a, b = loss(lambda x: f(x), x, y), loss(g, x, y)
    assert a > 0
    torch.testing.assert_close(a, b)


@pytest.mark.parametrize("loss", [margin, geometric_svm])
def test_a_column_falls_back_as_its_numbers_do(loss, randn, device):
    x, y = randn(20, 2), 1 - 2 * (torch.arange(20, device=device) % 2)
    far = [lambda x: 5 + x[:, 0].square(), lambda x: 5 + x[:, :1].square()]  # no zero
    a, b = (loss(f, x, y, fallback=True) for f in far)
    assert torch.equal(a, b)


def test_a_column_reconstructs_as_its_numbers_do(column, randn):
    f, g = column
    x, starts = randn(50, 2), randn(30, 2)
    cloud = NearestPoints(x)
    a, b = (reconstruction(h, x, cloud, starts, near=x) for h in (lambda x: f(x), g))
    torch.testing.assert_close(a, b)


def test_an_exact_polygon_goes_through_the_whole_library():
    f = exact_polygon([SQUARE]).network
    (line,) = extract_curve(f, ((-2, -2), (2, 2)), 64).polylines
    assert line.length == pytest.approx(8.0, rel=0.01)  # its corners are cut
    assert evaluate_grid(f, (-2, 2, -2, 2), 9).shape == (9, 9)
    x = torch.tensor([[0.31, 0.92], [1.53, 0.21]], dtype=torch.float64)
    turned = exact_polygon([np.array(SQUARE) @ [[0.8, 0.6], [-0.6, 0.8]]]).network
    x = x @ torch.tensor([[0.8, 0.6], [-0.6, 0.8]], dtype=torch.float64)
    s = project(turned, x)
    torch.testing.assert_close((s.points - x).norm(dim=1), torch.tensor([0.08, 0.53]).double())
    torch.testing.assert_close(sample_network(turned, s), s.points)
    loss = margin(turned, x, torch.tensor([-1, 1]), epsilon=0.5, distance="l2")
    torch.testing.assert_close(loss, torch.tensor(0.42 / 2, dtype=torch.float64))


def test_an_exact_polyhedron_is_extracted():
    corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    faces = [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1),
             (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3)]  # fmt: skip
    mesh = extract_mesh(exact_polyhedron(Mesh(corners, np.array(faces))).network, (-1.6, 1.6), 24)
    assert mesh.face_areas.sum() == pytest.approx(24.0, rel=0.08)  # edges are cut


# Arrays


def test_an_array_is_a_batch_of_points_in_the_networks_precision(mlp, randn):
    f = mlp(activation="softplus").cpu()
    x = randn(10, 2).cpu()
    assert torch.equal(project(f, x.numpy()).points, project(f, x).points)
    assert torch.equal(project(f, x.float().numpy()).points, project(f, x.float().double()).points)
    assert project(lambda x: x[:, 0], np.ones((3, 2), int)).points.dtype == torch.float32
    assert project(lambda x: x[:, 0], np.ones((3, 2))).points.dtype == torch.float64


@pytest.mark.parametrize("loss", [cross_entropy, hinge, elsayed, margin, geometric_svm])
def test_losses_take_arrays(loss, mlp, randn):
    f, x = mlp(activation="softplus").cpu(), randn(10, 2).cpu()
    y = np.where(np.arange(10) % 2, 1, -1)
    assert torch.equal(loss(f, x.numpy(), y), loss(f, x, torch.from_numpy(y)))


@pytest.mark.parametrize(
    ("x", "said"),
    [([[1.0, 2.0]], "got list"), (np.array([["a", "b"]]), "got ndarray"), (None, "got NoneType")],
)
def test_what_is_no_batch_of_points_is_refused(x, said, mlp):
    with pytest.raises(LevelsetError, match=said):
        project(mlp(), x)


def test_what_f_gives_must_be_a_tensor(randn):
    with pytest.raises(LevelsetError, match="gave ndarray"):
        project(lambda x: x.detach().cpu().numpy()[:, 0], randn(3, 2))


# Training mode


@pytest.fixture
def classifier(device, dtype):
    """Batch norm with statistics of its own, and dropout, in training mode."""
    generator = torch.Generator().manual_seed(0)
    f = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.5),
                      nn.Linear(8, 3)).to(device, dtype)  # fmt: skip
    with torch.no_grad():
        for weight in f.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator, dtype=dtype))
    f[1].running_mean += 0.3
    f[2].eval()  # somebody froze a part
    return f


@pytest.mark.parametrize("wrap", [
    lambda f, x: lambda: project(class_margin(f), x, args=(LABELS,)),
    lambda f, x: lambda: margin(f, x, LABELS, distance="l2"),
    lambda f, x: lambda: geometric_svm(nn.Sequential(f, _First()), x, LABELS.clamp_max(1) * 2 - 1),
    lambda f, x: lambda: elsayed(nn.Sequential(f, _First()), x, LABELS.clamp_max(1) * 2 - 1),
    lambda f, x: lambda: _moved(nn.Sequential(f, _First()), x),
    lambda f, x: lambda: project(functools.partial(nn.Sequential(f, _First())), x),
    lambda f, x: lambda: project(nn.Sequential(f, _First()).forward, x),
])  # fmt: skip
def test_batch_norm_and_dropout_are_as_at_test_time(wrap, classifier, randn):
    work = wrap(classifier, randn(9, 2))
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    first = work()
    assert [m.training for m in classifier] == [True, True, False, True, True]
    assert all(torch.equal(before[name], v) for name, v in classifier.state_dict().items())
    classifier.eval()
    second = work()
    for a, b in zip(_tensors(first), _tensors(second), strict=True):
        assert torch.equal(a, b)
    assert not any(m.training for m in classifier)


def test_the_mode_comes_back_after_an_error(classifier, randn):
    with pytest.raises(RuntimeError), evaluating(classifier):
        classifier(randn(3, 5))
    assert classifier.training


LABELS = torch.arange(9) % 3


class _First(nn.Module):
    def forward(self, x):
        return x[:, 0]


def _moved(f, x):
    return sample_network(f, project(f, x, max_steps=2))


def _tensors(found):
    return [found] if isinstance(found, torch.Tensor) else [found.points, found.values, found.pinv]


def test_where_a_network_lives_is_found_through_wrappers(mlp):
    f = mlp().double()
    for g in (f, f.forward, functools.partial(f), class_margin(f)):
        assert home_of(g)[0] == torch.float64
    assert home_of(lambda x: f(x))[0] == torch.float32

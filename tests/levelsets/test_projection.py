"""Sec. 2.1: Newton projection against closed forms, and what a bad point may not do."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from levelset_core import LevelsetError, project
from levelset_core.levelsets import LevelSetSamples, pseudo_inverse, value_and_jacobian


def sphere(x: Tensor) -> Tensor:
    return torch.linalg.vector_norm(x.flatten(1), dim=1) - 1.0


def quadric(x: Tensor) -> Tensor:
    return x.square().sum(1) - 1.0


def torus(x: Tensor) -> Tensor:
    ring = torch.linalg.vector_norm(x[:, :2], dim=1) - 1.0
    return ring.square() + x[:, 2].square() - 0.16


def two_spheres(x: Tensor) -> Tensor:
    """Their intersection is the circle x_1 = 0, x_2^2 + x_3^2 = 3/4."""
    shift = torch.zeros_like(x)
    shift[:, 0] = 0.5
    return torch.stack([quadric(x - shift), quadric(x + shift)], dim=1)


def affine(a: Tensor, b: Tensor):
    """x -> A x + b for rows of any shape; scalar for one row of A."""

    def f(x: Tensor) -> Tensor:
        value = x.flatten(1) @ a.T + b
        return value.squeeze(1) if len(a) == 1 else value

    return f


def assert_finite(s: LevelSetSamples) -> None:
    for name in ("points", "values", "pinv", "level", "start_values", "path", "path_values"):
        tensor = getattr(s, name)
        assert tensor is None or torch.isfinite(tensor).all(), name


# Lemma 1


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_one_step_on_an_affine_map_is_the_orthogonal_projection(outputs, randn):
    a, b, x = randn(outputs, 5), randn(outputs), randn(40, 5)
    s = project(affine(a, b), x, tol=1e-10)
    residual = x @ a.T + b  # (n, l)
    expected = x - torch.linalg.solve(a @ a.T, residual.T).T @ a
    torch.testing.assert_close(s.points, expected)
    assert s.converged.all()
    assert not s.failed.any()
    assert (s.steps == 1).all()


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_the_projection_is_the_nearest_point_of_the_level_set(outputs, randn):
    a, b, x = randn(outputs, 5), randn(outputs), randn(40, 5)
    f = affine(a, b)
    p = project(f, x, tol=1e-10).points
    kernel = torch.linalg.svd(a)[2][outputs:]  # rows span {A v = 0}
    moved = p - x
    torch.testing.assert_close(moved @ kernel.T, torch.zeros_like(moved @ kernel.T))
    for _ in range(5):
        other = p + randn(40, 5 - outputs) @ kernel  # also on the level set
        assert (torch.linalg.vector_norm(other - x, dim=1) >= moved.norm(dim=1) - 1e-12).all()


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_the_pseudo_inverse_is_moore_penrose(outputs, randn, device):
    scales = torch.logspace(-3, 3, outputs, device=device)
    jacobian = randn(30, 6, outputs) * scales
    pinv, exists = pseudo_inverse(jacobian, outputs=True)
    torch.testing.assert_close(pinv, torch.linalg.pinv(jacobian.mT))
    assert exists.all()


def test_a_scalar_pseudo_inverse_is_equation_5(randn):
    g = randn(30, 6)
    pinv, exists = pseudo_inverse(g, outputs=False)
    torch.testing.assert_close(pinv, g / g.square().sum(1, keepdim=True))
    torch.testing.assert_close(pinv, pseudo_inverse(g[..., None], outputs=True)[0][..., 0])
    assert exists.all()


def test_dependent_outputs_have_no_pseudo_inverse(randn):
    g = randn(4, 3)
    parallel = torch.stack([g, 2 * g], dim=-1)
    too_many = randn(4, 2, 3)  # three equations in the plane
    for jacobian in (parallel, too_many):
        assert not pseudo_inverse(jacobian, outputs=True)[1].any()


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_gradient_shorter_than_the_threshold_counts_as_zero(outputs, randn):
    jacobian = torch.nn.functional.normalize(randn(4, 3, outputs), dim=1)
    jacobian = jacobian * torch.tensor([1.0, 1e-7, 1e-9, 0.0]).to(jacobian)[:, None, None]
    jacobian[..., 1:] = randn(4, 3, outputs - 1)  # the other output is as it should be
    scalar = outputs == 1
    _, exists = pseudo_inverse(jacobian[..., 0] if scalar else jacobian, outputs=not scalar)
    assert exists.tolist() == [True, True, False, False]
    _, exists = pseudo_inverse(jacobian, outputs=True, min_gradient=1e-6)
    assert exists.tolist() == [True, False, False, False]


# Levels and shapes


@pytest.mark.parametrize("level", [-0.5, 0.0, 0.7])
def test_a_number_as_level(level, randn):
    s = project(quadric, randn(50, 3), level=level, tol=1e-10)
    torch.testing.assert_close(s.points.norm(dim=1)[s.converged] ** 2, 1 + s.level[s.converged])
    assert s.converged.all()
    assert (s.level == level).all()


def test_a_level_for_every_point(randn, device, dtype):
    level = torch.linspace(-0.9, 3.0, 50, device=device, dtype=dtype)
    s = project(quadric, randn(50, 3), level=level, tol=1e-10, max_steps=30)
    torch.testing.assert_close(s.points.square().sum(1), 1 + level, atol=1e-9, rtol=0)


@pytest.mark.parametrize("per_point", [False, True])
def test_a_level_for_every_output(per_point, randn):
    a, b, x = randn(2, 4), randn(2), randn(30, 4)
    level = randn(30, 2) if per_point else randn(2)
    s = project(affine(a, b), x, level=level)
    torch.testing.assert_close(s.points @ a.T + b, level.expand(30, 2))


@pytest.mark.parametrize("outputs", [1, 2])
def test_images_project_as_their_pixels_do(outputs, randn):
    f, x = affine(randn(outputs, 60), randn(outputs)), randn(6, 3, 4, 5)
    s, flat = project(f, x, record=True), project(f, x.flatten(1))
    assert s.converged.all()
    assert s.points.shape == x.shape
    assert s.path.shape == (2, *x.shape)
    assert s.pinv.shape == (x.shape if outputs == 1 else (*x.shape, 2))
    torch.testing.assert_close(s.points.flatten(1), flat.points)
    torch.testing.assert_close(s.pinv.reshape(flat.pinv.shape), flat.pinv)


def test_a_convolutional_network_projects_as_its_matrix_does(randn, device, dtype):
    generator = torch.Generator().manual_seed(0)
    conv = nn.utils.skip_init(nn.Conv2d, 3, 1, 4)
    with torch.no_grad():
        conv.weight.normal_(generator=generator)
        conv.bias.zero_()
    conv = conv.to(device, dtype)
    x = randn(5, 3, 4, 4)
    s = project(lambda x: conv(x).flatten(), x, level=0.3)
    w = conv.weight.detach().flatten()
    expected = x.flatten(1) - ((x.flatten(1) @ w - 0.3) / w.square().sum())[:, None] * w
    torch.testing.assert_close(s.points.flatten(1), expected)


def test_inputs_need_not_be_contiguous(randn):
    x = randn(3, 40).T
    torch.testing.assert_close(project(torus, x).points, project(torus, x.contiguous()).points)


def test_the_input_and_the_parameters_stay_as_they_were(randn, mlp):
    x, f = randn(20, 2).requires_grad_(), mlp()
    before = x.detach().clone()
    s = project(f, x)
    assert torch.equal(x, before)
    assert x.grad is None
    assert all(w.grad is None for w in f.parameters())
    assert not (s.points.requires_grad)
    assert not (s.pinv.requires_grad)
    assert not (s.values.requires_grad)


def test_arguments_follow_their_rows(randn, device, dtype):
    radius = 0.5 + torch.arange(40, device=device, dtype=dtype) / 10
    x = randn(40, 3) * torch.logspace(-1, 1, 40, device=device)[:, None]
    s = project(lambda x, r: x.square().sum(1) - r.square(), x, args=(radius,), max_steps=50)
    torch.testing.assert_close(s.points.norm(dim=1), radius, atol=1e-6, rtol=0)
    assert len(s.steps.unique()) > 3  # rows left the batch at different times
    assert s.args[0] is radius


# Convergence


@pytest.mark.parametrize("f", [quadric, torus, two_spheres])
def test_convergence_is_quadratic(f, randn):
    s = project(f, randn(200, 3), tol=1e-13, max_steps=30, record=True)
    residuals = s.path_values.abs().reshape(len(s.path), 200, -1).amax(2)  # (k + 1, n)
    before, after = residuals[:-1], residuals[1:]
    near = (before < 1e-2) & (before > 1e-6) & s.converged
    assert near.sum() > 100
    assert (after[near] <= 10 * before[near] ** 2).all()
    assert s.converged.float().mean() > 0.98


def test_points_on_a_sphere_move_along_their_radius(randn):
    x = randn(50, 3)
    s = project(sphere, x)
    torch.testing.assert_close(s.points, x / x.norm(dim=1, keepdim=True))
    assert (s.steps == 1).all()


def test_points_land_on_the_circle_where_two_spheres_meet(randn):
    s = project(two_spheres, randn(100, 3), tol=1e-10, max_steps=30)
    p = s.points[s.converged]
    assert len(p) > 95
    torch.testing.assert_close(p[:, 0], torch.zeros_like(p[:, 0]), atol=1e-9, rtol=0)
    torch.testing.assert_close(p[:, 1:].square().sum(1), torch.full_like(p[:, 0], 0.75))


def test_a_point_on_the_level_set_takes_no_step(device, dtype):
    x = torch.tensor([[1.0, 0.0], [0.0, -1.0]], device=device, dtype=dtype)
    s = project(quadric, x)
    assert torch.equal(s.points, x)
    assert s.converged.all()
    assert (s.steps == 0).all()


def test_every_point_takes_the_steps_it_takes_alone(randn, mlp):
    x, f = randn(60, 2), mlp(activation="softplus")
    together = project(f, x, max_steps=12)
    assert len(together.steps.unique()) > 2
    for i in range(0, 60, 7):
        alone = project(f, x[i : i + 1], max_steps=12)
        assert alone.steps == together.steps[i]
        assert alone.converged == together.converged[i]
        torch.testing.assert_close(alone.points[0], together.points[i])
        torch.testing.assert_close(alone.pinv[0], together.pinv[i])


def test_a_point_that_runs_out_of_steps_keeps_its_level(randn):
    x = 5 * randn(20, 2)
    s = project(quadric, x, max_steps=2)
    late = ~s.converged
    assert late.any()
    assert not s.failed.any()
    torch.testing.assert_close(s.values, quadric(s.points))
    assert (s.steps[late] == 2).all()
    assert (s.pinv[late] != 0).any(1).all()
    assert s.usable(torch.inf).all()
    assert torch.equal(s.usable(1e-6), s.converged)


def test_no_steps_only_evaluates(randn):
    x = randn(20, 2)
    s = project(quadric, x, max_steps=0)
    assert torch.equal(s.points, x)
    torch.testing.assert_close(s.values, quadric(x))
    assert (s.steps == 0).all()
    assert not s.failed.any()


def test_what_comes_back_belongs_to_the_points_that_come_back(randn, mlp):
    f = mlp()
    s = project(f, randn(60, 2), level=0.1)
    assert s.failed.any()
    assert s.converged.any()
    value, jacobian = value_and_jacobian(f, s.points)
    torch.testing.assert_close(s.values, value - 0.1)
    pinv = pseudo_inverse(jacobian, outputs=False)[0]
    torch.testing.assert_close(s.pinv, torch.where(s.failed[:, None], 0.0, pinv))
    assert (s.values.abs()[s.converged] <= 1e-6).all()


# The recorded path


def test_the_path_holds_every_newton_step(randn, mlp):
    x, f = randn(60, 2), mlp(activation="softplus")
    s = project(f, x, level=0.2, max_steps=8, record=True)
    assert torch.equal(s.path[0], x)
    assert torch.equal(s.path[-1], s.points)
    assert len(s.path) == len(s.path_values) == s.steps.max() + 1
    assert torch.equal(s.path_values[0], s.start_values)
    for k in range(len(s.path)):
        torch.testing.assert_close(s.path_values[k], f(s.path[k]).detach() - 0.2)
    for k in range(len(s.path) - 1):
        value, jacobian = value_and_jacobian(f, s.path[k])
        step = pseudo_inverse(jacobian, outputs=False)[0] * (value - 0.2)[:, None]
        moving = s.steps > k
        torch.testing.assert_close(s.path[k + 1][moving], (s.path[k] - step)[moving])
        assert torch.equal(s.path[k + 1][~moving], s.path[k][~moving])


def test_recording_changes_nothing_else(randn, mlp):
    x, f = randn(60, 2), mlp(outputs=2)
    plain, recorded = project(f, x), project(f, x, record=True)
    assert plain.path is None
    assert plain.path_values is None
    assert torch.equal(plain.points, recorded.points)
    assert recorded.path_values.shape == (len(recorded.path), 60, 2)


# Failures


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf, 1e300])
def test_a_bad_point_fails_and_touches_no_other(bad, randn, mlp):
    x, f = randn(30, 2), mlp(activation="softplus")
    good = project(f, x, record=True)
    worse = torch.cat([x[:10], torch.full_like(x[:1], bad), x[10:]])
    worse[10, 1] = 0.0
    s = project(f, worse, record=True)
    assert_finite(s)
    keep = torch.arange(31, device=x.device) != 10
    assert s.failed[10]
    assert not s.converged[10]
    assert (s.pinv[10] == 0).all()
    assert torch.equal(s.steps[keep], good.steps)
    assert torch.equal(s.failed[keep], good.failed)
    torch.testing.assert_close(s.points[keep], good.points)
    torch.testing.assert_close(s.pinv[keep], good.pinv)


@pytest.mark.parametrize("start", [1e30, 3e38])
def test_an_overflow_in_single_precision_fails(start, device):
    x = torch.tensor([[start, 0.0], [0.5, 0.5]], device=device)
    f = affine(torch.tensor([[1e-7, 0.0]], device=device), torch.tensor([3e38], device=device))
    s = project(f, x)
    assert_finite(s)
    assert s.failed.all()


@pytest.mark.parametrize("outputs", [1, 2])
def test_a_dead_zone_of_relu_fails_where_it_stands(outputs, device, dtype):
    def f(x: Tensor) -> Tensor:
        value = torch.relu(x) - 1.0  # D_xF = 0 where x < 0
        return value[:, 0] if outputs == 1 else value

    x = torch.tensor([[-1.0, -2.0], [3.0, 3.0]], device=device, dtype=dtype)
    s = project(f, x)
    assert s.failed.tolist() == [True, False]
    assert torch.equal(s.points[0], x[0])
    assert (s.values[0] == -1).all()
    assert (s.pinv[0] == 0).all()
    assert s.converged.tolist() == [False, True]
    assert s.steps.tolist() == [0, 1]


@pytest.mark.parametrize("value", [0.0, 2.0])
@pytest.mark.parametrize("outputs", [1, 3])
def test_a_constant_network_fails_everywhere(value, outputs, randn):
    x = randn(5, 4)
    shape = (5,) if outputs == 1 else (5, outputs)

    def no_graph(x: Tensor) -> Tensor:
        return x.new_full(shape, value)

    def no_slope(x: Tensor) -> Tensor:
        return no_graph(x) + 0.0 * x.sum()

    for f in (no_graph, no_slope):
        s = project(f, x)
        assert s.failed.all()
        assert not s.converged.any()
        assert torch.equal(s.points, x)
        assert s.values.shape == shape
        assert (s.values == value).all()


def test_an_output_that_ignores_x_has_no_full_rank(randn):
    s = project(lambda x: torch.stack([x[:, 0], torch.ones_like(x[:, 0])], dim=1), randn(4, 3))
    assert s.failed.all()


def test_a_network_that_returns_nan_fails_there_only(device, dtype):
    x = torch.tensor([[4.0], [-3.0], [2.0]], device=device, dtype=dtype)
    s = project(lambda x: x[:, 0].log(), x)  # NaN for x < 0
    assert_finite(s)
    assert s.failed.tolist()[1]
    assert not s.failed[2]
    torch.testing.assert_close(s.points[2], torch.ones_like(s.points[2]))


def test_a_step_that_lands_on_nan_fails_with_finite_results(device, dtype):
    x = torch.tensor([[10.0], [1.5]], device=device, dtype=dtype)  # 10 - 10 log(10) < 0
    s = project(lambda x: x[:, 0].log(), x, record=True)
    assert_finite(s)
    assert s.failed.tolist() == [True, False]
    assert s.steps[0] == 1
    assert s.values[0] == 0


def test_an_infinite_value_or_slope_fails(device, dtype):
    x = torch.tensor([[0.0], [4.0]], device=device, dtype=dtype)
    for f in (lambda x: x[:, 0].log() - 1, lambda x: x[:, 0].sqrt() - 1.5):
        s = project(f, x)
        assert_finite(s)
        assert s.failed.tolist() == [True, False]


def test_a_slope_whose_square_overflows_fails_at_once(device, dtype):
    s = project(lambda x: 1e200 * x[:, 0] - 1.0, torch.ones(1, 2, device=device, dtype=dtype))
    assert_finite(s)
    assert s.failed.all()
    assert s.steps.item() == 0


@pytest.mark.parametrize("outputs", [1, 2])
def test_near_a_saddle_a_point_fails_instead_of_jumping(outputs, device, dtype):
    def f(x: Tensor) -> Tensor:
        saddle = x[:, 0].square() - x[:, 1].square() - 1.0  # D_xF = 0 at the origin
        return saddle if outputs == 1 else torch.stack([saddle, x.sum(1)], dim=1)

    x = torch.tensor([[0.0, 0.0], [1e-5, 0.0], [2.0, 0.5]], device=device, dtype=dtype)
    s = project(f, x, max_jump=100.0)
    assert s.failed.tolist()[:2] == [True, True]
    assert torch.equal(s.points[:2], x[:2])
    assert s.converged[2] == (outputs == 1)


def test_the_longest_jump_is_the_callers(device, dtype):
    a = torch.tensor([[0.01, 0.0]], device=device, dtype=dtype)
    x = torch.zeros_like(a)
    f = affine(a, -torch.ones_like(a[:, 0]))  # zero at 100
    assert project(f, x, max_jump=99.0).failed.all()
    assert project(f, x, max_jump=101.0).converged.all()


def test_the_jump_counts_from_the_start(device, dtype):
    """x^2 + 1 has no zero: Newton's iterates wander, but never out of reach."""
    x = torch.linspace(0.1, 3, 40, device=device, dtype=dtype)[:, None]
    s = project(lambda x: x[:, 0].square() + 1.0, x, max_steps=200, max_jump=5.0, record=True)
    assert not s.converged.any()
    assert s.failed.any()
    assert ((s.path - x).abs() <= 5.0 * (1 + x)).all()


def test_duplicate_points_go_the_same_way(randn, mlp):
    x = randn(10, 2)
    s = project(mlp(), torch.cat([x, x]))
    torch.testing.assert_close(s.points[:10], s.points[10:])
    assert torch.equal(s.steps[:10], s.steps[10:])


@pytest.mark.parametrize("outputs", [1, 2, 3])
@pytest.mark.parametrize("own_pass", [True, False])
def test_an_empty_batch(outputs, own_pass, mlp, device, dtype):
    f = mlp(3, outputs=outputs)
    x = torch.zeros(0, 3, device=device, dtype=dtype)
    s = project(f if own_pass else lambda x: f(x), x, record=True)
    assert len(s) == 0
    assert s.points.shape == (0, 3)
    assert s.values.shape == ((0,) if outputs == 1 else (0, outputs))
    assert s.converged.dtype == s.failed.dtype == torch.bool
    assert len(s.path) == 1


def test_single_precision_reaches_its_own_accuracy(mlp, randn):
    f = mlp(activation="softplus").float()
    s = project(f, randn(100, 2).float(), tol=1e-6)
    assert s.points.dtype == torch.float32
    assert s.converged.float().mean() > 0.9


# Errors


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (torch.zeros(3), r"\(3,\)"),
        (torch.zeros(3, 2, dtype=torch.int64), "int64"),
    ],
)
def test_what_is_no_floating_point_batch_is_refused(x, said):
    with pytest.raises(LevelsetError, match=said):
        project(quadric, x)


@pytest.mark.parametrize(
    ("level", "said"), [(torch.zeros(3), r"\(3,\)"), (torch.zeros(7, 2), r"\(7, 2\)")]
)
def test_a_level_of_the_wrong_shape_is_refused(level, said, randn):
    with pytest.raises(LevelsetError, match=said):
        project(quadric, randn(7, 2), level=level)


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda x: x.sum(), r"gave \(\)"),
        (lambda x: x[:3].sum(1), r"gave \(3,\)"),
        (lambda x: x[:, None], r"gave \(7, 1, 2\)"),
    ],
)
def test_an_output_that_is_not_one_row_a_point_is_refused(f, said, randn):
    with pytest.raises(LevelsetError, match=said):
        project(f, randn(7, 2))

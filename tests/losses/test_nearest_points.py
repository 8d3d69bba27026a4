"""Eq. 11 and 12 at nearest points, in the norm of their distance (an extension)."""

from __future__ import annotations

import pytest
import torch

from levelset_core import LevelsetError
from levelset_core.levelsets import NearestSamples
from levelset_core.losses import geometric_svm, geometric_svm_terms, margin, margin_terms

DUAL = {"l2": 2.0, "linf": 1.0, "l1": torch.inf, "rho": 1.0}


def labels_of(f, x):
    return torch.where(f(x).detach() > 0, 1, -1) * (1 - 2 * (torch.arange(len(x)) % 3 == 0).int())


def gradients(loss, f):
    return torch.autograd.grad(loss, list(f.parameters()))


@pytest.mark.parametrize("distance", list(DUAL))
def test_eq_12_on_affine_f_in_every_norm(distance, mlp, randn):
    f, x = mlp(5, ()), randn(40, 5)
    y = labels_of(f, x)
    terms = margin_terms(f, x, y, distance=distance, points="nearest", epsilon=0.5)
    d = f(x).abs() / torch.linalg.vector_norm(f.layers[0].weight, DUAL[distance])
    expected = torch.relu(0.5 - torch.sign(y * f(x)).detach() * d).mean()
    torch.testing.assert_close(terms.distance, d.detach())
    torch.testing.assert_close(terms.loss, expected)
    torch.testing.assert_close(gradients(terms.loss, f), gradients(expected, f))
    assert isinstance(terms.boundary, NearestSamples)
    assert terms.boundary.norm == ("linf" if distance == "rho" else distance)


@pytest.mark.parametrize("distance", ["l2", "linf", "l1"])
def test_eq_11_on_affine_f_is_the_svm_of_the_norm(distance, mlp, randn):
    f, x = mlp(5, ()), randn(40, 5)
    y = labels_of(f, x)
    loss = geometric_svm(f, x, y, distance=distance, points="nearest", alpha=-2.0, lam=0.3)
    dual = torch.linalg.vector_norm(f.layers[0].weight, DUAL[distance])
    expected = torch.relu(1 - y * f(x)).mean() + 0.3 * dual**2
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradients(loss, f), gradients(expected, f))


def test_newtons_foot_hides_a_violated_margin(device, dtype):
    # Newton runs along the ellipse's long axis, far from the nearest point.
    def f(q):
        return q[:, 0] ** 2 + 9 * q[:, 1] ** 2 - 1

    x = torch.tensor([[0.3, 0.01]], device=device, dtype=dtype)
    y = torch.tensor([-1], device=device)
    at = {"distance": "l2", "epsilon": 0.5}
    assert margin(f, x, y, **at).item() == 0
    assert 0.17 < margin(f, x, y, points="nearest", **at).item() < 0.2


def test_newton_takes_another_norm_too(mlp, randn):
    f, x = mlp(4, ()), randn(20, 4)
    y = labels_of(f, x)
    terms = margin_terms(f, x, y, distance="linf", norm="linf")
    assert terms.boundary.norm == "linf" and not isinstance(terms.boundary, NearestSamples)
    torch.testing.assert_close(terms.distance, f(x).abs() / f.layers[0].weight.abs().sum())
    sides = geometric_svm_terms(f, x, y, distance="linf", norm="linf").sides
    assert sides.norm == "linf"


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_warm_starts_bring_the_same_losses(activation, mlp, randn):
    f, x = mlp(activation=activation, seed=3), randn(40, 2)
    y = labels_of(f, x)
    at = {"points": "nearest", "distance": "linf"}
    first = margin_terms(f, x, y, **at)
    again = margin_terms(f, x, y, warm=first.boundary, **at)
    found = first.boundary.converged  # the others are where Newton ended, near S_0 or not
    assert found.sum() > 10
    assert (again.distance <= first.distance + 1e-6)[found].all()
    torch.testing.assert_close(again.per_sample[found], first.per_sample[found], rtol=0, atol=1e-3)
    svm = geometric_svm_terms(f, x, y, **at)
    warm = geometric_svm_terms(f, x, y, warm=(svm.boundary, svm.sides), **at)
    found = svm.boundary.converged & svm.sides.converged.reshape(2, -1).all(0)
    assert (warm.boundary.distance <= svm.boundary.distance + 1e-6)[found].all()
    assert all(torch.isfinite(g).all() for g in gradients(warm.loss, f))


def test_logits_and_images(mlp, randn):
    f, x, y = mlp(8, outputs=3, seed=2), randn(10, 8), torch.arange(10) % 3
    terms = margin_terms(f, x, y.to(x.device), points="nearest", distance="linf", epsilon=0.3)
    foot = margin_terms(f, x, y.to(x.device), norm="linf", distance="linf", epsilon=0.3)
    both = terms.used & foot.used
    assert both.sum() >= 5 and (terms.distance[both] <= foot.distance[both] + 1e-6).all()
    pictures = margin_terms(
        lambda q: f(q.flatten(1)), x.reshape(10, 2, 2, 2), y.to(x.device), points="nearest",
        distance="linf", epsilon=0.3,
    )  # fmt: skip
    torch.testing.assert_close(pictures.distance, terms.distance)


def test_what_does_not_go_together_is_one_sentence(mlp, randn):
    f, x = mlp(), randn(6, 2)
    y = labels_of(f, x)
    with pytest.raises(LevelsetError, match="takes neither stop='fixed' nor a projector"):
        margin(f, x, y, points="nearest", stop="fixed")
    with pytest.raises(LevelsetError, match="takes neither stop='fixed' nor a projector"):
        geometric_svm(f, x, y, points="nearest", projector=lambda *_, **__: None)
    with pytest.raises(LevelsetError, match="Unknown kind of points 'far'"):
        margin(f, x, y, points="far")
    with pytest.raises(LevelsetError, match="Unknown norm 'l3'"):
        margin(f, x, y, norm="l3")

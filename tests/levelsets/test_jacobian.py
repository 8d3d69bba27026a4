"""F, D_xF by back-propagation, and F^j of a classifier."""

from __future__ import annotations

import pytest
import torch
from torch.func import jacrev, vmap

from levelset_core.levelsets import class_margin, value_and_jacobian


@pytest.mark.parametrize("outputs", [1, 2, 3])
@pytest.mark.parametrize("shape", [(4,), (2, 3, 3)])
def test_the_jacobian_is_autograds(outputs, shape, mlp, randn):
    x = randn(9, *shape)
    network = mlp(x[0].numel(), outputs=outputs)

    def f(x):
        return network(x.flatten(1))

    value, jacobian = value_and_jacobian(f, x)
    torch.testing.assert_close(value, f(x).detach())
    expected = vmap(jacrev(lambda row: f(row[None])[0]))(x)  # (n[, l], *d)
    expected = expected if outputs == 1 else expected.movedim(1, -1)
    torch.testing.assert_close(jacobian, expected.detach())
    assert not value.requires_grad
    assert not jacobian.requires_grad


@pytest.mark.parametrize("outputs", [1, 2])
def test_asked_for_a_graph_it_keeps_one_to_theta(outputs, mlp, randn):
    f = mlp(outputs=outputs)
    _, jacobian = value_and_jacobian(f, randn(9, 2), create_graph=True)
    jacobian.square().sum().backward()
    assert f.layers[0].weight.grad.abs().sum() > 0


def test_an_output_that_ignores_the_input_has_gradient_zero(randn):
    x = randn(4, 3)
    value, jacobian = value_and_jacobian(
        lambda x: torch.stack([x[:, 1], torch.full_like(x[:, 0], 7.0)], dim=1), x
    )
    assert (value[:, 1] == 7).all()
    assert (jacobian[..., 1] == 0).all()
    assert (jacobian[..., 0] == torch.eye(3, device=x.device, dtype=x.dtype)[1]).all()


def test_the_class_margin_is_the_lead_over_the_best_other_class(randn, device):
    logits, classes = randn(50, 4), torch.arange(50, device=device) % 4
    expected = [
        row[j] - max(row[i] for i in range(4) if i != j)
        for row, j in zip(logits.tolist(), classes.tolist(), strict=True)
    ]
    actual = class_margin(lambda x: x)(logits, classes)
    torch.testing.assert_close(actual, torch.tensor(expected, device=device, dtype=logits.dtype))
    assert torch.equal(actual > 0, logits.argmax(1) == classes)


def test_the_class_margins_gradient_is_of_the_two_classes_that_meet(device, dtype):
    logits = torch.tensor([[1.0, 5.0, 3.0]], device=device, dtype=dtype)
    f = class_margin(lambda x: x)
    _, gradient = value_and_jacobian(f, logits, (torch.tensor([2], device=device),))
    assert gradient.tolist() == [[0.0, -1.0, 1.0]]

"""The projection in the row space finds the points of the plain one."""

import pytest
import torch

from levelset_core.few_samples.mlp_stack import MLPStack, RowSpaceProjector
from levelset_core.levelsets import project
from levelset_core.losses import geometric_svm


@pytest.fixture
def stack(mlp):
    return MLPStack([mlp(40, (12, 12), activation="relu", seed=seed) for seed in range(3)])


@pytest.fixture
def member(device):
    return torch.arange(60, device=device) % 3


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_it_takes_the_same_steps(stack, member, randn, level):
    x = randn(60, 40)
    fast = RowSpaceProjector(stack)
    assert fast.factor is not None
    how = {"level": level, "args": (member,), "max_steps": 8}
    a, b = project(stack, x, **how), fast(stack, x, **how)
    assert a.converged.any() and torch.equal(a.converged, b.converged)
    assert torch.equal(a.failed, b.failed) and torch.equal(a.steps, b.steps)
    for name in ("points", "values", "pinv", "start_values", "level"):
        torch.testing.assert_close(getattr(a, name), getattr(b, name), rtol=1e-7, atol=1e-9)


def test_the_loss_and_its_gradient_are_the_same(stack, member, randn):
    x, y = randn(60, 40), 1.0 - 2 * (torch.arange(60) % 2)
    found = []
    for projector in (project, RowSpaceProjector(stack)):
        lams = torch.tensor([0.01, 0.1, 1.0], dtype=x.dtype)[member]
        loss = geometric_svm(
            stack, x, y, lam=lams, fallback=True, args=(member,), projector=projector
        )
        found.append((loss, *torch.autograd.grad(loss, list(stack.parameters()))))
    torch.testing.assert_close(found[0], found[1], rtol=1e-6, atol=1e-8)


def test_a_stack_has_the_mean_of_its_members_losses(stack, member, randn):
    x, y = randn(60, 40), 1.0 - 2 * (torch.arange(60) % 2)
    loss = geometric_svm(stack, x, y, lam=0.1, fallback=True, args=(member,))
    alone = [
        geometric_svm(stack.member(k).to(x), x[member == k], y[member == k], lam=0.1, fallback=True)
        for k in range(3)
    ]
    torch.testing.assert_close(loss, torch.stack(alone).mean())


def test_without_a_narrow_layer_or_with_dependent_rows_it_is_the_plain_one(mlp, stack, randn):
    wide = MLPStack([mlp(6, (8,), activation="relu")])
    with torch.no_grad():
        stack.weights[0][1, 3] = stack.weights[0][1, 4]
    for f, x in ((wide, randn(9, 6)), (stack, randn(9, 40))):
        fast, args = RowSpaceProjector(f), (torch.zeros(9, dtype=torch.int64, device=x.device),)
        assert fast.factor is None
        torch.testing.assert_close(fast(f, x, args=args).points, project(f, x, args=args).points)

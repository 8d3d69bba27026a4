"""A stack of MLPs does what each of them does alone."""

import pytest
import torch

from levelset_core.errors import LevelsetError
from levelset_core.few_samples.mlp_stack import MLPStack
from levelset_core.levelsets import value_and_jacobian
from levelset_core.networks import MLP


@pytest.fixture
def singles(mlp):
    return [mlp(5, (8, 6), activation="relu", seed=seed) for seed in range(3)]


@pytest.fixture
def member(device):
    return torch.tensor([2, 0, 0, 2, 0, 2, 2], device=device)  # in any order, one with no rows


def test_values_and_derivatives_are_those_of_the_members(singles, member, randn):
    stack, x = MLPStack(singles), randn(7, 5)
    value, jacobian = value_and_jacobian(stack, x, (member,))
    torch.testing.assert_close(stack(x, member), value)
    for k, number in enumerate(member.tolist()):
        expected = value_and_jacobian(singles[number], x[k : k + 1])
        torch.testing.assert_close((value[k : k + 1], jacobian[k : k + 1]), expected)
    by_autograd = value_and_jacobian(lambda p: stack(p, member), x)
    torch.testing.assert_close((value, jacobian), by_autograd)


def test_members_learn_apart(singles, randn):
    """AdamW on the stack is AdamW on each, and each can be taken out."""
    stack, x = MLPStack(singles[:2]), randn(12, 5)
    member = torch.arange(2, device=x.device).repeat_interleave(6)
    together = torch.optim.AdamW(stack.parameters(), lr=0.01)
    apart = [torch.optim.AdamW(single.parameters(), lr=0.01) for single in singles[:2]]
    for _ in range(5):
        together.zero_grad()
        stack(x, member).square().sum().backward()
        together.step()
        for number, optimizer in enumerate(apart):
            optimizer.zero_grad()
            singles[number](x[member == number]).square().sum().backward()
            optimizer.step()
    for number in range(2):
        torch.testing.assert_close(
            list(stack.member(number).to(x).parameters()), list(singles[number].parameters())
        )


def test_what_differs_cannot_be_stacked(mlp):
    for members in ([], [mlp(5), mlp(4)], [mlp(5, outputs=2)], [mlp(5, ())]):
        with pytest.raises(LevelsetError, match="stack"):
            MLPStack(members)
    with pytest.raises(LevelsetError, match="stack"):
        MLPStack([MLP(2, (4,), activation="relu"), MLP(2, (4,), activation="tanh")])

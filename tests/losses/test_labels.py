"""Every loss refuses, in one sentence, what would spoil it."""

from __future__ import annotations

import inspect

import pytest
import torch

from levelset_core import LevelsetError, losses
from levelset_core.losses import cross_entropy, elsayed, geometric_svm, hinge, margin

BINARY = [cross_entropy, hinge, elsayed, margin, geometric_svm]
MULTI_CLASS = [cross_entropy, margin]


@pytest.mark.parametrize("loss", BINARY)
class TestBinary:
    def test_an_empty_batch(self, loss, mlp, device, dtype):
        with pytest.raises(LevelsetError, match="empty"):
            loss(mlp(), torch.zeros(0, 2, device=device, dtype=dtype), torch.zeros(0))

    @pytest.mark.parametrize("bad", [torch.nan, torch.inf])
    def test_a_sample_that_is_not_finite(self, loss, bad, mlp, randn, device):
        x = randn(4, 2)
        x[2, 1] = bad
        with pytest.raises(LevelsetError, match=f"sample 2 holds {bad}"):
            loss(mlp(), x, torch.ones(4, device=device))

    @pytest.mark.parametrize("bad", [0, 2, -3])
    def test_a_label_other_than_plus_or_minus_one(self, loss, bad, mlp, randn, device):
        y = torch.tensor([1, -1, bad, 1], device=device)
        with pytest.raises(LevelsetError, match=rf"got {bad}\."):
            loss(mlp(), randn(4, 2), y)

    def test_labels_of_another_number(self, loss, mlp, randn, device):
        with pytest.raises(LevelsetError, match=r"4 samples need 4 labels, got \(3,\)"):
            loss(mlp(), randn(4, 2), torch.ones(3, device=device))

    def test_whole_and_real_labels_are_the_same(self, loss, mlp, randn, device):
        f, x, y = mlp(activation="softplus"), randn(4, 2), torch.tensor([1, -1, 1, 1])
        whole, real = (loss(f, x, t.to(device)) for t in (y, y.float()))
        assert torch.equal(whole, real)


@pytest.mark.parametrize("loss", [hinge, elsayed, geometric_svm])
def test_an_output_that_would_broadcast_is_refused(loss, mlp, randn, device):
    with pytest.raises(LevelsetError, match=r"\(3, 3\)"):
        loss(mlp(outputs=3), randn(3, 2), torch.ones(3, device=device))


@pytest.mark.parametrize(("loss", "settings", "said"), [
    (elsayed, {"epsilon": -1.0}, "epsilon must be 0 or more, got -1.0"),
    (margin, {"weight_wrong": -1.0}, "weight_wrong must be 0 or more"),
    (margin, {"epsilon_wrong": -0.1}, "epsilon_wrong must be 0 or more"),
    (margin, {"max_residual": torch.nan}, "max_residual must be 0 or more, got nan"),
    (geometric_svm, {"lam": -0.5}, "lam must be 0 or more"),
])  # fmt: skip
def test_a_number_out_of_range_is_refused(loss, settings, said, mlp, randn, device):
    with pytest.raises(LevelsetError, match=said):
        loss(mlp(), randn(3, 2), torch.ones(3, device=device), **settings)


@pytest.mark.parametrize("name", ["margin", "geometric_svm"])
def test_a_loss_takes_what_its_terms_take_by_name(name):
    of_loss, of_terms = (inspect.signature(getattr(losses, n)) for n in (name, f"{name}_terms"))
    assert list(of_loss.parameters.values()) == list(of_terms.parameters.values())
    assert not any(p.kind is p.VAR_KEYWORD for p in of_loss.parameters.values())


@pytest.mark.parametrize("loss", MULTI_CLASS)
class TestClasses:
    @pytest.mark.parametrize("bad", [-1, 3])
    def test_a_class_that_is_none(self, loss, bad, mlp, randn, device):
        y = torch.tensor([0, 1, bad, 2], device=device)
        with pytest.raises(LevelsetError, match=rf"0 to 2, got {bad}\."):
            loss(mlp(outputs=3), randn(4, 2), y)

    def test_real_numbers_as_classes(self, loss, mlp, randn, device):
        with pytest.raises(LevelsetError, match="float64"):
            loss(mlp(outputs=3), randn(4, 2), torch.ones(4, device=device).double())

    def test_classes_of_another_number(self, loss, mlp, randn, device):
        with pytest.raises(LevelsetError, match=r"4 samples need 4 labels, got \(4, 3\)"):
            loss(mlp(outputs=3), randn(4, 2), torch.ones(4, 3, device=device).long())

    def test_one_class_alone(self, loss, mlp, randn, device):
        f = mlp()
        with pytest.raises(LevelsetError, match=r"two classes, got \(4, 1\)"):
            loss(lambda x: f(x)[:, None], randn(4, 2), torch.zeros(4, device=device).long())

    def test_any_integers_serve(self, loss, mlp, randn, device):
        f, x = mlp(outputs=3), randn(4, 2)
        y = torch.tensor([0, 1, 2, 2], device=device)
        assert torch.equal(loss(f, x, y), loss(f, x, y.to(torch.uint8)))

    def test_a_sample_that_is_not_finite(self, loss, mlp, randn, device):
        x = randn(4, 2)
        x[3, 0] = torch.nan
        with pytest.raises(LevelsetError, match="sample 3 holds nan"):
            loss(mlp(outputs=3), x, torch.zeros(4, device=device).long())

from __future__ import annotations

import copy
import math

import torch

from levelset_core.reconstruction.optimizers import Muon, orthogonalize


def test_singular_values_become_about_one(randn):
    for shape in ((20, 30), (30, 20), (16, 16)):
        u, s, vt = torch.linalg.svd(orthogonalize(randn(*shape), 5), full_matrices=False)
        assert s.max() < 1.3 and s.median() > 0.6
        assert u.shape[1] == len(s) == len(vt)


def test_it_keeps_the_singular_vectors(randn):
    matrix = randn(12, 12)
    u, _, vt = torch.linalg.svd(matrix)
    turned = u.T @ orthogonalize(matrix, 8) @ vt.T
    off = turned - torch.diag(turned.diagonal())
    assert off.abs().max() < 1e-6


def test_a_step_has_the_length_asked_for_and_resumes(randn):
    weight = torch.nn.Parameter(randn(40, 10))
    before = weight.detach().clone()
    optimizer = Muon([weight], lr=0.1)
    weight.grad = randn(40, 10)
    optimizer.step()
    change = torch.linalg.matrix_norm(weight.detach() - before, ord=2)
    assert 0.06 * math.sqrt(4) < change < 0.13 * math.sqrt(4)

    twin = torch.nn.Parameter(weight.detach().clone())
    other = Muon([twin], lr=0.1)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))  # else they share tensors
    weight.grad = randn(40, 10)
    twin.grad = weight.grad.clone()
    optimizer.step()
    other.step()
    assert torch.equal(weight, twin)

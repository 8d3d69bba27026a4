"""The core on another device than the CPU: the same figures, and nothing left behind."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import levelset_core as lc
from levelset_core import losses
from levelset_core.attacks import (
    AttackConfig,
    cross_section,
    diagnose,
    evaluate_attack,
    make_axes,
    margin_profile,
    nearest_boundary_points,
    nearest_level_points,
    newton_points,
    pgd,
    pgd_trajectory,
    random_direction,
    strong_pgd,
)
from levelset_core.attacks.minimum import least_distances
from levelset_core.classifiers.architectures import make_classifier
from levelset_core.data import PointCloud, make_points
from levelset_core.data.images import ImageSet
from levelset_core.geometry import NearestPoints, evaluate_grid, extract_mesh
from levelset_core.levelsets import bisection, follow_points
from levelset_core.networks import MLP, ImplicitMLP
from levelset_core.playground import OBJECTIVES, PlaygroundConfig, PlaygroundTrainer
from levelset_core.random import torch_generator
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer
from levelset_core.robustness.config import METHODS, RobustConfig
from levelset_core.robustness.trainer import RobustTrainer
from tests.elsewhere.device import ELSEWHERE, MixedDevicesError, elsewhere

CPU = torch.device("cpu")


def values(found):
    """Whatever a function gives, as numbers of the CPU; tensors must be where they were asked."""
    if isinstance(found, torch.Tensor):
        return [found.detach().cpu().numpy()]
    if isinstance(found, (tuple, list)):
        return [v for part in found for v in values(part)]
    return [np.asarray(found)]


def agree(compute, rtol=0.0):
    """``compute(device)`` gives the same on both devices, bit for bit unless ``rtol`` is given."""
    here = values(compute(CPU))
    with elsewhere() as device:
        found = compute(device)
        for tensor in found if isinstance(found, (tuple, list)) else [found]:
            assert not isinstance(tensor, torch.Tensor) or tensor.device == ELSEWHERE
        there = values(found)
    assert len(here) == len(there)
    for a, b in zip(here, there, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=0)


def mlp(device, outputs=1, dimension=2):
    network = MLP(dimension, (16, 16), outputs, generator=torch_generator(1))
    return network.double().to(device)


def inputs(device, n=12, dimension=2):
    x = torch.randn(n, dimension, generator=torch_generator(2), dtype=torch.float64)
    return x.to(device)


def signs(device, n=12):
    return (torch.arange(n) % 2 * 2 - 1).to(device)


# -- the device itself -----------------------------------------------------------------------


def test_what_a_gpu_refuses_is_refused():
    with elsewhere() as device:
        x = torch.zeros(3, device=device)
        assert x.device == device and (x + torch.tensor(1.0)).sum().item() == 3
        with pytest.raises(MixedDevicesError):
            x + torch.ones(3)
        with pytest.raises(MixedDevicesError):
            torch.ones(3).add_(x)
        with pytest.raises(MixedDevicesError):
            torch.rand(3, device=device, generator=torch_generator(0))
        with pytest.raises(MixedDevicesError):
            torch.rand(3, generator=torch_generator(0, device))
        with pytest.raises(TypeError):
            x.numpy()
        assert x.cpu().numpy().tolist() == [0, 0, 0]
        assert x[torch.tensor([0, 1])].device == device  # as on a GPU


# -- level sets ------------------------------------------------------------------------------


@pytest.mark.parametrize("norm", ["l2", "linf", "l1"])
def test_projection_and_sample_network(norm):
    def compute(device):
        f = mlp(device)
        samples = lc.project(f, inputs(device), norm=norm, record=True)
        p = lc.sample_network(f, samples)
        gradients = torch.autograd.grad(p.square().sum(), list(f.parameters()), allow_unused=True)
        return (
            samples.points,
            samples.values,
            samples.failed,
            p,
            *(g for g in gradients if g is not None),
        )

    agree(compute)


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_nearest_points(norm):
    def compute(device):
        generator = torch_generator(3, device)
        found = lc.nearest_points(
            mlp(device), inputs(device), norm=norm, box=(-3.0, 3.0), draws=4, generator=generator
        )
        again = lc.nearest_points(mlp(device), inputs(device), norm=norm, warm=found)
        return found.points, found.distance, found.optimal, again.points

    agree(compute)


def test_several_outputs_segments_roots_and_following():
    def compute(device):
        f, x = mlp(device, 2, 3), inputs(device, dimension=3)
        two = lc.project(f, x)
        g = mlp(device)
        between = bisection(g, inputs(device), -inputs(device))
        root = lc.implicit_root(g, inputs(device))
        moved, last = follow_points(g, lc.project(g, inputs(device)))
        return two.points, between.points, root, moved, last.points

    agree(compute)


# -- losses ----------------------------------------------------------------------------------


def graded(f, loss):
    return loss, *torch.autograd.grad(loss, list(f.parameters()), allow_unused=True)


@pytest.mark.parametrize("points", ["newton", "nearest"])
@pytest.mark.parametrize("distance", ["linf", "l2", "rho"])
def test_the_papers_losses(points, distance):
    if points == "nearest" and distance == "rho":
        pytest.skip("rho has no nearest points")

    def compute(device):
        f, x, y = mlp(device), inputs(device), signs(device)
        common = {"distance": distance, "points": points}
        if points == "nearest":
            common |= {"generator": torch_generator(0, device), "draws": 2}
        one = losses.geometric_svm(f, x, y, **common)
        two = losses.margin(f, x, y, **common)
        return [g for loss in (one, two) for g in graded(f, loss) if g is not None]

    agree(compute)


def test_the_other_losses():
    def compute(device):
        f, x, y = mlp(device), inputs(device), signs(device)
        cloud = NearestPoints(x)
        normals = torch.nn.functional.normalize(x)
        found = [
            losses.hinge(f, x, y),
            losses.elsayed(f, x, y),
            losses.reconstruction(f, x, cloud, x + 0.1),
            losses.along_normals(f, x, normals),
        ]
        g = mlp(device, 3)
        several = losses.cross_entropy(g, x, torch.arange(len(x)).to(device) % 3)
        return [several, *(v for loss in found for v in graded(f, loss) if v is not None)]

    agree(compute)


# -- networks and extraction -----------------------------------------------------------------


def test_networks_and_extraction():
    def compute(device):
        f = ImplicitMLP(3, (32, 32), octaves=2, generator=torch_generator(0)).to(device)
        mesh = extract_mesh(f, ([-1.0] * 3, [1.0] * 3), 20)
        plane = evaluate_grid(mlp(device).float(), (-1, 1, -1, 1), 16, device=device)
        return mesh.vertices, mesh.faces, plane

    agree(compute)


# -- attacks ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def images():
    pixels = torch.randint(256, (24, 1, 16, 16), generator=torch_generator(0), dtype=torch.uint8)
    network = make_classifier("convnet4a", (1, 16, 16), 4, seed=3).eval()
    with torch.no_grad():
        labels = network(pixels.float() / 255).argmax(1)
    return ImageSet("random", pixels, labels, tuple("abcd"))


def classifier(device) -> nn.Module:
    return make_classifier("convnet4a", (1, 16, 16), 4, seed=3).eval().to(device)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_attacks(images, norm):
    def compute(device):
        f = classifier(device)
        x, y = images.batch(slice(8), device)
        generator = torch_generator(0)
        one = pgd(f, x, y, epsilon=0.1, step=0.02, steps=3, generator=generator)
        two = strong_pgd(f, x, y, epsilon=0.1, steps=4, norm=norm, generator=generator)
        three, four = newton_points(f, x, y), nearest_boundary_points(f, x, y, norm=norm)
        return one.images, two.images, two.broken, three.points, four.points, four.linf

    agree(compute)


@pytest.mark.parametrize("attack", ["pgd-margin", "pgd-strong", "clean"])
def test_evaluations(images, attack):
    config = AttackConfig(attack, epsilon=0.05)

    def compute(device):
        report = evaluate_attack(classifier(device), images, config, device=device)
        return [report.clean_accuracy, report.robust_accuracy]

    agree(compute)


def test_explorations(images):
    def compute(device):
        f = classifier(device)
        x, y = images.batch(slice(1), device)
        path = pgd_trajectory(f, x[0], int(y[0]), epsilon=0.3, step=0.05, steps=4)
        profile = margin_profile(f, path, 9)
        axes = make_axes(path.points[-1] - x[0], random_direction(x[0], 0))
        section = cross_section(f, x[0], int(y[0]), axes, bounds=(-1, 1, -1, 1), resolution=9)
        level = nearest_level_points(f, x[0], int(y[0]))
        assert {path.points.device, profile.margin.device} == {x.device}
        return [
            path.points, profile.distance, profile.margin, section.logits, section.classes(2),
            section.margin(), axes.box_outline(0.3), level["linf"].linf,
        ]  # fmt: skip

    agree(compute)


def test_distances_and_signs_of_masking(images):
    few = images.first(6)

    def compute(device):
        f = classifier(device)
        x, y = few.batch(slice(None), device)
        found = least_distances(f, x, y, epsilons=(0.05, 0.2))
        masking = diagnose(f, few, AttackConfig("pgd-margin", epsilon=0.1, steps=3), device=device)
        return [*found.values(), len(masking.findings)]

    agree(compute, rtol=1e-3)


# -- training --------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_playground_steps(objective):
    config = PlaygroundConfig(objective=objective, depth=1, width=8)

    def compute(device):
        trainer = PlaygroundTrainer(config, make_points("two_moons", 16), device=device)
        curve = [next(trainer).loss for _ in range(3)]
        measured = trainer.measure(grid=16)
        checkpoint = trainer.checkpoint()
        trainer.restore(checkpoint)
        return [*curve, next(trainer).loss, measured.margins, trainer.field(8)]

    agree(compute)


@pytest.mark.parametrize("method", METHODS)
def test_robust_steps(images, method):
    config = RobustConfig(
        method=method, epochs=1, batch=8, epsilon=0.1, attack_step=0.05, attack_step_wrong=0.2,
        attack_steps=2,
    )  # fmt: skip

    def compute(device):
        trainer = RobustTrainer(config, images, seed=0, device=device)
        return [float(next(trainer).loss) for _ in range(2)]

    agree(compute)


@pytest.mark.parametrize(("dimension", "preset"), [(2, "quick"), (3, "quick"), (3, "paper")])
def test_reconstruction_steps(dimension, preset):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, dimension))
    cloud = PointCloud(x / np.linalg.norm(x, axis=1, keepdims=True))
    config = ReconstructionConfig.preset(
        preset, seconds=None, steps=3, resolution=24, depth=2, width=16, data_batch=64,
        projected=64, near=64,
    )  # fmt: skip

    def compute(device):
        trainer = ReconstructionTrainer(config, cloud, device=device, threads=1)
        loss = [float(snapshot.loss) for snapshot in trainer]
        if dimension == 2:
            return [*loss, len(trainer.extract_curve().polylines)]
        return [*loss, trainer.extract_mesh().vertices.sum()]

    agree(compute, rtol=1e-3)  # a k-d tree on the CPU, distances elsewhere

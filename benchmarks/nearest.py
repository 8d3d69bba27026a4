"""How near the nearest points are: against a grid in the plane, against attacks on images.

    python -m benchmarks.nearest [--store] [--quick] [--only plane_relu,grid,images_linf,...]

plane: random MLPs in the plane; the share of points whose distance is at most 1.01 times the one
by a grid of 4,096 x 4,096 (see _plane.py). grid: that this grid, refined where it matters, gives
what the whole of it gives. images: L_inf and L2 distances on bundled MNIST networks beside those of
FAB (pyautoattack) and DeepFool (Foolbox), with the processor's seconds of each: they depend little
on what else the machine does.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks import _measure
from benchmarks._plane import grid_distance
from levelset_core import nearest_points
from levelset_core.attacks import nearest_boundary_points, newton_points
from levelset_core.classifiers.files import load_classifier
from levelset_core.data.images import load_images
from levelset_core.levelsets.norms import length
from levelset_core.networks import MLP
from levelset_core.paths import CHECKPOINTS
from levelset_core.random import torch_generator

REQUIRED = {
    "plane_relu.l2.within_1_percent": 0.99,
    "plane_relu.linf.within_1_percent": 0.99,
    "plane_softplus.l2.within_1_percent": 0.99,
    "plane_softplus.linf.within_1_percent": 0.99,
    "images_linf.equal_time_ratio": 1.02,
}
SEEDS, POINTS, STARTS = 200, 100, 32
#: Points lie within 1.5 of the origin, the grid reaches to 3.
SPREAD, HALF = 1.5, 3.0
NORMS = ("l2", "linf")
MODELS = ("standard", "madry", "trades", "level_set")
IMAGES = 30


def random_network(activation: str, seed: int) -> tuple[MLP, Tensor]:
    """An MLP with random biases, zero at the median of its points, and the points, (100, 2)."""
    generator = torch_generator(seed)
    f = MLP(2, (64, 64, 64), activation=activation, generator=generator)
    x = SPREAD * (2 * torch.rand(POINTS, 2, generator=generator) - 1)
    with torch.no_grad():
        for layer in f.layers:
            assert isinstance(layer, nn.Linear)
            layer.bias.normal_(0.0, 0.3, generator=generator)
        f.layers[-1].bias -= f(x).median()
    return f, x


def ratios(activation: str, norm: str, seed: int, starts: int) -> tuple[Tensor, Tensor, float]:
    """Distances found over those of the grid, optimal, and seconds of the search.

    Points whose ball leaves the grid are left out: their nearest point may lie outside.
    """
    f, x = random_network(activation, seed)
    truth = grid_distance(f, x, norm, HALF)
    begin = time.process_time()
    s = nearest_points(f, x, norm=norm, starts=starts)
    seconds = time.process_time() - begin
    inside = truth < HALF - x.abs().amax(1)
    ratio = torch.where((s.distance == 0) & (truth == 0), 1.0, s.distance / truth)  # F(x) = 0
    return ratio[inside], s.optimal[inside], seconds


def plane(options: argparse.Namespace, _: Path, *, activation: str) -> dict[str, Any]:
    """By norm."""
    seeds = range(2 if options.quick else options.networks)
    figures: dict[str, Any] = {}
    for norm in NORMS:
        runs = []
        for k in seeds:
            runs.append(ratios(activation, norm, options.seed + k, STARTS))
            if k % 20 == 19:
                far = torch.cat([r for r, _, _ in runs]) > 1.01
                _measure.tell(f"{activation} {norm} {k + 1}", far.double().mean().item())
        ratio = torch.cat([r for r, _, _ in runs])
        figures[norm] = {
            "networks": len(runs),
            "points": len(ratio),
            "within_1_percent": round((ratio <= 1.01).double().mean().item(), 5),
            "nearer_by_1_percent": round((ratio < 0.99).double().mean().item(), 5),
            "largest_ratio": round(ratio.max().item(), 4),
            "optimal": round(torch.cat([o for _, o, _ in runs]).double().mean().item(), 4),
            "ms_a_point": round(1e3 * sum(t for _, _, t in runs) / len(runs) / POINTS, 3),
        }
        _measure.tell(f"{activation} {norm}", figures[norm])
    return figures


def grid(options: argparse.Namespace, _: Path) -> dict[str, Any]:
    """The largest difference of the refined grid from the whole one, in its steps."""
    figures = {}
    for activation in ("relu", "softplus"):
        worst = 0.0
        for seed in range(1 if options.quick else 3):
            f, x = random_network(activation, options.seed + seed)
            x = x[:20]
            for norm in NORMS:
                both = [grid_distance(f, x, norm, HALF, refined=r) for r in (True, False)]
                inside = both[1] < HALF - x.abs().amax(1)
                step = 2 * HALF / 4096
                worst = max(worst, ((both[0] - both[1])[inside].abs().max() / step).item())
        figures[activation] = {"largest_difference_in_steps": round(worst, 5)}
        _measure.tell(activation, figures[activation])
    return figures


#: Images to points on the other side or on the boundary.
Attack = Callable[[Tensor, Tensor], Tensor]


def attacks(network: nn.Module, norm: str) -> dict[str, Attack]:
    """What is compared, by name."""
    fab_of = importlib.import_module("pyautoattack.fab_pt").FABAttack_PT
    foolbox = importlib.import_module("foolbox")

    def fab(steps: int, targets: int = 0) -> Attack:
        def run(x: Tensor, y: Tensor) -> Tensor:
            attack = fab_of(
                network, norm={"linf": "Linf", "l2": "L2"}[norm], n_iter=steps, eps=1.0,
                targeted=targets > 0, device=x.device,
            )  # fmt: skip
            best, reach = x.clone(), torch.full((len(x),), torch.inf)
            for target in range(max(targets, 1)):
                attack.target_class = target + 2
                found = attack.attack_single_run(x, y, is_targeted=targets > 0)
                far = length(found - x, norm)
                far[far == 0] = torch.inf
                best[far < reach], reach = found[far < reach], torch.minimum(far, reach)
            return best

        return run

    def deepfool(x: Tensor, y: Tensor) -> Tensor:
        kind = {"linf": "LinfDeepFoolAttack", "l2": "L2DeepFoolAttack"}[norm]
        model = foolbox.PyTorchModel(network, bounds=(0, 1), device=x.device)
        found: Tensor = getattr(foolbox.attacks, kind)()(model, x, y, epsilons=None)[0]
        return found

    def ours(steps: int, classes: int) -> Attack:
        return lambda x, y: (
            nearest_boundary_points(
                network, x, y, norm=norm, max_steps=steps, classes=classes
            ).points
        )

    return {
        "newton": lambda x, y: newton_points(network, x, y, norm=norm).points,
        "nearest_20": ours(20, 0), "nearest_20_classes_3": ours(20, 3),
        "fab_5": fab(5), "fab_20": fab(20), "fab_t_20": fab(20, 3), "deepfool": deepfool,
    }  # fmt: skip


def images(options: argparse.Namespace, _: Path, *, norm: str) -> dict[str, Any]:
    """By network: median distance and seconds; and our median over FAB's at equal time."""
    data = load_images("mnist_excerpt", "test")
    figures: dict[str, Any] = {}
    for model in MODELS[:1] if options.quick else MODELS:
        network = load_classifier(CHECKPOINTS / f"mnist_convnet4a_{model}.safetensors").network
        x, y = data.batch(torch.arange(5 if options.quick else IMAGES), torch.device("cpu"))
        with torch.no_grad():
            right = network.eval()(x).argmax(1) == y
        x, y = x[right], y[right]
        found: dict[str, Any] = {}
        for name, attack in attacks(network, norm).items():
            begin = time.process_time()
            far = length(attack(x, y) - x, norm)
            seconds = time.process_time() - begin
            far[far == 0] = torch.inf  # none found
            found[name] = {
                "median": round(far.median().item(), 5) if far.median().isfinite() else None,
                "mean_of_found": round(far[far.isfinite()].mean().item(), 5),
                "found": int(far.isfinite().sum()),
                "seconds": round(seconds, 2),
            }
            _measure.tell(f"{norm} {model} {name}", found[name])
        figures[model] = {"images": len(x), **found, "equal_time": equal_time(found)}
    worst = max(figure["equal_time"]["ratio"] for figure in figures.values())
    return {**figures, "equal_time_ratio": worst}


def equal_time(found: dict[str, Any]) -> dict[str, Any]:
    """Our median over the least one of FAB in no more time; our best, slowest setting."""
    ours = found["nearest_20_classes_3"]
    theirs = {k: v for k, v in found.items() if k.startswith("fab") and v["median"] is not None}
    quick = {k: v for k, v in theirs.items() if v["seconds"] <= ours["seconds"]} or theirs
    name = min(quick, key=lambda k: quick[k]["median"])
    return {"ratio": round(ours["median"] / quick[name]["median"], 4), "against": name}


PARTS: dict[str, _measure.Part] = {
    "plane_relu": partial(plane, activation="relu"),
    "plane_softplus": partial(plane, activation="softplus"),
    "grid": grid,
    "images_linf": partial(images, norm="linf"),
    "images_l2": partial(images, norm="l2"),
}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = _measure.parser("Nearest points: against a grid, and against attacks.")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas")
    parser.add_argument("--networks", type=int, default=SEEDS, help="random MLPs in the plane")
    options = _measure.parse(parser, arguments)
    further = ["--networks", str(options.networks)]
    return _measure.report_parts("nearest", options, PARTS, REQUIRED, further)


if __name__ == "__main__":
    main()

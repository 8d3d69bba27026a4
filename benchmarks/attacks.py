"""PGD-40 against torchattacks and Foolbox, a busy core, and a step of ours against Madry's.

    python -m benchmarks.attacks [--store] [--quick] [--model M] [--standard S]

Every figure is a ratio of medians, its sides measured in turn in one run: machines are noisy.
A library gets the batch that it is fastest with, of those below. torchattacks cannot be among the
project's requirements (it pins an old ``requests``): ``pip install --no-deps torchattacks==3.5.1``.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks import _measure
from levelset_core.attacks import AttackConfig, evaluate_attack
from levelset_core.data.images import ImageSet, load_images
from levelset_core.device import pick_device
from levelset_core.networks.classifier_files import load_classifier
from levelset_core.training.robust import RobustTrainer
from levelset_core.training.robust_config import robust_preset

CHECKPOINTS = Path(__file__).resolve().parents[1] / "assets" / "checkpoints"
REQUIRED = {
    "robust.ours_over_fastest": 1.3,
    "standard.ours_over_fastest": 5.0,
    "busy_core.kept": 0.8,
    "training_step.ours_over_madry": 1.25,
}
EPSILON, STEP, STEPS = 0.3, 0.01, 40
BATCHES = (32, 64, 128)

#: Attacks all images of a set; the number that stay right.
Attack = Callable[[], int]


def libraries(network: nn.Module, data: ImageSet) -> dict[str, Callable[[int], Attack]]:
    """Cross-entropy PGD of each library that is installed, by batch."""
    device = pick_device()
    x, y = data.batch(slice(None), device)

    def in_batches(run: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], batch: int) -> Attack:
        def attack() -> int:
            right = 0
            for images, labels in zip(x.split(batch), y.split(batch), strict=True):
                found = run(images, labels)
                with torch.no_grad():
                    right += int((network(found).argmax(1) == labels).sum())
            return right

        return attack

    found: dict[str, Callable[[int], Attack]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of their imports
        try:
            torchattacks: Any = importlib.import_module("torchattacks")

            theirs = torchattacks.PGD(network, eps=EPSILON, alpha=STEP, steps=STEPS)
            found["torchattacks"] = lambda batch: in_batches(theirs, batch)
        except ImportError:
            pass
        try:
            foolbox: Any = importlib.import_module("foolbox")

            model = foolbox.PyTorchModel(network, bounds=(0, 1), device=device)
            pgd = foolbox.attacks.LinfPGD(abs_stepsize=STEP, steps=STEPS)
            found["foolbox"] = lambda batch: in_batches(
                lambda images, labels: pgd.run(model, images, labels, epsilon=EPSILON), batch
            )
        except ImportError:
            pass
    return found


def against_libraries(path: Path, data: ImageSet, repeats: int, threads: int) -> dict[str, Any]:
    """Images a second of everybody, and ours over the fastest of the others."""
    device = pick_device()
    network = load_classifier(path).network.to(device)
    config = AttackConfig("pgd-xent", EPSILON, STEP, STEPS)

    def ours() -> int:
        report = evaluate_attack(network, data, config, device=device, threads=threads)
        return round(report.robust_accuracy * len(data))

    runs: dict[str, Attack] = {"ours": ours}
    few = data.first(max(BATCHES))
    for name, by_batch in libraries(network, few).items():
        times = _measure.interleave(1, **{str(b): by_batch(b) for b in BATCHES})
        best = int(min(times, key=lambda b: times[b]))
        runs[f"{name}, batches of {best}"] = libraries(network, data)[name](best)
    times = _measure.interleave(repeats, **runs)
    fastest = min(t for name, t in times.items() if name != "ours")
    return {
        "model": path.name,
        "images": len(data),
        "images_a_second": {name: round(len(data) / t, 2) for name, t in times.items()},
        "robust_accuracy": {name: run() / len(data) for name, run in runs.items()},
        "ours_over_fastest": round(fastest / times["ours"], 3),
    }


def _spin(stop: Any) -> None:
    while not stop.is_set():
        sum(range(10_000))


def busy_core(path: Path, data: ImageSet, repeats: int) -> dict[str, Any]:
    """Speed on all cores with one of them busy, over the share of the cores that is then left.

    The scheduler shares c cores among c threads of ours and one of another: c / (c + 1) is ours.
    """
    cores = os.cpu_count() or 1
    network = load_classifier(path).network.to("cpu")
    config = AttackConfig("pgd-xent", EPSILON, STEP, 10)
    cpu = torch.device("cpu")

    def seconds() -> float:
        begun = time.perf_counter()
        evaluate_attack(network, data, config, device=cpu, threads=cores)
        return time.perf_counter() - begun

    idle, busy = [], []
    for _ in range(repeats):
        idle.append(seconds())
        stop = multiprocessing.get_context("spawn").Event()
        other = multiprocessing.get_context("spawn").Process(target=_spin, args=(stop,))
        other.start()
        time.sleep(2.0)  # it imports first
        busy.append(seconds())
        stop.set()
        other.join()
    speed = statistics.median(idle) / statistics.median(busy)
    share = cores / (cores + 1)
    return {"cores": cores, "speed": round(speed, 3), "kept": round(speed / share, 3)}


def training_step(path: Path, data: ImageSet, repeats: int) -> dict[str, Any]:
    """A step of ours over one of Madry's with as many PGD steps, from the same weights."""
    weights = load_classifier(path).network.state_dict()
    trainers = {
        method: RobustTrainer(robust_preset("paper", method, "convnet4a", "mnist"), data,
                              weights=weights)
        for method in ("madry", "ours")
    }  # fmt: skip
    times = _measure.interleave(repeats, **{k: t.__next__ for k, t in trainers.items()})
    return {
        "pgd_steps": STEPS,
        "madry_ms": round(1e3 * times["madry"], 1),
        "ours_over_madry": round(times["ours"] / times["madry"], 3),
    }


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    """Run, print and perhaps store."""
    parser = _measure.parser("Attacks and robust training: ratios of speeds.")
    parser.add_argument(
        "--model", type=Path, default=CHECKPOINTS / "mnist_convnet4a_madry.safetensors"
    )
    parser.add_argument(
        "--standard", type=Path, default=CHECKPOINTS / "mnist_convnet4a_standard.safetensors"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    images, repeats = (32, 1) if options.quick else (128, 3)
    test = load_images("mnist_excerpt", "test").first(images)
    train = load_images("mnist_excerpt", "train")
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "robust": lambda: against_libraries(options.model, test, repeats, options.threads),
        "standard": lambda: against_libraries(options.standard, test, repeats, options.threads),
        "busy_core": lambda: busy_core(options.model, test, repeats),
        "training_step": lambda: training_step(options.model, train, 1 if options.quick else 3),
    }
    figures = {}
    for name, part in parts.items():
        figures[name] = part()
        print(name, figures[name], file=sys.stderr, flush=True)
    return _measure.report("attacks", options, figures, REQUIRED)


if __name__ == "__main__":
    main()

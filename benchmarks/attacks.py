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
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks import _measure
from levelset_core.attacks import AttackConfig, evaluate_attack
from levelset_core.classifiers.files import load_classifier
from levelset_core.data.images import ImageSet, load_images
from levelset_core.device import pick_device
from levelset_core.paths import CHECKPOINTS
from levelset_core.robustness.config import robust_preset
from levelset_core.robustness.trainer import RobustTrainer

REQUIRED = {
    "robust.ours_over_fastest": 1.3,
    "standard.ours_over_fastest": 5.0,
    "busy_core.kept": 0.8,
    "training_step.ours_over_madry": 1.25,
}
EPSILON, STEP, STEPS = 0.3, 0.01, 40
BATCHES = (32, 64, 128)


class Side:
    """A process that attacks the same images with one program, whenever it is told to.

    Processes of their own: each program works in memory that is set as its users have it.
    """

    def __init__(self, program: str, path: Path, images: int, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(program, path, images, threads, theirs), daemon=True
        )
        self._process.start()
        self.installed: bool = self._pipe.recv()

    def __call__(self, batch: int = 0, images: int | None = None) -> int:
        """Attack the first ``images``; how many stay right."""
        self._pipe.send((batch, images))
        return int(self._pipe.recv())

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()


def _serve(program: str, path: Path, images: int, threads: int, pipe: Any) -> None:
    torch.set_num_threads(threads)
    network = load_classifier(path).network.to(pick_device())
    data = load_images("mnist_excerpt", "test").first(images)
    try:
        attack = PROGRAMS[program](network, threads)
    except ImportError:
        pipe.send(False)
        return
    pipe.send(True)
    while True:
        batch, first = pipe.recv()
        pipe.send(attack(data if first is None else data.first(first), batch))


#: Attacks the images, in batches of so many; the number that stay right.
Attack = Callable[[ImageSet, int], int]


def _ours(network: nn.Module, threads: int) -> Attack:
    config = AttackConfig("pgd-xent", EPSILON, STEP, STEPS)

    def attack(data: ImageSet, batch: int) -> int:
        report = evaluate_attack(network, data, config, threads=threads)
        return round(report.robust_accuracy * len(data))

    return attack


def _torchattacks(network: nn.Module, threads: int) -> Attack:
    library: Any = importlib.import_module("torchattacks")
    return in_batches(network, library.PGD(network, eps=EPSILON, alpha=STEP, steps=STEPS))


def _foolbox(network: nn.Module, threads: int) -> Attack:
    library: Any = importlib.import_module("foolbox")
    model = library.PyTorchModel(network, bounds=(0, 1), device=pick_device())
    pgd = library.attacks.LinfPGD(abs_stepsize=STEP, steps=STEPS)
    return in_batches(network, lambda x, y: pgd.run(model, x, y, epsilon=EPSILON))


PROGRAMS = {"ours": _ours, "torchattacks": _torchattacks, "foolbox": _foolbox}


def in_batches(network: nn.Module, run: Callable[[Tensor, Tensor], Tensor]) -> Attack:
    """An attack of a library, batch after batch."""

    def attack(data: ImageSet, batch: int) -> int:
        x, y = data.batch(slice(None), pick_device())
        right = 0
        for images, labels in zip(x.split(batch), y.split(batch), strict=True):
            found = run(images, labels)
            with torch.no_grad():
                right += int((network(found).argmax(1) == labels).sum())
        return right

    return attack


def against_libraries(path: Path, images: int, repeats: int, threads: int) -> dict[str, Any]:
    """Images a second of everybody, and ours over the fastest of the others."""
    sides = {program: Side(program, path, images, threads) for program in PROGRAMS}
    try:
        runs: dict[str, Callable[[], int]] = {"ours": sides["ours"]}
        for program, side in sides.items():
            if program == "ours" or not side.installed:
                continue
            few = {str(b): partial(side, b, min(images, max(BATCHES))) for b in BATCHES}
            times = _measure.interleave(1, **few)
            best = int(min(times, key=lambda b: times[b]))
            runs[f"{program}, batches of {best}"] = partial(side, best)
        times = _measure.interleave(repeats, **runs)
        robust = {name: run() / images for name, run in runs.items()}
    finally:
        for side in sides.values():
            side.stop()
    fastest = min(t for name, t in times.items() if name != "ours")
    return {
        "model": path.name,
        "images": images,
        "images_a_second": {name: round(images / t, 2) for name, t in times.items()},
        "robust_accuracy": robust,
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
    parser = _measure.parser("Attacks and robust training: ratios of speeds.")
    for option, method in (("--model", "madry"), ("--standard", "standard")):
        usual = CHECKPOINTS / f"mnist_convnet4a_{method}.safetensors"
        parser.add_argument(option, type=Path, default=usual)
    options = _measure.parse(parser, arguments)
    images, repeats = (32, 1) if options.quick else (128, 3)
    test = load_images("mnist_excerpt", "test").first(images)
    train = load_images("mnist_excerpt", "train")
    more = 4 * images  # they fall fast
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "robust": lambda: against_libraries(options.model, images, repeats, options.threads),
        "standard": lambda: against_libraries(options.standard, more, repeats, options.threads),
        "busy_core": lambda: busy_core(options.model, test, repeats),
        "training_step": lambda: training_step(options.model, train, repeats),
    }
    figures = {}
    for name, part in parts.items():
        figures[name] = part()
        _measure.tell(name, figures[name])
    return _measure.report("attacks", options, figures, REQUIRED)


if __name__ == "__main__":
    main()

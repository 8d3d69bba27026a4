"""What a GPU does: seconds an epoch at the paper's settings, AutoAttack on 10,000 images.

    benchmarks/gpu.sh                                   all of it and the device tests: 8 minutes
    python -m benchmarks.gpu [--store] [--quick] [--only epochs,autoattack] [--seconds S]

An epoch is of as many batches as the paper's data sets have; what does not fit its share of the
time is measured on fewer batches, and said. AutoAttack goes network by network, stage by stage,
until its share is over: a network that it did not finish has the stages that it did.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks import _measure
from levelset_core.attacks import AttackConfig
from levelset_core.attacks.evaluation import Evaluation
from levelset_core.classifiers.files import load_classifier
from levelset_core.data.images import ImageSet, is_here, load_images
from levelset_core.device import pick_device
from levelset_core.paths import CHECKPOINTS
from levelset_core.robustness.config import METHODS, robust_preset
from levelset_core.robustness.trainer import RobustTrainer

#: Architecture, images, their shape and number in an epoch: Table 1.
TRAININGS = (
    ("convnet4a", "mnist", (1, 28, 28), 60_000),
    ("convnet4b", "cifar10", (3, 32, 32), 50_000),
)
NETWORKS = ("level_set", "madry", "trades")
#: Parts of the time.
SHARES = {"epochs": 0.4, "autoattack": 0.6}


def noise(shape: tuple[int, int, int], n: int) -> ImageSet:
    """Random images: an epoch on them takes as long as on real ones."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (n, *shape), generator=generator, dtype=torch.uint8)
    labels = torch.randint(10, (n,), generator=generator)
    return ImageSet("noise", images, labels, tuple("0123456789"), "random pixels")


def images_of(name: str, split: str, shape: tuple[int, int, int], n: int) -> ImageSet:
    """A data set that is here, or random pixels."""
    if is_here(name):
        return load_images(name, split, download=False)
    return noise(shape, n)


def wait(device: torch.device) -> float:
    """The time, when the device has done all that it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def epochs(options: argparse.Namespace, _folder: Path) -> dict[str, Any]:
    """Seconds an epoch of every method at the paper's settings."""
    device = pick_device()
    found: dict[str, Any] = {}
    share = options.seconds * SHARES["epochs"] / len(TRAININGS) / len(METHODS)
    for model, name, shape, n in TRAININGS:
        data = images_of(name, "train", shape, n).first(8 if options.quick else None)
        for method in METHODS:
            config = robust_preset("paper", method, model, name)
            trainer = RobustTrainer(config, data, seed=options.seed, device=device)
            if not options.quick:
                next(trainer)  # the first one loads kernels
            begun = wait(device)
            first = trainer.step
            for _ in range(trainer.steps_an_epoch):
                next(trainer)
                if wait(device) - begun > share:
                    break
            done = trainer.step - first
            seconds = (wait(device) - begun) / done * trainer.steps_an_epoch
            memory = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0
            found[f"{model}, {method}"] = {
                "seconds_an_epoch": round(seconds, 2),
                "batches": done,
                "of": trainer.steps_an_epoch,
                "images": data.source,
                "gib": round(memory / 2**30, 2),
            }
            _measure.tell(f"{model}, {method}", found[f"{model}, {method}"])
    return found


def attacked(options: argparse.Namespace, _folder: Path) -> dict[str, Any]:
    """AutoAttack on the bundled networks of MNIST: on 10,000 test images where they are here."""
    device = pick_device()
    data = load_images("mnist" if is_here("mnist") else "mnist_excerpt", "test", download=False)
    data = data.first(3 if options.quick else None)
    end = time.perf_counter() + options.seconds * SHARES["autoattack"]
    found: dict[str, Any] = {}
    for name in NETWORKS:
        network = load_classifier(CHECKPOINTS / f"mnist_convnet4a_{name}.safetensors").network
        network.to(device).eval()
        attack = AttackConfig("autoattack", epsilon=0.3)
        evaluation = Evaluation(network, data, attack, seed=options.seed, device=device)
        stages: dict[str, list[int]] = {}
        for part in evaluation:
            stages[part.stage] = [part.done, part.left, part.of]
            if time.perf_counter() > end and not options.quick:
                break
        known, standing = evaluation.progress()
        found[name] = {
            "images": len(data),
            "known": known,
            "standing": standing,
            "accuracy": round(standing / known, 4) if known else math.nan,
            "stages": stages,
            "seconds": round(evaluation.seconds, 1),
        }
        _measure.tell(name, found[name])
    return found


PARTS: dict[str, _measure.Part] = {"epochs": epochs, "autoattack": attacked}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = _measure.parser("Seconds an epoch and AutoAttack on this device.")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas")
    parser.add_argument("--seconds", type=float, default=360.0, help="for both parts (360)")
    options = _measure.parse(parser, arguments)
    options.seconds = 10.0 if options.quick else options.seconds
    return _measure.report_parts("gpu", options, PARTS, {}, ["--seconds", str(options.seconds)])


if __name__ == "__main__":
    main()

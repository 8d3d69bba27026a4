"""``attack``: how many images a classifier gets right as they are, and under an attack."""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

from levelset_core.cli.common import DONE, Parser, Verbs, print_json, progress
from levelset_core.device import pick_device


def add(verbs: Verbs, common: Parser) -> None:
    """Add the verb."""
    attack = verbs.add_parser(
        "attack", parents=[common], help="accuracy of a classifier under an attack"
    )
    attack.add_argument("model", metavar="MODEL", help=".safetensors, or a .pt/.pth state dict")
    attack.add_argument(
        "--data", default="mnist", help="mnist, fashion_mnist, cifar10, mnist_excerpt or a folder"
    )
    attack.add_argument("--data-dir", help="where data sets are (default: $LEVELSET_DATA)")
    attack.add_argument(
        "--attack",
        default="pgd-margin",
        help="pgd-xent, pgd-margin, pgd-worst (both, with restarts), autoattack or clean",
    )
    attack.add_argument(
        "--eps", type=float, help="half side of the box (default: 0.3 grey, 0.031 in colour)"
    )
    attack.add_argument("--step", type=float, help="of PGD (default: as in the paper)")
    attack.add_argument("--steps", type=int, help="of PGD (default: 40 grey, 20 in colour)")
    attack.add_argument("--restarts", type=int, help="of PGD (default: 1; pgd-worst: 10)")
    attack.add_argument("--limit", type=int, help="attack the first so many test images")
    attack.add_argument(
        "--arch", help="of a state dict from elsewhere: convnet4a, convnet4b or resnet18"
    )
    attack.add_argument("--threads", type=int, help="on the CPU (default: its cores)")
    attack.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from levelset_core.attacks import evaluate_attack, paper_attack
    from levelset_core.data.images import load_images
    from levelset_core.networks.classifier_files import load_classifier, with_the_right_head

    device = pick_device(options.device)
    data = load_images(options.data, "test", data_dir=options.data_dir)
    classifier = load_classifier(
        Path(options.model), arch=options.arch, shape=data.shape, classes=len(data.classes)
    )
    classifier.check(data)
    attack = paper_attack(options.attack, data.shape[0], options.eps)
    names = ("step", "steps", "restarts")
    given = {k: getattr(options, k) for k in names if getattr(options, k) is not None}
    attack = dataclasses.replace(attack, **given)
    note = ""
    if options.arch == "convnet4a":
        classifier, note = with_the_right_head(classifier, data)
        progress(note)
    data = data.first(options.limit)
    said = time.monotonic()

    def tell(stage: str, done: int, left: int, of: int) -> None:
        nonlocal said
        if time.monotonic() - said > 5 or done == of:
            said = time.monotonic()
            progress(f"{stage}: {done} of {of} images, {left} still right")

    report = evaluate_attack(
        classifier.network.to(device), data, attack,
        seed=options.seed, device=device, threads=options.threads, tell=tell,
    )  # fmt: skip
    for warning in report.warnings:
        progress(warning)
    if options.json:
        about = {"model": classifier.model, "data": data.source, "note": note}
        print_json({**report.as_dict(), **about})
    else:
        print(f"{report.clean_accuracy:.2%} of {report.images} images are right as they are,")
        print(f"{report.robust_accuracy:.2%} after {attack.attack} at {attack.epsilon:g}.")
    return DONE

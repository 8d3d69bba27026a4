"""``attack``: how many images a classifier gets right as they are, and under an attack."""

from __future__ import annotations

import dataclasses
import datetime
import time
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from levelset_core.cli.common import DONE, Parser, add_data, add_threads, answer, progress, whole
from levelset_core.device import describe_machine, pick_device
from levelset_core.errors import LevelsetError
from levelset_core.paths import find_bundled

if TYPE_CHECKING:
    from levelset_core.attacks import AttackConfig
    from levelset_core.classifiers.files import Classifier
    from levelset_core.data.images import ImageSet

USUAL = "pgd-margin"
#: Images that are enough to see masked gradients.
EXAMINED = 100
#: Images of every point of a curve.
CURVE_IMAGES = 200
CURVES = ("pgd-strong", "pgd-margin", "pgd-xent")


def options(attack: Parser) -> None:
    """Add the options."""
    attack.add_argument(
        "model",
        metavar="MODEL",
        help=".safetensors, a .pt/.pth state dict, or a .pt2 of torch.export",
    )  # fmt: skip
    add_data(attack)
    attack.add_argument(
        "--attack", default=USUAL, help="pgd-xent, pgd-margin, pgd-worst (both, with restarts), "
        "pgd-strong (three losses, shrinking steps), autoattack or clean",
    )  # fmt: skip
    attack.add_argument(
        "--eps", type=float, help="half the side of the box (default: 0.3 grey, 0.031 in colour), "
        "or with --norm l2 the radius (2 and 0.5)",
    )  # fmt: skip
    attack.add_argument("--norm", default="linf", help="of the distance from the image: linf or l2")
    attack.add_argument(
        "--step", type=float, help="step size of PGD, of pgd-strong the first (default: as in the "
        "paper; pgd-strong: twice eps)",
    )  # fmt: skip
    attack.add_argument(
        "--steps", type=int, help="steps of PGD (default: 40 grey, 20 in colour; pgd-strong: 50)"
    )
    attack.add_argument(
        "--restarts", type=int, help="starts of PGD (default: 1; pgd-worst: 10; of pgd-strong "
        "rounds of its losses: 1)",
    )  # fmt: skip
    attack.add_argument(
        "--limit", type=whole(1), help="attack the first LIMIT test images (default: all)"
    )
    attack.add_argument(
        "--arch", help="architecture of a state dict: convnet4a, convnet4b or resnet18"
    )
    attack.add_argument(
        "--mean", type=float, nargs="+", metavar="M",
        help="with --std: the model wants (pixel - mean) / std, one number or one a channel "
        "(default: for a file that does not say it, the usual ones are tried on the first images)",
    )  # fmt: skip
    attack.add_argument(
        "--channels", type=int, choices=(1, 3),
        help="of the images in a folder of class folders (default: as the files have it)",
    )  # fmt: skip
    attack.add_argument("--std", type=float, nargs="+", metavar="S", help="see --mean")
    add_threads(attack)
    attack.add_argument(
        "--examine", action="store_true",
        help="look for masked gradients instead, on 100 images unless --limit says otherwise",
    )  # fmt: skip
    attack.add_argument(
        "--others", nargs="*", default=[], metavar="FILE",
        help="with --examine: more models; images attacked on them are shown to MODEL",
    )  # fmt: skip
    attack.add_argument(
        "--curves", action="store_true",
        help="the attacks of the curves over epsilon and over steps, pgd-strong and the paper's "
        f"with both losses, on {CURVE_IMAGES} images unless --limit says otherwise",
    )  # fmt: skip
    attack.add_argument(
        "--card", action="store_true", help="keep what was found in the card beside MODEL"
    )
    attack.set_defaults(run=_run)


def _run(options: Namespace) -> int:
    from levelset_core.attacks import paper_attack
    from levelset_core.classifiers.files import read_card
    from levelset_core.data.images import load_images

    names = ("eps", "step", "steps", "restarts")
    given = {k: getattr(options, k) for k in names if getattr(options, k) is not None}
    if options.curves and (options.examine or given or options.attack != USUAL):
        raise LevelsetError(
            "--curves has attacks of its own: leave out --examine, --attack, --"
            + ", --".join(names) + "."
        )  # fmt: skip
    options.model = str(find_bundled(options.model))
    if options.card:
        read_card(Path(options.model))  # a missing card is said before the work, not after it
    options.device = pick_device(options.device)
    data = load_images(options.data, "test", data_dir=options.data_dir, channels=options.channels)
    classifier, note = _classifier(options, data)
    attack = paper_attack(options.attack, data.shape[0], options.eps, options.norm)
    attack = dataclasses.replace(attack, **{k: v for k, v in given.items() if k != "eps"})
    classifier.network.to(options.device)
    if options.examine:
        return _examine(options, classifier, data.first(options.limit or EXAMINED), attack, note)
    if options.curves:
        return _curves(options, classifier, data.first(options.limit or CURVE_IMAGES), note)
    found = _attack(options, classifier, data.first(options.limit), attack, note)
    return answer(
        options, found,
        f"{found['clean_accuracy']:.2%} of {found['images']} images are right as they are,",
        f"{found['robust_accuracy']:.2%} after {attack.attack} at {attack.epsilon:g}"
        + (" in L2." if attack.norm == "l2" else "."),
    )  # fmt: skip


def _classifier(options: Namespace, data: ImageSet) -> tuple[Classifier, str]:
    """The model, and what was found out or assumed about it, which is also said at once."""
    from levelset_core.classifiers.files import load_classifier
    from levelset_core.classifiers.looking import look_at
    from levelset_core.classifiers.normalization import given_normalization

    classifier = load_classifier(
        Path(options.model), arch=options.arch, shape=data.shape, classes=len(data.classes)
    )
    normalization = None
    if options.mean or options.std:
        normalization = given_normalization(options.mean or [0.0], options.std or [1.0])
    look = look_at(classifier, data, normalization)
    said = (*data.notes, *look.sentences)
    for sentence in said:
        progress(sentence)
    return look.classifier, " ".join(said)


def _attack(
    options: Namespace, classifier: Classifier, data: ImageSet, attack: AttackConfig, note: str
) -> dict[str, Any]:
    """The figure of one attack; it goes into the card if that is asked for."""
    from levelset_core.attacks import evaluate_attack
    from levelset_core.robustness.cells import add_to_card

    said = time.monotonic()

    def tell(stage: str, done: int, left: int, of: int) -> None:
        nonlocal said
        if time.monotonic() - said > 5 or done == of:
            said = time.monotonic()
            progress(f"{stage}: {done} of {of} images, {left} still right")

    report = evaluate_attack(
        classifier.network, data, attack,
        seed=options.seed, device=options.device, threads=options.threads, tell=tell,
    )  # fmt: skip
    for warning in report.warnings:
        progress(warning)
    found = {
        **report.as_dict(), "model": classifier.model, "data": data.source, "note": note,
        "normalization": classifier.normalization and classifier.normalization.as_dict(),
        "machine": describe_machine(options.device),
        "date": datetime.date.today().isoformat(),
    }  # fmt: skip
    if options.card:
        add_to_card(Path(options.model), found)
    return found


def _curves(options: Namespace, classifier: Classifier, data: ImageSet, note: str) -> int:
    from levelset_core.attacks import over_epsilon, over_steps

    cells = []
    for name in CURVES:
        curves = (f(name, data.shape[0], options.norm) for f in (over_epsilon, over_steps))
        for attack in dict.fromkeys(attack for curve in curves for attack in curve.values()):
            found = _attack(options, classifier, data, attack, note)
            cells.append(found)
            if not options.json:
                steps = "steps from" if name == "pgd-strong" else "steps of"
                print(
                    f"{found['robust_accuracy']:.2%} after {name} at {attack.epsilon:g}, "
                    f"{attack.steps} {steps} {attack.step:g}",
                    flush=True,
                )
    return answer(options, {"cells": cells}) if options.json else DONE


def _examine(
    options: Namespace, classifier: Classifier, data: ImageSet, attack: AttackConfig, note: str
) -> int:
    from levelset_core.attacks import diagnose
    from levelset_core.classifiers.files import load_classifier, read_card, write_card

    others = {}
    for name in options.others:
        other = load_classifier(find_bundled(name))
        other.check(data)
        others[str(other.card.get("method") or Path(name).stem)] = other.network.to(options.device)
    masking = diagnose(
        classifier.network, data, attack, others=others, seed=options.seed, device=options.device,
        threads=options.threads, tell=progress,
    )  # fmt: skip
    found = {
        **masking.as_dict(), "data": data.source, "seed": options.seed, "note": note,
        "normalization": classifier.normalization and classifier.normalization.as_dict(),
    }  # fmt: skip
    if options.card:
        path = Path(options.model)
        write_card(path, {**read_card(path), "masking": found})
    return answer(options, found, masking.verdict)

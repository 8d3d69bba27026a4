"""``attack``: how many images a classifier gets right as they are, and under an attack."""

from __future__ import annotations

import dataclasses
import datetime
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from levelset_core.cli.attack_min_norm import min_norm
from levelset_core.cli.attack_options import (
    CURVE_IMAGES,
    CURVES,
    EXAMINED,
    SHOWN,
    USUAL,
    add_options,
    check_together,
)
from levelset_core.cli.common import DONE, Parser, answer, progress
from levelset_core.device import describe_machine, pick_device
from levelset_core.errors import LevelsetError
from levelset_core.paths import find_bundled

if TYPE_CHECKING:
    from levelset_core.attacks import AttackConfig, AttackReport
    from levelset_core.classifiers.files import Classifier
    from levelset_core.data.images import ImageSet


def options(attack: Parser) -> None:
    """Add the options."""
    add_options(attack)
    attack.set_defaults(run=_run)


def _run(options: Namespace) -> int:
    from levelset_core.attacks import paper_attack
    from levelset_core.attacks.pictures import check_target
    from levelset_core.classifiers.files import read_card
    from levelset_core.data.images import load_images

    names = ("eps", "step", "steps", "restarts", "eot")
    given = {k: getattr(options, k) for k in names if getattr(options, k) is not None}
    check_together(options, given, names)
    paths = options.model = [str(find_bundled(name)) for name in options.model]
    if options.card or options.stored:
        for path in paths:
            read_card(Path(path))  # a missing card is said before the work, not after it
    if options.save_images:
        check_target(options.save_images)
    options.device = pick_device(options.device)
    data = load_images(options.data, "test", data_dir=options.data_dir, channels=options.channels)
    attack = paper_attack(options.attack or USUAL, data.shape[0], options.eps, options.norm)
    attack = dataclasses.replace(attack, **{k: v for k, v in given.items() if k != "eps"})
    if options.stored:
        return _ranked(options, attack, _stored(paths, data, attack))
    found = []
    for path in paths:
        options.model = path
        classifier, note = _load(options, data, attack)
        if options.examine:
            return _examine(options, classifier, data, attack, note)
        if options.min_norm:
            return min_norm(options, classifier, _images(options, data, EXAMINED))
        if options.curves:
            return _curves(options, classifier, _images(options, data, CURVE_IMAGES), note)
        found.append(_attack(options, classifier, _images(options, data, None), attack, note))
    if len(found) > 1:
        titled = [{**f, "title": _title(path)} for path, f in zip(paths, found, strict=True)]
        return _ranked(options, attack, titled)
    return answer(options, found[0], *_lines(found[0], attack))


def _images(options: Namespace, data: ImageSet, usual: int | None) -> ImageSet:
    limit = options.limit or usual
    if options.subset_seed is None:
        return data.first(limit)
    return data.drawn(limit, options.subset_seed)


def _lines(found: dict[str, Any], attack: AttackConfig) -> list[str]:
    """The figure in words."""
    drawn = ", drawn at random" if "subset_seed" in found else ""
    mean = f" (mean over {found['draws']} draws)" if "draws" in found else ""
    return [
        f"{found['clean_accuracy']:.2%} of {found['images']} images{drawn} are right as they "
        f"are{mean},",
        f"{found['robust_accuracy']:.2%} after {attack.attack} at {attack.epsilon:g}"
        + (" in L2." if attack.norm == "l2" else "."),
    ]


def _stored(paths: list[str], data: ImageSet, attack: AttackConfig) -> list[dict[str, Any]]:
    """The cards' figures of this attack."""
    from levelset_core.robustness.ranks import stored_figure

    return [
        {**stored_figure(Path(path), data.source, attack), "title": _title(path)} for path in paths
    ]


def _title(path: str) -> str:
    """What the network is called in a ranking: as on the page, or its file's name."""
    from levelset_core.classifiers.files import read_card
    from levelset_core.robustness.models import title_of

    try:
        return title_of(Path(path), read_card(Path(path)))
    except LevelsetError:  # no card
        return Path(path).stem


def _ranked(options: Namespace, attack: AttackConfig, found: list[dict[str, Any]]) -> int:
    """Figures side by side, and what the same images say of every pair."""
    from levelset_core.robustness.ranks import compare_found
    from levelset_core.runs.words import numbered

    taken: set[str] = set()
    titles = [numbered(values["title"], taken) for values in found]
    ranks = compare_found(dict(zip(titles, found, strict=True)))
    wide = max(map(len, titles))
    lines = [
        f"{title:{wide}}  {values['robust_accuracy']:7.2%} of {values['images']:,} after "
        f"{attack.attack} at {attack.epsilon:g}, {values['clean_accuracy']:.2%} as they are"
        for title, values in zip(titles, found, strict=True)
    ]
    result = {
        "models": [{**values, "title": title} for title, values in zip(titles, found, strict=True)],
        "ranks": [rank.as_dict() for rank in ranks],
    }
    return answer(options, result, *lines, *(rank.sentence for rank in ranks))


def _load(options: Namespace, data: ImageSet, attack: AttackConfig) -> tuple[Classifier, str]:
    """The model on its device, and what was found out or assumed about it, also said at once."""
    from levelset_core.classifiers.files import load_classifier
    from levelset_core.classifiers.looking import look_at
    from levelset_core.classifiers.normalization import given_normalization
    from levelset_core.classifiers.uploads import ARCHITECTURES, any_classifier
    from levelset_core.cli.attack_time import foresee

    path, classes, said = Path(options.model), len(data.classes), data.notes
    if options.arch:
        classifier = load_classifier(path, arch=options.arch, shape=data.shape, classes=classes)
    else:
        classifier = any_classifier(path, path.name, shapes=(data.shape,), classes=classes)
        if not classifier.described and classifier.model in ARCHITECTURES:
            said = (*said, f"Read as {classifier.model}, whose tensors fit (--arch names another).")
    foresee(options, classifier, data, attack)
    normalization = None
    if options.mean or options.std:
        normalization = given_normalization(options.mean or [0.0], options.std or [1.0])
    look = look_at(classifier, data, normalization)
    said = (*said, *look.sentences)
    for sentence in said:
        progress(sentence)
    look.classifier.network.to(options.device)
    return look.classifier, " ".join(said)


def _attack(
    options: Namespace, classifier: Classifier, data: ImageSet, attack: AttackConfig, note: str
) -> dict[str, Any]:
    """The figure of one attack; it goes into the card if that is asked for."""
    from levelset_core.attacks.pictures import adversarial_arrays, save_images
    from levelset_core.robustness.cells import add_to_card

    said = time.monotonic()

    def tell(stage: str, done: int, left: int, of: int) -> None:
        nonlocal said
        if time.monotonic() - said > 5 or done == of:
            said = time.monotonic()
            progress(f"{stage}: {done} of {of} images, {left} still right")

    report = _report(options, classifier, data, attack, tell)
    for warning in report.warnings:
        progress(warning)
    found = {
        **report.as_dict(), "model": classifier.model, "data": data.source, "note": note,
        "normalization": classifier.normalization and classifier.normalization.as_dict(),
        "machine": describe_machine(options.device),
        "date": datetime.date.today().isoformat(),
    }  # fmt: skip
    if options.subset_seed is not None:
        found["subset_seed"] = options.subset_seed
    if options.save_images:
        arrays = adversarial_arrays(classifier.network, data, report.found, report.broken)
        files = save_images(options.save_images, arrays, data.classes)
        found["saved"] = [str(file) for file in files]
        progress(f"{len(arrays['label'])} broken images: {', '.join(found['saved'])}")
    if options.card:
        # Curves rank nobody: which images stand would only make the card long.
        kept = {k: v for k, v in found.items() if k != "survivors" or not options.curves}
        add_to_card(Path(options.model), kept)
    return found


def _report(
    options: Namespace,
    classifier: Classifier,
    data: ImageSet,
    attack: AttackConfig,
    tell: Callable[[str, int, int, int], None],
) -> AttackReport:
    """The attack from its beginning, or from where ``--resume``'s file has it, to its end."""
    from levelset_core.attacks import Evaluation
    from levelset_core.robustness.resume import Resumed

    evaluation = Evaluation(
        classifier.network, data, attack,
        seed=options.seed, device=options.device, threads=options.threads, share=True,
    )  # fmt: skip
    kept = None
    if options.resume:
        kept = Resumed(options.resume, Path(options.model), evaluation)
        kept.restore()
    for part in evaluation:
        tell(part.stage, part.done, part.left, part.of)
        if kept:
            kept.save()
    if kept:
        kept.save(now=True)
    return evaluation.report()


def _curves(options: Namespace, classifier: Classifier, data: ImageSet, note: str) -> int:
    from levelset_core.attacks import over_epsilon, over_steps

    cells = []
    for name in [options.attack] if options.attack else CURVES:
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
        classifier.network, _images(options, data, EXAMINED), attack, others=others,
        more=data.first(SHOWN), seed=options.seed, device=options.device,
        threads=options.threads, tell=progress,
    )  # fmt: skip
    found = {
        **masking.as_dict(), "data": data.source, "seed": options.seed, "note": note,
        "normalization": classifier.normalization and classifier.normalization.as_dict(),
    }  # fmt: skip
    if options.card:
        path = Path(options.model)
        write_card(path, {**read_card(path), "masking": found})
    lines = [f"{f.name}: {f.sentence}\n    What to do: {f.advice}" for f in masking.findings]
    return answer(options, found, *lines or [masking.verdict])

"""Madry, TRADES and the level set method at equal budget: preset quick, paired, seeds 0 to 4.

    python -m benchmarks.robust_quick [--store] [--quick] [--seeds 0,1,2,3,4] [--images 1000]
                                      [--only strong,autoattack] [--epsilons 0.2,0.25,0.3]

Same start, images, epochs, attack steps, learning rates, and for the methods compared the same
widest radius in training; Madry at other radii stands beside. ``strong`` is pgd-strong;
``autoattack`` attacks what that leaves, so an image stands if it stands both. Trainings and
attacked images are kept in ``--work``: a command that was stopped goes on.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from scipy.stats import binomtest
from torch import Tensor, nn

from benchmarks import _measure
from levelset_core.attacks import strong_pgd
from levelset_core.attacks.autoattack import STAGES, autoattack
from levelset_core.attacks.fast import frozen
from levelset_core.classifiers.files import load_classifier, save_classifier
from levelset_core.data.images import ImageSet, load_images
from levelset_core.device import pick_device
from levelset_core.random import torch_generator
from levelset_core.robustness.config import RobustConfig, quick_config
from levelset_core.robustness.trainer import RobustTrainer

MODEL = "convnet4a_narrow"
EPSILON = 0.2


def quick(method: str, **changes: Any) -> RobustConfig:
    """The preset, or the preset with changes; another radius has another first step."""
    config = replace(quick_config(method, MODEL, epsilon=EPSILON), **changes)
    return replace(config, attack_step=2 * config.epsilon)


#: Name -> settings. The first two are compared; the others say where a difference comes from.
ROWS: dict[str, Callable[[], RobustConfig]] = {
    "level-set": lambda: quick("level-set"),
    "madry": lambda: quick("madry"),
    "trades": lambda: quick("trades"),
    "level-set, no replays": lambda: quick("level-set", replays=0),
    "madry, no replays": lambda: quick("madry", replays=0),
    "madry, radius 0.2": lambda: quick("madry", epsilon=0.2),
    "madry, radius 0.267": lambda: quick("madry", epsilon=0.267),
    "madry, radius 0.35": lambda: quick("madry", epsilon=0.35),
}


class Work:
    """What is known of one network: its file, and the images that stand each attack."""

    def __init__(self, folder: Path, row: str, seed: int, quick: bool) -> None:
        name = f"{row.replace(', ', '_').replace(' ', '_')}_{seed}"
        self.row, self.seed, self.quick = row, seed, quick
        self.model, self.file = folder / f"{name}.safetensors", folder / f"{name}.json"
        folder.mkdir(parents=True, exist_ok=True)
        self.known: dict[str, Any] = json.loads(self.file.read_text()) if self.file.exists() else {}

    def keep(self, name: str, value: Any) -> None:
        """Remember a figure, now and for a later command."""
        self.known[name] = value
        self.file.write_text(json.dumps(self.known))

    def network(self) -> nn.Module:
        """The trained network: read, or trained now."""
        config = ROWS[self.row]()
        if self.quick:
            config = replace(config, epochs=1, attack_steps=1, warmup_epochs=0, standard_epochs=0)
        if self.model.exists() and self.known.get("settings") != config.as_dict():
            for old in (self.model, self.file):
                old.unlink(missing_ok=True)
            self.known = {}
        if not self.model.exists():
            data = load_images("mnist_excerpt", "train").first(64 if self.quick else None)
            trainer, begun = RobustTrainer(config, data, seed=self.seed), time.process_time()
            for _ in trainer:
                pass
            seconds = round(time.process_time() - begun, 1)
            save_classifier(self.model, trainer.network, MODEL, data.shape, 10, {})
            self.keep("settings", config.as_dict())
            self.keep("cpu_seconds", seconds)
        network: nn.Module = load_classifier(self.model).network
        return network.to(pick_device()).eval()

    def standing(self, attack: str, epsilon: float, images: int) -> list[int] | None:
        """Which of the first images stand, where that is known."""
        found = self.known.get(f"{attack} {epsilon:g} {images}")
        return None if found is None else list(found)


def right_ones(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Rows that are classified rightly."""
    with torch.no_grad():
        right = torch.cat([network(part).argmax(1) for part in x.split(100)]) == y
    return right.nonzero().squeeze(1)


def attack_strongly(work: Work, network: nn.Module, data: ImageSet, epsilon: float) -> list[int]:
    """Images that stand pgd-strong."""
    x, y = data.batch(slice(0, None), pick_device())
    fast = frozen(network, x.device)
    rows = right_ones(fast, x, y)
    work.keep(f"clean {len(data)}", len(rows))
    left = []
    for k, part in enumerate(rows.split(100)):
        found = strong_pgd(
            fast, x[part], y[part], epsilon=epsilon, step=2 * epsilon,
            steps=5 if work.quick else 50, generator=torch_generator(1000 * work.seed + k),
        )  # fmt: skip
        left += part[~found.broken].tolist()
    return left


def attack_by_all(work: Work, network: nn.Module, data: ImageSet, epsilon: float) -> list[int]:
    """Images that AutoAttack leaves of those that stand pgd-strong, stage by stage."""
    x, y = data.batch(slice(0, None), pick_device())
    fast = frozen(network, x.device)
    key = f"partial {epsilon:g} {len(data)}"
    stages: list[str]
    left, stages = work.known.get(key) or (work.known[f"strong {epsilon:g} {len(data)}"], [])
    for stage in STAGES[:1] if work.quick else STAGES:
        if stage in stages or not left:
            continue
        rows = torch.tensor(left)
        found = autoattack(fast, x[rows], y[rows], epsilon=epsilon, seed=0, stages=(stage,))
        left, stages = rows[~found.broken.cpu()].tolist(), [*stages, stage]
        work.keep(key, (left, stages))
        _measure.tell(f"{work.row}, seed {work.seed}, {epsilon:g}, {stage}", len(left))
    return list(left)


ATTACKS = {"strong": attack_strongly, "autoattack": attack_by_all}


def paired(pairs: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    """McNemar's exact test, images of all seeds together, and how often the first is ahead."""
    more = sum(len(set(a) - set(b)) for a, b in pairs)
    fewer = sum(len(set(b) - set(a)) for a, b in pairs)
    p = binomtest(more, more + fewer).pvalue if more + fewer else 1.0
    return {
        "only_first": more,
        "only_second": fewer,
        "p": float(f"{p:.3g}"),
        "ahead": sum(len(a) > len(b) for a, b in pairs),
        "seeds": len(pairs),
    }


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Train and attack what is not known yet; all figures."""
    seeds = [int(s) for s in options.seeds.split(",")]
    epsilons = [float(e) for e in options.epsilons.split(",")]
    rows = [r for r in ROWS if not options.rows or r in options.rows.split(";")]
    data = load_images("mnist_excerpt", "test").first(options.images)
    works = {(r, s): Work(Path(options.work), r, s, options.quick) for r in rows for s in seeds}
    for attack, epsilon, seed, row in itertools.product(
        options.only.split(","), epsilons, seeds, rows
    ):
        work = works[row, seed]
        network = work.network()
        if work.standing(attack, epsilon, options.images) is None:
            left = ATTACKS[attack](work, network, data, epsilon)
            work.keep(f"{attack} {epsilon:g} {options.images}", left)
            _measure.tell(f"{row}, seed {seed}, {attack} at {epsilon:g}", len(left))
    figures: dict[str, Any] = {"images": options.images, "seeds": seeds}
    for row in rows:
        known = [works[row, s] for s in seeds]
        figures[row] = {
            "clean": [w.known.get(f"clean {options.images}") for w in known],
            "cpu_seconds": [w.known.get("cpu_seconds") for w in known],
        }
        for attack, epsilon in itertools.product(ATTACKS, epsilons):
            stood = [w.standing(attack, epsilon, options.images) for w in known]
            if any(found is not None for found in stood):
                counts = [None if found is None else len(found) for found in stood]
                figures[row][f"{attack} {epsilon:g}"] = counts
    for attack, epsilon, row in itertools.product(ATTACKS, epsilons, rows[1:]):
        one, other = (
            [works[r, s].standing(attack, epsilon, options.images) for s in seeds]
            for r in (rows[0], row)
        )
        both = [pair for pair in zip(one, other, strict=True) if None not in pair]
        if both:
            figures[f"{rows[0]} against {row}, {attack} {epsilon:g}"] = paired(both)
    return figures


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = _measure.parser("The robust methods at equal budget, preset quick.")
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--epsilons", default="0.2,0.25,0.3")
    parser.add_argument("--rows", default="", help="names of rows, separated by ;")
    parser.add_argument("--images", type=int, default=1000, help="the first test images")
    parser.add_argument("--only", default="strong,autoattack", help="attacks, in their order")
    parser.add_argument("--work", default="out/robust_quick", help="folder of what is known")
    options = _measure.parse(parser, arguments)
    names = ("rows", "seeds", "epsilons", "images", "only")
    further = [f"--{name}={getattr(options, name)}" for name in names]
    return _measure.report("robust_quick", options, measure(options), {}, further)


if __name__ == "__main__":
    main()

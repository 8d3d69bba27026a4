"""Settings of the generalization experiment (Fig. 2), and the units of work it falls into."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.few_samples.binary_images import MERGES
from levelset_core.few_samples.networks import COST, MODELS
from levelset_core.settings import Settings, choose, setting

#: The losses: their keys in files of runs and in stored results, and names for people.
LOSSES = {"xent": "Cross-entropy", "hinge": "Hinge", "ours": "Geometric SVM"}
#: As the command line has them -> their keys.
ALIASES = {"geometric_svm": "ours"}
RATES = (1e-3, 3e-3, 1e-2)
DECAYS = (0.0, 0.1, 0.3, 1.0, 3.0)
LAMBDAS = (0.001, 0.003, 0.01, 0.03, 0.1)
#: What is chosen on held-out images: as many candidates for one loss as for another. Every loss has
#: the rate, and one number that weighs fit against simplicity: AdamW's decay, or lambda.
CANDIDATES: dict[str, tuple[dict[str, float], ...]] = {
    "xent": tuple({"lr": lr, "weight_decay": w} for lr in RATES for w in DECAYS),
    "hinge": tuple({"lr": lr, "weight_decay": w} for lr in RATES for w in DECAYS),
    "ours": tuple({"lr": lr, "lam": lam} for lr in RATES for lam in LAMBDAS),
}
POINTS = ("newton", "nearest")
UNTIL = ("steps", "converged")
MATCH = ("steps", "compute")
#: Until converged: how often the steps are doubled at most; the share of training images that
#: doubling must gain, and how often in a row it may fail to.
DOUBLINGS, GAIN, PATIENCE = 4, 0.005, 2
#: Repeats that are trained at once, in one stack of networks.
GROUP = 10
#: Repeats of the choice count from here: their parts are not those that are reported.
TUNING = 500_000
#: Repeats of one seed at most.
PER_SEED = 10_000


@dataclass(frozen=True)
class GeneralizationConfig(Settings):
    """What the paper leaves open and we chose: everything but the data sets and the losses.

    The optimizer is AdamW, its rate falling to 0; steps and batch are the same for every loss.

    Raises:
        LevelsetError: a setting is unknown or does not fit.
    """

    data: str = setting("mnist", help="see levelset_core.data.images.load_images")
    data_dir: str | None = setting(None, kind=str, help="where data sets are")
    losses: tuple[str, ...] = setting(
        tuple(LOSSES), choices=LOSSES, aliases=ALIASES, help="to compare"
    )
    fractions: tuple[float, ...] = setting(
        (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02), help="of the original training set"
    )
    repeats: int = setting(
        20, low=1, high=PER_SEED, help="repeats per fraction; losses are paired over them"
    )
    tuning: int = setting(
        2, low=1, high=PER_SEED, help="separate repeats that every candidate is tried on"
    )
    merge: str = setting("half", choices=MERGES, help="which classes are -1 and which +1")
    model: str = setting("mlp", choices=MODELS, help="the network")
    width: int = setting(64, low=1, help="units of a hidden layer of the MLP")
    depth: int = setting(2, low=1, help="hidden layers of the ReLU MLP")
    points: str = setting(
        "newton", choices=POINTS, help="level set points of the geometric SVM: Newton's, as in the "
        "paper, or the nearest (an extension)",
    )  # fmt: skip
    steps: int = setting(400, low=1, help="optimizer steps; the first try where --until converged")
    until: str = setting(
        "steps", choices=UNTIL, help="steps: train for so many; converged: begin anew with twice "
        "as many until all training images are right, or two doublings gain less than 0.5%%",
    )  # fmt: skip
    match: str = setting(
        "steps", choices=MATCH, help="what the losses have alike: steps, or compute (as many more "
        "steps for the baselines as a step of the geometric SVM costs more)",
    )  # fmt: skip
    batch: int = setting(32, low=1, help="images per step")
    seed: int = setting(
        0, low=0, high=TUNING // PER_SEED - 1, help="of the repeats; another one draws other parts"
    )
    chosen: dict[str, list[int]] | None = setting(
        None, kind=dict, help="candidate numbers by loss, one a fraction, known from an earlier "
        "sweep: then no choice is made",
    )  # fmt: skip

    def __post_init__(self) -> None:
        for name in self.losses:
            choose("loss", ALIASES.get(name, name), LOSSES)
        if not self.fractions or not all(0 < f <= 1 for f in self.fractions):
            raise LevelsetError(f"Fractions must be above 0 and at most 1, got {self.fractions}.")
        super().__post_init__()
        if len(set(self.losses)) < len(self.losses):
            raise LevelsetError("Name each loss once.")
        if self.chosen is not None:
            self._check_chosen(self.chosen)

    def _check_chosen(self, chosen: dict[str, list[int]]) -> None:
        for loss in self.losses:
            numbers = chosen.get(loss, [])
            known = range(len(CANDIDATES[loss]))
            if len(numbers) != len(self.fractions) or not all(k in known for k in numbers):
                raise LevelsetError(
                    f"chosen must hold, for {loss}, a candidate of 0 to {known[-1]} for each of "
                    f"{len(self.fractions)} fractions, got {numbers!r}."
                )

    def first_steps(self, loss: str) -> int:
        """Optimizer steps of a loss, before any doubling."""
        plain = self.match == "compute" and loss != "ours"
        return round(self.steps * COST[self.model]) if plain else self.steps

    def work_of(self, group: Sequence[Unit]) -> float:
        """About what a group of :func:`groups` takes, to compare with others."""
        each = COST[self.model] if group[0].loss == "ours" else 1.0
        return len(group) * each * self.first_steps(group[0].loss) * group[0].fraction

    @property
    def parts(self) -> range:
        """Numbers of the parts that are reported."""
        return range(self.seed * PER_SEED, self.seed * PER_SEED + self.repeats)


@dataclass(frozen=True)
class Unit:
    """One training: small, on its own, the same wherever and whenever it is done.

    Attributes:
        loss, fraction: what is trained on how much.
        repeat: which part is drawn; from ``TUNING`` on it belongs to the choice.
        candidate: number of the hyper-parameters in ``CANDIDATES``.
    """

    loss: str
    fraction: float
    repeat: int
    candidate: int

    @property
    def tunes(self) -> bool:
        """Whether it serves the choice, and so is measured on held-out images."""
        return self.repeat >= TUNING

    @property
    def name(self) -> str:
        """For a file."""
        return f"{self.loss}-{self.fraction:g}-{self.repeat}-{self.candidate}"


def groups(units: list[Unit]) -> list[list[Unit]]:
    """Units that are trained at once, a few repeats of one loss, fraction and optimizer.

    Which units share a group depends on the repeats asked for, not on what is done already.
    """
    found: dict[Any, list[Unit]] = {}
    for unit in units:
        found.setdefault((*shared(unit), unit.repeat // GROUP), []).append(unit)
    return list(found.values())


def shared(unit: Unit) -> tuple[str, float, float, float]:
    """What the units of a group have in common: loss, fraction, rate, weight decay."""
    hyper = CANDIDATES[unit.loss][unit.candidate]
    return unit.loss, unit.fraction, hyper["lr"], hyper.get("weight_decay", 0.0)


def tuning_units(config: GeneralizationConfig) -> list[Unit]:
    """Every candidate of every loss at every fraction, on a few repeats of its own."""
    if config.chosen is not None:
        return []
    return [
        Unit(loss, fraction, TUNING + repeat, candidate)
        for repeat, fraction, loss in itertools.product(
            range(config.tuning), config.fractions, config.losses
        )
        for candidate in range(len(CANDIDATES[loss]))
    ]


def chosen_candidates(
    config: GeneralizationConfig, accuracies: dict[Unit, float]
) -> dict[tuple[str, float], int]:
    """The candidate with the best mean on held-out images, the first of equals."""
    if config.chosen is not None:
        return {
            (loss, fraction): candidate
            for loss in config.losses
            for fraction, candidate in zip(config.fractions, config.chosen[loss], strict=True)
        }

    def total(loss: str, fraction: float, candidate: int) -> float:
        repeats = range(TUNING, TUNING + config.tuning)
        return sum(accuracies[Unit(loss, fraction, repeat, candidate)] for repeat in repeats)

    return {
        key: max(range(len(CANDIDATES[key[0]])), key=partial(total, *key))
        for key in itertools.product(config.losses, config.fractions)
    }


def repeat_units(config: GeneralizationConfig, chosen: dict[tuple[str, float], int]) -> list[Unit]:
    """What is reported: all losses on the same parts, repeat after repeat."""
    return [
        Unit(loss, fraction, repeat, chosen[loss, fraction])
        for repeat, fraction, loss in itertools.product(
            config.parts, config.fractions, config.losses
        )
    ]

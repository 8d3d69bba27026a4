"""All the settings of a robust training, checked when they are made; the paper's and fast ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.settings import Settings, choose, setting

#: "level-set" is the paper's, by Eq. 12.
METHODS = ("standard", "madry", "trades", "level-set")
#: Names in cards, runs, links and commands from before -> today's.
OLD_METHODS = {"ours": "level-set"}
SCHEDULES = ("halve", "cycle")
#: Of "level-set", the paper's first: how points are searched, which, how far they are, and whose
#: loss stands beside.
SEARCHES = ("margin", "xent")
POINTS = ("pgd", "newton", "nearest")
DISTANCES = ("rho", "l2", "linf")
PARTNERS = ("madry", "trades")


def _classifiers() -> Iterable[str]:
    from levelset_core.classifiers.architectures import CLASSIFIERS  # imports torch

    return CLASSIFIERS


@dataclass(frozen=True)
class RobustConfig(Settings):
    """Settings of a robust training.

    ``schedule`` "halve" halves the learning rate at half and at three quarters of the epochs, as
    epochs 100 and 150 of the paper's 200; "cycle" goes up over the first tenth, then down to 0,
    both linear. With ``standard_epochs``, a small network has level sets near its images when the
    method begins. With long first steps that shrink (``attack_shrink``), few PGD steps attack as
    many constant ones do. ``mixed`` is for GPUs and CPUs that calculate in bfloat16: others
    emulate it, many times slower.
    """

    method: str = setting("madry", choices=METHODS, aliases=OLD_METHODS, help="training method")
    model: str = setting("convnet4a", choices=_classifiers, help="architecture")
    epochs: int = setting(5, low=1, high=10_000, help="rounds over the training images")
    batch: int = setting(128, low=1, high=65_536, help="images per step")
    learning_rate: float = setting(1e-3, low=1e-7, high=1.0, help="learning rate of Adam")
    weight_decay: float = setting(0.0, low=0.0, high=1.0, help="weight decay of Adam")
    schedule: str = setting("cycle", choices=SCHEDULES, help="how the learning rate changes")
    epsilon: float = setting(
        0.3, low=0.0, high=1.0,
        help="radius of the attack; for level-set, the distance asked of right samples in Eq. 12",
    )  # fmt: skip
    epsilon_start: float = setting(0.0, low=0.0, high=1.0, help="epsilon at the start")
    warmup_epochs: int = setting(0, low=0, high=10_000, help="epochs in which epsilon grows")
    standard_epochs: int = setting(
        0, low=0, high=10_000, help="first epochs of standard training, whatever the method"
    )
    epsilon_wrong: float = setting(
        0.5, low=0.0, high=1.0, help="distance for wrong samples in Eq. 12 (level-set)"
    )
    attack_step: float = setting(
        0.1, low=1e-6, high=1.0, help="step of the PGD on each batch; it grows with epsilon"
    )
    attack_step_wrong: float = setting(
        0.1, low=1e-6, high=1.0, help="the same for wrong samples (level-set)"
    )
    attack_steps: int = setting(7, low=0, high=1000, help="steps of the PGD on each batch")
    replays: int = setting(
        0, low=0, high=100, help="further optimizer steps on each batch, on the same attacked "
        "images; its level set points move along by the sample network",
    )  # fmt: skip
    attack_shrink: float = setting(
        1.0, low=0.01, high=1.0, help="length of each PGD step over that of the one before"
    )
    weight_correct: float = setting(
        1.0, low=0.0, high=1000.0, help="lambda_j of right samples in Eq. 12 (level-set)"
    )
    weight_attacked: float = setting(
        0.0, low=0.0, high=1000.0,
        help="weight of cross-entropy where PGD ended, beside Eq. 12 (level-set); 0 in the paper",
    )  # fmt: skip
    search: str = setting(
        "margin", choices=SEARCHES, help="what PGD changes to find level set points (level-set): "
        "F^y towards the other side, as in the paper, or cross-entropy, Madry's attack",
    )  # fmt: skip
    points: str = setting(
        "pgd", choices=POINTS, help="level set points (level-set): where the way of PGD crosses "
        "(the paper), the nearest ones found from there, or Newton's from the image",
    )  # fmt: skip
    distance: str = setting(
        "rho", choices=DISTANCES, help="of Eq. 12 (level-set): rho (the paper), or the signed "
        "distance in a norm and the sample network with its inverse",
    )  # fmt: skip
    distance_decay: float = setting(
        0.0, low=0.0, high=1000.0, help="alpha of the weight exp(-alpha distance) in Eq. 12 "
        "(level-set, as in DyART); 0: the hinge of the paper",
    )  # fmt: skip
    margin_temperature: float = setting(
        0.0, low=0.0, high=1000.0, help="T of the soft margin f_y - logsumexp(T f_i) / T in the "
        "sample network (level-set, as in DyART); 0: F^y",
    )  # fmt: skip
    weight_clean: float = setting(
        0.0, low=0.0, high=1000.0,
        help="weight of cross-entropy on the images as they are, beside Eq. 12 (level-set)",
    )  # fmt: skip
    clean_epochs: int = setting(
        0, low=0, high=10_000, help="epochs in which weight_clean falls to 0; 0: it stays"
    )
    weight_boundary: float = setting(
        0.0, low=0.0, high=1000.0,
        help="weight of cross-entropy at the level set points of Eq. 12 (level-set, as in MMA)",
    )  # fmt: skip
    partner: str = setting(
        "madry", choices=PARTNERS, help="loss where PGD ended, weight_attacked times (level-set): "
        "cross-entropy as Madry's, or the divergence of TRADES from the image's own logits",
    )  # fmt: skip
    beta: float = setting(1.0, low=0.0, high=1000.0, help="weight of the divergence in TRADES")
    first_crossing: bool = setting(
        False, help="PGD stops for an image at its first point beyond the boundary (level-set); "
        "otherwise it takes every step, as the authors do",
    )  # fmt: skip
    augment: bool = setting(False, help="random crops after padding by 4 pixels, mirror images")
    affine: bool = setting(
        False, help="random rotations by up to 10 degrees, scalings by up to 10% and shifts by "
        "up to 1.5 pixels: for digits and the like, which have no mirror images",
    )  # fmt: skip
    mixed: bool = setting(
        False, help="the attacks' gradients in bfloat16; level set points and losses in float32"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("distance_decay", "margin_temperature"):
            if self.distance == "rho" and getattr(self, name):
                raise LevelsetError(
                    f"{name} = {getattr(self, name):g} is for a distance in a norm: "
                    "choose distance linf or l2."
                )

    def epsilon_at(self, epoch: float) -> float:
        """Epsilon after so many epochs."""
        if epoch >= self.warmup_epochs:
            return self.epsilon
        part = epoch / self.warmup_epochs
        return self.epsilon_start + part * (self.epsilon - self.epsilon_start)

    def weight_clean_at(self, epoch: float) -> float:
        """``weight_clean`` after so many epochs."""
        left = 1 - epoch / self.clean_epochs if self.clean_epochs else 1.0
        return self.weight_clean * max(0.0, left)

    def learning_rate_at(self, epoch: float) -> float:
        """The learning rate after so many epochs."""
        part = epoch / self.epochs
        if self.schedule == "halve":
            return self.learning_rate * 0.5 ** ((part >= 0.5) + (part >= 0.75))
        return self.learning_rate * min((part + 0.01) / 0.1, (1 - part) / 0.9, 1.0)


#: Allowed range of every number: (lowest, highest).
RANGES = RobustConfig.ranges()


def shrinking(steps: int) -> float:
    """How much shorter each of so many PGD steps is, for the last to be a tenth of the first.

    From twice epsilon to a fifth of it they attack about as hard as many constant ones.
    """
    return round(0.1 ** (1 / (steps - 1)), 4) if steps > 1 else 1.0


#: Values for all that fits the words: preset, "grey" or "colour", method ("attacked": any but
#: "standard") and model. A later row replaces the values of an earlier one.
PRESETS: dict[str, dict[str, Any]] = {
    # Sec. 5.2 and the authors' published settings: PGD with many small steps.
    "paper": {"epochs": 200, "schedule": "halve"},
    "paper grey": {"epsilon": 0.3, "attack_step": 0.01, "attack_steps": 40, "beta": 1.0},
    "paper grey level-set": {
        "epsilon": 0.4,
        "attack_step": 0.04 / 3,  # it grows with epsilon: 0.01 at 0.3
        "attack_step_wrong": 0.01,
    },
    "paper colour": {
        "epsilon": 0.031, "attack_step": 0.007, "attack_steps": 20, "beta": 6.0,
        "augment": True, "learning_rate": 3e-4, "weight_decay": 1e-6,
    },
    "paper colour resnet18": {"learning_rate": 1e-4},
    "paper colour level-set": {
        "epsilon": 0.045, "epsilon_start": 0.001, "warmup_epochs": 50, "epsilon_wrong": 0.05,
        "attack_step": 0.007 * 0.045 / 0.031,  # 0.007 at 0.031
        "attack_step_wrong": 0.007, "weight_correct": 11.0,
    },
    "paper colour level-set resnet18": {"weight_correct": 4.0},
    # Extension, for a CPU: few large steps, a learning rate that falls to 0.
    "fast standard": {"epochs": 3, "attack_steps": 0},
    "fast standard colour": {"augment": True},
    "fast attacked": {"epochs": 4, "warmup_epochs": 1},
    "fast attacked grey": {
        "epsilon": 0.32,
        "attack_steps": 7, "attack_step": 0.64, "attack_shrink": shrinking(7),
    },
    "fast level-set grey": {
        "epsilon": 0.4, "attack_step": 0.1, "attack_step_wrong": 0.1,
        "attack_shrink": 1.0,  # steps that shrink would cross with the first, longest one
        "first_crossing": True,
    },
    "fast attacked colour": {
        "epochs": 20, "epsilon": 0.031, "attack_step": 0.012, "attack_steps": 4, "beta": 6.0,
        "augment": True, "warmup_epochs": 2, "weight_decay": 1e-6, "learning_rate": 1e-3,
    },
    "fast attacked colour resnet18": {"learning_rate": 3e-4},
    "fast level-set colour": {
        "epsilon": 0.045, "epsilon_start": 0.001, "epsilon_wrong": 0.05, "attack_step": 0.018,
        "attack_step_wrong": 0.02, "weight_correct": 11.0, "first_crossing": True,
    },
    "fast level-set colour resnet18": {"weight_correct": 4.0},
}  # fmt: skip


def robust_preset(preset: str, method: str, model: str, data: str) -> RobustConfig:
    """Settings by name: "paper" and "fast" of ``PRESETS``, or "quick", :func:`quick_config`.

    Raises:
        LevelsetError: unknown preset, method or model.
    """
    choose("preset", preset, ("quick", "fast", "paper"))
    if preset == "quick":
        return quick_config(method, model)
    config = RobustConfig(method=method, model=model)
    grey = data in ("mnist", "mnist_excerpt", "fashion_mnist")
    words = {preset, config.method, model, "grey" if grey else "colour"}
    if config.method != "standard":
        words.add("attacked")
    values: dict[str, Any] = {"method": method, "model": model}
    for row, own in PRESETS.items():
        if words.issuperset(row.split()):
            values |= own
    return RobustConfig(**values)


#: "level-set" of the preset quick: Eq. 12 in L_inf on the ways of Madry's attack, beside
#: cross-entropy and TRADES' divergence where the attack ended.
QUICK_LEVEL_SET: dict[str, Any] = {
    "search": "xent", "distance": "linf", "distance_decay": 6.0, "margin_temperature": 5.0,
    "weight_correct": 10.0, "weight_clean": 1.0, "partner": "trades",
}  # fmt: skip


#: How much farther than the wanted epsilon a quick training goes.
FURTHER = 1.5


def quick_config(
    method: str,
    model: str,
    *,
    epsilon: float = 0.2,
    epochs: int = 30,
    attack_steps: int = 5,
    weight_attacked: float = 3.0,
    replays: int = 3,
) -> RobustConfig:
    """Extension: for a thousand images of MNIST and a narrow network, a minute on one core.

    Small batches, a high learning rate, PGD steps that shrink, further steps on every batch, a
    radius that grows over the first third to one and a half epsilon: the same for every method,
    since radius and number of steps decide more than the method.

    Args:
        method, model, epochs, attack_steps, replays: see :class:`RobustConfig`.
        epsilon: what the network is to stand.
        weight_attacked: beta of TRADES' divergence, of "trades" and beside Eq. 12 of "level-set",
            where 0 leaves the paper's Eq. 12 alone, without replays and after four standard
            epochs, which does much worse here.

    Raises:
        LevelsetError: a number does not fit.
    """
    config = RobustConfig(
        method=method, model=model, epochs=epochs, batch=64, learning_rate=3e-3, epsilon=epsilon,
        attack_steps=0,
    )  # fmt: skip
    if config.method == "standard":
        return config
    radius = min(1.0, round(FURTHER * epsilon, 4))
    config = replace(
        config, epsilon=radius, warmup_epochs=epochs // 3, attack_steps=attack_steps,
        attack_shrink=shrinking(attack_steps), attack_step=min(1.0, max(1e-4, 2 * radius)),
    )  # fmt: skip
    if config.method != "level-set":
        beta = weight_attacked if config.method == "trades" else config.beta
        return replace(config, replays=replays, beta=beta)
    if weight_attacked:
        own = {"weight_attacked": weight_attacked, "replays": replays, **QUICK_LEVEL_SET}
        return replace(config, **own)
    return replace(
        config, standard_epochs=min(4, epochs - 1), epsilon_wrong=0.5, attack_step_wrong=1.0
    )

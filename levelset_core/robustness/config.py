"""All the settings of a robust training, checked when they are made; the paper's and fast ones."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from levelset_core.classifiers.architectures import CLASSIFIERS
from levelset_core.errors import LevelsetError

METHODS = ("standard", "madry", "trades", "ours")
PRESETS = ("quick", "fast", "paper")
SCHEDULES = ("halve", "cycle")

#: Allowed range of every number: (lowest, highest).
RANGES: dict[str, tuple[float, float]] = {
    "epochs": (1, 10_000),
    "batch": (1, 65_536),
    "learning_rate": (1e-7, 1.0),
    "weight_decay": (0.0, 1.0),
    "epsilon": (0.0, 1.0),
    "epsilon_start": (0.0, 1.0),
    "epsilon_wrong": (0.0, 1.0),
    "warmup_epochs": (0, 10_000),
    "standard_epochs": (0, 10_000),
    "attack_step": (1e-6, 1.0),
    "attack_step_wrong": (1e-6, 1.0),
    "attack_steps": (0, 1000),
    "attack_shrink": (0.01, 1.0),
    "weight_correct": (0.0, 1000.0),
    "weight_attacked": (0.0, 1000.0),
    "beta": (0.0, 1000.0),
}


@dataclass(frozen=True)
class RobustConfig:
    """Settings of a robust training.

    Attributes:
        method: one of ``METHODS``.
        model: one of ``CLASSIFIERS``.
        epochs, batch: rounds over the training images, images a step.
        learning_rate, weight_decay: of Adam.
        schedule: "halve" at half and at three quarters of the epochs, as epochs 100 and 150 of
            the paper's 200; "cycle": up over the first tenth, then down to 0, both linear.
        epsilon: of the attack; with "ours" the distance wanted of right samples in Eq. 12.
        epsilon_start, warmup_epochs: epsilon grows linearly from there over so many epochs.
        standard_epochs: the first so many epochs are standard training, whatever the method: a
            small network then has level sets near its images when the method begins.
        epsilon_wrong: of wrong samples in Eq. 12 ("ours").
        attack_step, attack_steps: of the PGD of every batch; while epsilon grows, so does the
            step.
        attack_step_wrong: of wrong samples ("ours").
        attack_shrink: each PGD step is so many times as long as the one before; with long first
            steps that shrink, few steps attack as many constant ones do.
        weight_correct: lambda_j of right samples in Eq. 12 ("ours").
        weight_attacked: of the cross-entropy where PGD ended, beside Eq. 12 ("ours"); 0 in the
            paper.
        beta: weight of the divergence in TRADES.
        first_crossing: with "ours", PGD leaves an image at the first point beyond the boundary;
            otherwise it takes every step, as the authors do.
        augment: random crops after padding by 4 pixels, and mirror images.
        affine: random rotations by up to 10 degrees, scalings by up to 10 % and shifts by up to 1.5
            pixels: for digits and the like, which have no mirror images.
        mixed: the attacks' gradients in bfloat16; level set points and losses stay in float32.
            For GPUs and CPUs that calculate in it: others emulate it, many times slower.
    """

    method: str = "madry"
    model: str = "convnet4a"
    epochs: int = 5
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: str = "cycle"
    epsilon: float = 0.3
    epsilon_start: float = 0.0
    warmup_epochs: int = 0
    standard_epochs: int = 0
    epsilon_wrong: float = 0.5
    attack_step: float = 0.1
    attack_step_wrong: float = 0.1
    attack_steps: int = 7
    attack_shrink: float = 1.0
    weight_correct: float = 1.0
    weight_attacked: float = 0.0
    beta: float = 1.0
    first_crossing: bool = False
    augment: bool = False
    affine: bool = False
    mixed: bool = False

    def __post_init__(self) -> None:
        for name, choices in (
            ("method", METHODS),
            ("model", tuple(CLASSIFIERS)),
            ("schedule", SCHEDULES),
        ):
            value = getattr(self, name)
            if value not in choices:
                raise LevelsetError(
                    f"Unknown {name} {value!r}: choose one of {', '.join(choices)}."
                )
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "bool" and not isinstance(value, bool):
                raise LevelsetError(f"{field.name} must be true or false, got {value!r}.")
            if field.type == "int" and (not isinstance(value, int) or isinstance(value, bool)):
                raise LevelsetError(f"{field.name} must be a whole number, got {value!r}.")
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not isinstance(value, int | float) or not low <= value <= high:
                raise LevelsetError(f"{name} must be {low:g} to {high:g}, got {value!r}.")

    def epsilon_at(self, epoch: float) -> float:
        """Epsilon after so many epochs."""
        if epoch >= self.warmup_epochs:
            return self.epsilon
        part = epoch / self.warmup_epochs
        return self.epsilon_start + part * (self.epsilon - self.epsilon_start)

    def learning_rate_at(self, epoch: float) -> float:
        """The learning rate after so many epochs."""
        part = epoch / self.epochs
        if self.schedule == "halve":
            return self.learning_rate * 0.5 ** ((part >= 0.5) + (part >= 0.75))
        return self.learning_rate * min((part + 0.01) / 0.1, (1 - part) / 0.9, 1.0)

    def as_dict(self) -> dict[str, Any]:
        """Plain values; ``RobustConfig(**values)`` makes it again."""
        return asdict(self)


def robust_preset(preset: str, method: str, model: str, data: str) -> RobustConfig:
    """Settings by name.

    "paper" has Sec. 5.2 and the authors' published settings: 200 epochs, PGD with many small
    steps. "fast" is ours, for a CPU: few large steps, epsilon that grows during the first epoch,
    on grey images steps that shrink, with "ours" attacks that end at the first crossing instead,
    and a learning rate that falls to 0.
    "quick" is :func:`quick_config`.

    Raises:
        LevelsetError: unknown preset, method or model.
    """
    if preset not in PRESETS:
        raise LevelsetError(f"Unknown preset {preset!r}: choose one of {', '.join(PRESETS)}.")
    if preset == "quick":
        return quick_config(method, model)
    grey = data in ("mnist", "mnist_excerpt", "fashion_mnist")
    config = RobustConfig(method=method, model=model)
    if preset == "paper":
        config = replace(config, epochs=200, schedule="halve")
        if grey:
            config = replace(config, epsilon=0.3, attack_step=0.01, attack_steps=40, beta=1.0)
            if method == "ours":  # the step grows with epsilon, 0.01 at 0.3
                config = replace(config, epsilon=0.4, attack_step=0.04 / 3, attack_step_wrong=0.01)
            return config
        small = model != "resnet18"
        config = replace(
            config, epsilon=0.031, attack_step=0.007, attack_steps=20, beta=6.0, augment=True,
            learning_rate=3e-4 if small else 1e-4, weight_decay=1e-6,
        )  # fmt: skip
        if method == "ours":
            config = replace(
                config, epsilon=0.045, epsilon_start=0.001, warmup_epochs=50, epsilon_wrong=0.05,
                attack_step=0.007 * 0.045 / 0.031, attack_step_wrong=0.007,
                weight_correct=11.0 if small else 4.0,
            )  # fmt: skip
        return config
    if method == "standard":
        return replace(config, epochs=3, attack_steps=0, augment=not grey)
    config = replace(config, epochs=4, epsilon_start=0.0, warmup_epochs=1)
    if grey:
        config = replace(config, epsilon=0.32, attack_steps=7)
        if method == "ours":  # steps that shrink would cross with the first, longest one
            return replace(
                config, epsilon=0.4, attack_step=0.1, attack_step_wrong=0.1, first_crossing=True
            )
        return replace(config, attack_step=2 * config.epsilon, attack_shrink=shrinking(7))
    config = replace(
        config, epochs=20, epsilon=0.031, attack_step=0.012, attack_steps=4, beta=6.0,
        augment=True, warmup_epochs=2, weight_decay=1e-6,
        learning_rate=1e-3 if model != "resnet18" else 3e-4,
    )  # fmt: skip
    if method == "ours":
        config = replace(
            config, epsilon=0.045, epsilon_start=0.001, epsilon_wrong=0.05, attack_step=0.018,
            attack_step_wrong=0.02,
            weight_correct=11.0 if model != "resnet18" else 4.0, first_crossing=True,
        )  # fmt: skip
    return config


def quick_config(
    method: str,
    model: str,
    *,
    epsilon: float = 0.2,
    epochs: int = 30,
    attack_steps: int = 5,
    weight_attacked: float = 0.3,
) -> RobustConfig:
    """Ours: for a thousand images of MNIST and a narrow network, about a minute on one core.

    Small batches, a high learning rate, epsilon growing over the first third, PGD steps that
    shrink. "ours" begins with standard epochs (a narrow network starts without level sets near
    its images) and, as the paper's 0.4 is for 0.3, asks for a distance a third larger than
    epsilon.

    Args:
        method, model, epochs, attack_steps: see :class:`RobustConfig`.
        epsilon: what the network is to stand.
        weight_attacked: of "ours"; 0 leaves Eq. 12 alone, which does much worse here.

    Raises:
        LevelsetError: a number does not fit.
    """
    config = RobustConfig(
        method=method, model=model, epochs=epochs, batch=64, learning_rate=3e-3, epsilon=epsilon,
    )  # fmt: skip
    if method == "standard":
        return replace(config, attack_steps=0)
    if method == "ours":
        config = replace(
            config, epsilon=min(1.0, round(4 / 3 * epsilon, 4)), standard_epochs=min(4, epochs - 1),
            epsilon_wrong=0.5, attack_step_wrong=1.0, weight_attacked=weight_attacked,
        )  # fmt: skip
    return replace(
        config, warmup_epochs=epochs // 3, attack_steps=attack_steps,
        attack_shrink=shrinking(attack_steps),
        attack_step=min(1.0, max(1e-4, 2 * config.epsilon)),
    )  # fmt: skip


def shrinking(steps: int) -> float:
    """How much shorter each of so many PGD steps is, for the last to be a tenth of the first.

    From twice epsilon to a fifth of it they attack about as hard as many constant ones.
    """
    return round(0.1 ** (1 / (steps - 1)), 4) if steps > 1 else 1.0

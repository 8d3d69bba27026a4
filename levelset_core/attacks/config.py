"""An attack and its strength, those of the paper, and what an attack left of a classifier."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from typing import Any

from torch import Tensor

from levelset_core.attacks.balls import NORMS
from levelset_core.attacks.pgd import check_attack
from levelset_core.attacks.strong import STRONG_LOSSES
from levelset_core.settings import Settings, choose, setting

#: Name -> losses of PGD, each tried in turn on what those before left. Without any: "clean" does
#: nothing, "autoattack" is the standard ensemble (Croce and Hein, 2020). "pgd-strong" is
#: :func:`levelset_core.attacks.strong.strong_pgd`; all claims rest on it or on AutoAttack.
ATTACKS: dict[str, tuple[str, ...]] = {
    "clean": (),
    "pgd-xent": ("xent",),
    "pgd-margin": ("margin",),
    "pgd-worst": ("margin", "xent"),
    "pgd-strong": tuple(STRONG_LOSSES),
    "autoattack": (),
}
#: Of curves: epsilon in parts of the paper's, and PGD steps.
EPSILON_PARTS = (0.0, 1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1.0, 7 / 6, 4 / 3, 5 / 3)
#: In colour the strongest attack goes on until nothing is left: 5/3 of the paper's leave some.
FAR_PARTS = (8 / 3, 4.0)
STEP_COUNTS = (1, 2, 5, 10, 20, 40, 100)
#: Activations of larger batches leave the caches of a CPU.
BATCH = {"cpu": 64}
CONFIDENCE = 0.95


@dataclass(frozen=True)
class AttackConfig(Settings):
    """An attack and its strength.

    ``epsilon`` and ``step`` are rounded to nine decimal places, so that those computed in different
    ways are equal, and commands with them short. AutoAttack has no step, steps and restarts of
    ours: they are as if nobody had said any.
    """

    attack: str = setting("pgd-margin", choices=ATTACKS, help="what is done")
    epsilon: float = setting(0.3, help="half side of the L_inf box, or radius of the L2 ball")
    step: float = setting(0.01, help="of PGD; of pgd-strong the first one")
    steps: int = setting(40, help="of PGD")
    restarts: int = setting(1, help="of PGD; of pgd-strong rounds of its losses")
    norm: str = setting("linf", choices=NORMS, help="of the distance from the image")
    eot: int = setting(
        1, low=1, help="draws whose gradients are averaged, for networks with random parts"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        check_attack(self.epsilon, self.step, self.steps, self.restarts)
        if self.attack == "autoattack":  # its steps are its own: equal ones are the same attack
            for field in fields(self):
                if field.name in ("step", "steps", "restarts"):
                    object.__setattr__(self, field.name, field.default)
        for name in ("epsilon", "step"):
            object.__setattr__(self, name, round(getattr(self, name), 9))


#: Epsilon where nobody says one, by norm: of grey images, and in colour. L_inf as in the paper, L2
#: as in the AutoAttack paper.
USUAL_EPSILON = {"linf": (0.3, 0.031), "l2": (2.0, 0.5)}
#: Steps together so many times as long as epsilon, where the paper has no such attack.
REACH = 2.5
#: Steps a start of pgd-strong, and its first step in parts of epsilon.
STRONG_STEPS, STRONG_STEP = 50, 2.0


def paper_attack(
    attack: str, channels: int, epsilon: float | None = None, norm: str = "linf"
) -> AttackConfig:
    """The attacks of Table 1: MNIST 0.3, 40 steps of 0.01; CIFAR-10 0.031, 20 steps of 0.003.

    Extensions: "pgd-worst", both losses, 10 restarts of 100 steps each; "pgd-strong", whose steps
    shrink; and the norm "l2", with steps of ``REACH`` epsilon together. With another epsilon the
    step grows or shrinks alike.
    """
    if attack == "clean":  # the same whatever the images
        return AttackConfig(attack, epsilon=0.0, steps=0)
    choose("norm", norm, NORMS)
    usual = USUAL_EPSILON[norm][channels > 1]
    steps, step = (40, 0.01) if channels == 1 else (20, 0.003)
    if norm == "l2":
        step = REACH * usual / steps
    restarts = 1
    if attack == "pgd-worst":
        steps, restarts = 100, 10
    if attack == "pgd-strong":
        steps, step = STRONG_STEPS, STRONG_STEP * usual
    base = AttackConfig(attack, usual, step, steps, restarts, norm)
    if epsilon is None or epsilon == base.epsilon:
        return base
    step = base.step * epsilon / base.epsilon if epsilon > 0 else base.step
    return replace(base, epsilon=epsilon, step=step)


def over_epsilon(attack: str, channels: int, norm: str = "linf") -> dict[float, AttackConfig]:
    """A curve over epsilon: as many steps as in the paper, which grow with epsilon."""
    usual = paper_attack(attack, channels, norm=norm).epsilon
    parts = EPSILON_PARTS + (FAR_PARTS if channels > 1 and attack == "pgd-strong" else ())
    values = (round(part * usual, 6) for part in parts)
    return {epsilon: paper_attack(attack, channels, epsilon, norm) for epsilon in values}


def over_steps(attack: str, channels: int, norm: str = "linf") -> dict[float, AttackConfig]:
    """A curve over PGD steps at the usual epsilon: fewer than the paper's are longer, so that
    they reach as far. Those of "pgd-strong" begin as long, however many they are.
    """
    base = paper_attack(attack, channels, norm=norm)
    if attack == "pgd-strong":
        return {float(k): replace(base, steps=k) for k in STEP_COUNTS}
    reach = base.step * base.steps
    return {
        float(k): replace(base, steps=k, step=min(base.epsilon, max(base.step, reach / k)))
        for k in STEP_COUNTS
    }


@cache
def share_interval(count: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share, of which ``count`` of n were seen.

    It holds the true share with at least this probability, for every n.
    """
    from scipy.stats import binomtest  # half a second

    interval = binomtest(count, n).proportion_ci(confidence, "exact")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class AttackReport:
    """What an attack left of a classifier.

    Attributes:
        attack: what was done.
        images: how many.
        clean_accuracy: share that is right as it is.
        robust_accuracy: share that is right and stays so under the attack.
        seconds: of the attack.
        seed: of its starts.
        stages: robust accuracy after each part of AutoAttack, in its order.
        warnings: of AutoAttack's own checks.
        right, broken: (n,) bool: right as it is; right and broken by the attack.
        found: the attacked images, (n, c, h, w), those that were wrong already as they are.
        draws: of a network with random parts: accuracies are means over so many, and an image
            is broken that is wrong in more than half of them.
        places: of a drawn subset, where its images are in the whole set, (n,).
    """

    attack: AttackConfig
    images: int
    clean_accuracy: float
    robust_accuracy: float
    seconds: float
    seed: int
    stages: dict[str, float]
    warnings: tuple[str, ...]
    right: Tensor
    broken: Tensor
    found: Tensor
    draws: int = 1
    places: Tensor | None = None

    @property
    def standing(self) -> int:
        """Images that are right and stay so; over draws the mean of their number, rounded."""
        return round(self.robust_accuracy * self.images)

    @property
    def survivors(self) -> list[int]:
        """Places of the images that are right and stay so, in the whole set."""
        rows = (self.right & ~self.broken).nonzero().squeeze(1)
        places: list[int] = (rows if self.places is None else self.places[rows]).tolist()
        return places

    def as_dict(self) -> dict[str, Any]:
        """Plain values, without the images; with the interval of the robust accuracy."""
        return {
            "clean_accuracy": self.clean_accuracy,
            "robust_accuracy": self.robust_accuracy,
            "images": self.images,
            "standing": self.standing,
            "interval": [round(p, 5) for p in share_interval(self.standing, self.images)],
            "seconds": round(self.seconds, 3),
            **asdict(self.attack),
            "seed": self.seed,
            **({"draws": self.draws} if self.draws > 1 else {}),
            **({"stages": self.stages} if self.stages else {}),
            **({"warnings": list(self.warnings)} if self.stages or self.warnings else {}),
            "survivors": self.survivors,
        }

"""All the settings of a playground run, checked when they are made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.levelsets import DISTANCES
from levelset_core.networks import ACTIVATIONS
from levelset_core.playground.objectives import OBJECTIVES

#: Allowed range of every number: (lowest, highest).
RANGES: dict[str, tuple[float, float]] = {
    "seed": (0, 2**31 - 1),
    "learning_rate": (1e-5, 0.3),
    "epsilon": (0.0, 1.0),
    "weight_correct": (0.0, 20.0),
    "lam": (0.0, 5.0),
    "alpha": (-4.0, -0.25),
    "newton_steps": (1, 50),
    "depth": (0, 8),
    "width": (1, 256),
    "speed": (0, 1000),
}
#: A change of one of these builds a new network; the others take effect at the next step.
REBUILDS = ("seed", "depth", "width", "activation")


@dataclass(frozen=True)
class PlaygroundConfig:
    """Settings of the playground.

    Attributes:
        objective: a name in ``OBJECTIVES``.
        distance: "linf", "l2" or "rho", where the objective leaves it open.
        epsilon: wanted margin of Eq. 12 (and of Elsayed et al.), in units of the plane.
        weight_correct: lambda_j of right samples in Eq. 12; wrong ones have 1.
        lam, alpha: lambda and alpha of Eq. 11.
        learning_rate: of Adam.
        newton_steps: Newton steps at most in every projection.
        seed: of the initial weights.
        depth, width, activation: hidden layers of F, their width and activation.
        speed: training steps a second at most; 0 is as fast as it goes.

    Raises:
        LevelsetError: an unknown name, or a number out of its range (``RANGES``).
    """

    objective: str = "geometric_svm"
    distance: str = "linf"
    epsilon: float = 0.2
    weight_correct: float = 1.0
    lam: float = 0.02
    alpha: float = -1.0
    learning_rate: float = 3e-3
    newton_steps: int = 10
    seed: int = 0
    depth: int = 3
    width: int = 64
    activation: str = "relu"
    speed: int = 0

    def __post_init__(self) -> None:
        for name, choices in (
            ("objective", OBJECTIVES),
            ("distance", DISTANCES),
            ("activation", ACTIVATIONS),
        ):
            value = getattr(self, name)
            if not isinstance(value, str) or value not in choices:
                raise LevelsetError(
                    f"Unknown {name} {value!r}: choose one of {', '.join(choices)}."
                )
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            kind = type(getattr(PlaygroundConfig, name))
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise LevelsetError(f"{name} must be a number, got {value!r}.")
            if not low <= value <= high:  # NaN fails too
                raise LevelsetError(f"{name} must be {low} to {high}, got {value}.")
            if kind is int and int(value) != value:
                raise LevelsetError(f"{name} must be a whole number, got {value}.")
            object.__setattr__(self, name, kind(value))

    @property
    def metric(self) -> str:
        """The distance in force: the objective's own, else the setting."""
        return OBJECTIVES[self.objective].distance or self.distance

    @property
    def norm(self) -> str:
        """The norm that margins are measured in: L_inf stands in for rho, which is no norm."""
        return "l2" if self.metric == "l2" else "linf"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> PlaygroundConfig:
        """From plain values; what is missing takes its default.

        Raises:
            LevelsetError: an unknown setting, or a value that does not fit.
        """
        names = {field.name for field in fields(cls)}
        unknown = sorted(set(values) - names)
        if unknown:
            raise LevelsetError(f"Unknown setting {unknown[0]!r}.")
        return cls(**values)

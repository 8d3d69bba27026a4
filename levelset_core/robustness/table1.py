"""Table 1 as published, and AutoAttack on the authors' models: figures to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from levelset_core.robustness.config import OLD_METHODS

#: Where figures come from.
TABLE = "Table 1 of the paper"
README = "AutoAttack's own list, on the authors' model"
MEASURED = "measured by us on the authors' published model, first 200 test images"
WORST = f"{MEASURED}, 10 restarts of 100 steps of margin PGD alone"
#: The same in a word or two, for a cell of a table.
SHORT = {
    TABLE: "paper", README: "AutoAttack's list", MEASURED: "authors' model",
    WORST: "authors' model, margin",
}  # fmt: skip
#: A published model is compared with one trained with an epsilon at most so far away, relatively.
NEAR = 0.15


@dataclass(frozen=True)
class Reference:
    """Somebody else's figure: in percent, where from, and the epsilon it was trained with."""

    figure: float
    source: str
    epsilon: float

    @property
    def short(self) -> str:
        """As "paper 96.04"."""
        return f"{SHORT[self.source]} {self.figure:.2f}"

    @property
    def text(self) -> str:
        """As "96.04% (Table 1 of the paper; trained with epsilon 0.3)"."""
        trained = f"; trained with ε = {self.epsilon:g}" if self.epsilon else ""
        return f"{self.figure:.2f}% ({self.source}{trained})"


@dataclass(frozen=True)
class Published:
    """A row; shares of the test images in percent.

    Attributes:
        data, model, method, epsilon: what was trained.
        clean, xent, margin: as in Table 1 (MNIST: epsilon 0.3, 40 steps; CIFAR-10: 0.031, 20).
        worst: ``WORST``.
        autoattack: the standard version.
        autoattack_source: ``README`` or ``MEASURED``.
    """

    data: str
    model: str
    method: str
    epsilon: float
    clean: float
    xent: float
    margin: float
    worst: float | None = None
    autoattack: float | None = None
    autoattack_source: str = MEASURED

    def figure(self, attack: str) -> float | None:
        """What is known under an attack of :data:`levelset_core.attacks.ATTACKS`, if anything."""
        return {
            "clean": self.clean, "pgd-xent": self.xent, "pgd-margin": self.margin,
            "pgd-worst": self.worst, "autoattack": self.autoattack,
        }.get(attack)  # fmt: skip

    def reference(self, attack: str) -> Reference | None:
        """The same with where it comes from."""
        figure = self.figure(attack)
        source = {"autoattack": self.autoattack_source, "pgd-worst": WORST}.get(attack, TABLE)
        return None if figure is None else Reference(figure, source, self.epsilon)


_mnist = partial(Published, "mnist", "convnet4a")
_cifar = partial(Published, "cifar10")
PUBLISHED = (
    _mnist("standard", 0.0, 99.34, 13.59, 0.00, autoattack=0.0),
    _mnist("madry", 0.3, 99.35, 96.04, 96.11, worst=92.0, autoattack=90.5),
    _mnist("madry", 0.4, 99.16, 96.54, 96.53, worst=95.0, autoattack=90.0),
    _mnist("trades", 0.3, 98.97, 96.75, 96.74, worst=96.0, autoattack=94.0),
    _mnist("trades", 0.4, 98.62, 96.78, 96.76, worst=95.5, autoattack=94.5),
    _mnist("level-set", 0.4, 99.35, 99.23, 97.35, 94.0, 90.85, autoattack_source=README),
    _cifar("convnet4b", "standard", 0.0, 83.67, 0.0, 0.0),
    _cifar("convnet4b", "madry", 0.031, 71.86, 39.84, 38.18),
    _cifar("convnet4b", "madry", 0.045, 63.66, 41.53, 39.13),
    _cifar("convnet4b", "trades", 0.031, 71.24, 41.89, 38.4),
    _cifar("convnet4b", "trades", 0.045, 68.24, 42.04, 38.18),
    _cifar("convnet4b", "level-set", 0.045, 71.96, 38.45, 38.54),
    _cifar("resnet18", "standard", 0.0, 93.18, 0.0, 0.0),
    _cifar("resnet18", "madry", 0.031, 81.0, 47.29, 46.58),
    _cifar("resnet18", "madry", 0.045, 74.97, 49.84, 48.02),
    _cifar("resnet18", "trades", 0.031, 83.04, 53.31, 51.36),
    _cifar("resnet18", "trades", 0.045, 79.52, 53.49, 51.22),
    _cifar("resnet18", "level-set", 0.045, 81.3, 79.74, 43.17, None, 40.22, README),
)

#: Accuracy in percent on MNIST images attacked on another network, cross-entropy and margin PGD:
#: target -> source -> figures, each a method and its epsilon.
BLACK_BOX: dict[tuple[str, float], dict[tuple[str, float], tuple[float, float]]] = {
    ("madry", 0.3): {
        ("standard", 0.0): (98.96, 98.95), ("madry", 0.3): (96.07, 96.13),
        ("trades", 0.3): (97.76, 97.81), ("level-set", 0.4): (99.20, 98.78),
    },
    ("trades", 0.3): {
        ("standard", 0.0): (98.57, 98.56), ("madry", 0.3): (97.46, 97.50),
        ("trades", 0.3): (96.78, 96.79), ("level-set", 0.4): (98.87, 98.46),
    },
    ("level-set", 0.4): {
        ("standard", 0.0): (99.04, 99.04), ("madry", 0.3): (97.78, 97.87),
        ("trades", 0.3): (97.95, 97.99), ("level-set", 0.4): (99.23, 97.34),
    },
}  # fmt: skip


def published_for(data: str, model: str, method: str, epsilon: float) -> Published | None:
    """The row of a network like this one, trained with about the same epsilon."""
    method = OLD_METHODS.get(method, method)
    like = data, model.removesuffix("_linear"), method
    rows = [row for row in PUBLISHED if (row.data, row.model, row.method) == like]
    if not rows:
        return None
    row = min(rows, key=lambda row: abs(row.epsilon - epsilon))
    return row if method == "standard" or abs(row.epsilon - epsilon) <= NEAR * row.epsilon else None

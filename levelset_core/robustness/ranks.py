"""Which of several classifiers stands more: paired, on the same images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from levelset_core.attacks import AttackConfig
from levelset_core.classifiers.files import read_card
from levelset_core.data.images import IMAGE_SETS, data_set_of, same_first_images
from levelset_core.errors import LevelsetError
from levelset_core.robustness.cells import attack_of

#: Below this a difference is more than chance.
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Comparison:
    """Two classifiers under the same attack on the same images, the one that stands more first.

    Attributes:
        first, second: their titles.
        only_first, only_second: images that stand with one of them alone.
        images: how many were attacked.
        p: of McNemar's exact test, two-sided.
    """

    first: str
    second: str
    only_first: int
    only_second: int
    images: int
    p: float

    @property
    def clear(self) -> bool:
        """Whether the difference is more than chance."""
        return self.p < SIGNIFICANT

    @property
    def verdict(self) -> str:
        """In three words."""
        return "withstands more than" if self.clear else "cannot be told apart from"

    @property
    def sentence(self) -> str:
        """As "A and B cannot be told apart: 12 images against 15 (p = 0.70, ...)."."""
        p = "p < 0.001" if self.p < 0.001 else f"p = {self.p:.3f}".rstrip("0").rstrip(".")
        return (
            f"{self.first} {self.verdict} {self.second}: {self.only_first} images only "
            f"{self.first} gets right, {self.only_second} only {self.second} ({p}, the same "
            f"{self.images:,} images)."
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "sentence": self.sentence}


def mcnemar(only_first: int, only_second: int) -> float:
    """McNemar's exact test, two-sided: how probable counts at least so far apart are if each image
    that stands with one alone might as well stand with the other alone (McNemar, 1947).
    """
    from scipy.stats import binomtest  # half a second

    both = only_first + only_second
    return float(binomtest(only_first, both, 0.5).pvalue) if both else 1.0


def compare_sets(sets: Mapping[str, set[int]], images: int) -> list[Comparison]:
    """Every pair, the one that stands more first, in the order of what stands.

    Args:
        sets: by title, the places of the images that stand.
        images: how many were attacked, the same for all.
    """
    order = sorted(sets, key=lambda title: -len(sets[title]))
    found = []
    for first, second in combinations(order, 2):
        one, other = len(sets[first] - sets[second]), len(sets[second] - sets[first])
        found.append(Comparison(first, second, one, other, images, mcnemar(one, other)))
    return found


def compare_found(found: Mapping[str, Mapping[str, Any]]) -> list[Comparison]:
    """The same of figures as ``attack --json`` prints them, by title: on the images that all have
    in common.

    Raises:
        LevelsetError: they are about different images, or one does not say which stand.
    """
    sets = {title: set(values.get("survivors") or ()) for title, values in found.items()}
    for title, values in found.items():
        if values.get("survivors") is None:
            raise LevelsetError(f"The figure of {title} does not say which images stand.")
    drawn = {values.get("subset_seed") for values in found.values()}
    images = min(values["images"] for values in found.values())
    if drawn == {None}:  # the first ones: fewer are the first of more
        sets = {title: {k for k in places if k < images} for title, places in sets.items()}
    elif len(drawn) > 1 or any(values["images"] != images for values in found.values()):
        raise LevelsetError("The figures are about different images: they cannot be ranked.")
    return compare_sets(sets, images)


def stored_figure(path: Path, data: str, attack: AttackConfig) -> dict[str, Any]:
    """The figure about the most images, the first ones, that a model's card has of an attack.

    Args:
        path: of the model.
        data: the images' name or source.
        attack: with all its settings.

    Raises:
        LevelsetError: the card has none that says which images stand.
    """
    wanted = data if data in IMAGE_SETS else data_set_of(data)
    own = [
        values
        for values in read_card(path).get("cells") or []
        if values.get("survivors") is not None
        and values.get("subset_seed") is None
        and same_first_images(data_set_of(str(values.get("data", ""))), wanted)
        and attack_of(values) == attack
    ]
    if not own:
        raise LevelsetError(
            f"The card of {path.name} has no figure of {attack.attack} at {attack.epsilon:g} with "
            "the images that stand: measure it with attack --card."
        )
    return max(own, key=lambda values: int(values["images"]))

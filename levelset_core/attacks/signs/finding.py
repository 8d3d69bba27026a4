"""A named finding, and when a difference of accuracies is more than chance."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

#: Differences of accuracy of this many images, or this share of them, are chance.
SLACK_IMAGES, SLACK = 2, 0.01


@dataclass(frozen=True)
class Finding:
    """Something that misleads.

    Attributes:
        name: what it is called, a few words.
        sentence: what was seen, with its figures.
        advice: what to do.
        evidence: the figures, by what they are.
    """

    name: str
    sentence: str
    advice: str
    evidence: dict[str, float | str]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def chance_of(images: int) -> int:
    """So many images more or less say nothing, of so many."""
    return max(SLACK_IMAGES, round(SLACK * images))


def beyond_chance(difference: float, images: int) -> bool:
    """Whether a difference of two accuracies on so many images says something."""
    return round(difference * images) > chance_of(images)

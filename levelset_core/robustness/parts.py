"""Work in parts that each give a result: the trainer of runs that measure something."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: A part, from the results of those before it; what it gives must fit a checkpoint.
Part = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True)
class PartDone:
    """One more part is done; ``step`` counts them."""

    step: int
    name: str


class Parts:
    """Does every part once, in order; those that a checkpoint holds are not done again.

    Attributes:
        results: by name, of the parts done.
    """

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self.parts = dict(parts)
        self.results: dict[str, Any] = {}

    def __iter__(self) -> Iterator[PartDone]:
        return self

    def __next__(self) -> PartDone:
        name = next((name for name in self.parts if name not in self.results), None)
        if name is None:
            raise StopIteration
        self.results[name] = self.parts[name](self.results)
        return PartDone(len(self.results), name)

    def checkpoint(self) -> dict[str, Any]:
        """The results so far."""
        return dict(self.results)

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go on from there."""
        self.results = {name: checkpoint[name] for name in self.parts if name in checkpoint}

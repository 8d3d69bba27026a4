"""What the exact networks page works on: a shape, its network, one weight changed, the check."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from torch import nn

from levelset_core.errors import LevelsetError
from levelset_core.exact import ExactNetwork, exact_polygon, exact_polyhedron
from levelset_core.exact.network import Place, linear_layers, moved, perturbed
from levelset_core.exact.rings import CrossingError
from levelset_core.exact.shapes import PlaneShape
from levelset_core.exact.sign_check import (
    Reference,
    Tally,
    check_signs,
    plane_reference,
    solid_reference,
)
from levelset_core.geometry import Mesh

POINTS = 1_000_000
#: Of the canvas; chains are cut off there.
BOUNDS = (-1.5, 1.5, -1.5, 1.5)
#: Seconds of checking in one go.
_TURN = 0.25


@dataclass
class ExactWork:
    """A shape and its network, or the sentence that says why there is none.

    Attributes:
        shape: a PlaneShape, or a Mesh.
        exact: what was built.
        reference: what is right.
        error: instead of both.
        crossing: where lines of the shape cross, if that is the error.
        place, change: the weight that is changed, and by how much.
        network: with that change.
        tally: of the check so far.
        made: pictures and whatever else was made of the network.
    """

    shape: Any
    exact: ExactNetwork | None = None
    reference: Reference | None = None
    error: str | None = None
    crossing: tuple[float, float] | None = None
    place: Place | None = None
    change: float = 0.0
    network: nn.Sequential | None = None
    tally: Tally | None = None
    made: dict[str, Any] = field(default_factory=dict)
    _check: Iterator[Tally] | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(
        cls, shape: PlaneShape | Mesh, form: str = "deep", tolerance: float | None = None
    ) -> ExactWork:
        """Build the network; a bad shape gives an ``error``."""
        work = cls(shape)
        try:
            if isinstance(shape, PlaneShape):
                near = shape.tolerance if tolerance is None else tolerance
                work.exact = exact_polygon(shape.parts, form=form, tolerance=near)
                box = BOUNDS if shape.chains else None
                work.reference = plane_reference(shape.rings, shape.chains, box, near)
            else:
                work.exact = e = exact_polyhedron(shape, form=form, tolerance=tolerance)
                work.reference = solid_reference(shape, e.tolerance if e.merged else 0.0)
        except LevelsetError as error:
            work.error = str(error)
            work.crossing = error.place if isinstance(error, CrossingError) else None
            work.exact = None
        else:
            work.network = work.exact.network
            work._begin()
        return work

    def perturb(self, place: Place | None, change: float) -> None:
        """Change one weight of the exact network, and check again."""
        if self.exact is None or (place, change) == (self.place, self.change):
            return
        changed = bool(self.change) or bool(place and change)  # else it is exact as it was
        self.place, self.change = place, change
        if changed:
            exact = self.exact.network
            self.network = perturbed(exact, place, change) if place and change else exact
            self.made = {}
            self._begin()

    @property
    def notes(self) -> list[str]:
        """What was left out, closed or merged, a sentence each."""
        exact = self.exact
        if not isinstance(self.shape, PlaneShape):
            return [exact.note] if exact and exact.note else []
        if exact and self.shape.place:  # told in the file's own units
            exact = replace(exact, tolerance=exact.tolerance / self.shape.place[1])
        return [*self.shape.notes, *([exact.note] if exact and exact.note else [])]

    @property
    def graph(self) -> str:
        """Key of the network's graph, and what keys of widgets about it begin with."""
        return "plane_graph" if isinstance(self.shape, PlaneShape) else "solid_graph"

    @property
    def to_export(self) -> ExactNetwork:
        """The exact network in the coordinates of the file that the shape is from."""
        assert self.exact is not None
        place = self.shape.place if isinstance(self.shape, PlaneShape) else None
        return self.exact if place is None else moved(self.exact, *place)

    @property
    def coordinates(self) -> str:
        """Which ones the exported network takes."""
        if isinstance(self.shape, Mesh):
            return "the coordinates of the mesh"
        if self.shape.place is not None:
            return "the coordinates of the file"
        return "the coordinates of the picture ({:g} to {:g})".format(*BOUNDS[:2])

    def weight(self) -> float | None:
        """The chosen weight as it is in the exact network."""
        if self.exact is None or self.place is None:
            return None
        layer, row, column = self.place
        return float(linear_layers(self.exact.network)[layer].weight.detach()[row, column])

    def has(self, place: Place) -> bool:
        """Whether there is such a weight."""
        if self.exact is None or not 0 <= place[0] <= self.exact.depth:
            return False
        rows, columns = linear_layers(self.exact.network)[place[0]].weight.shape
        return place[1] < rows and place[2] < columns

    def _begin(self) -> None:
        assert self.network is not None and self.reference is not None
        batch = 50_000 if self.exact and self.exact.weights < 20_000 else 10_000
        self._check = check_signs(self.network, self.reference, points=POINTS, batch=batch)
        self.tally = None
        self.look()

    def look(self) -> None:
        """Go on with the check for a while."""
        # A run of the page that was overtaken by another may not have ended yet.
        if not self._turn.acquire(blocking=False):
            return
        try:
            end = time.monotonic() + _TURN
            while self._check is not None and time.monotonic() < end:
                check = self._check
                tally = next(check, None)
                if check is not self._check:
                    continue  # of a network that is gone
                if tally is None:
                    self._check = None
                else:
                    self.tally = tally
        finally:
            self._turn.release()

    @property
    def checking(self) -> bool:
        """Whether points are left to look at."""
        return self._check is not None and (self.tally is None or self.tally.points < POINTS)

    @property
    def wrong(self) -> np.ndarray:
        """Some wrong points, (n, d)."""
        return self.tally.places if self.tally is not None else np.zeros((0, 2))

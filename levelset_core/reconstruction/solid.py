"""A surface without noise of its topology, and in words what was changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from levelset_core.geometry import Mesh, boundary_loops, soundness


@dataclass(frozen=True)
class Place:
    """Something that a surface has, or had.

    Attributes:
        kind: "handle", "tunnel", "gap", "piece", "void" or "hole".
        center: its middle.
        size: length of the shortest loop found around it, or across a gap; of the others the box's
            diagonal.
        depth: the largest |F - level| within; of a hole the distance to the nearest point.
    """

    kind: str
    center: tuple[float, ...]
    size: float
    depth: float

    def moved(self, scale: float, offset: np.ndarray, axes: np.ndarray | None = None) -> Place:
        """In other units, see :meth:`Mesh.moved`."""
        place = np.array(self.center) if axes is None else self.center @ axes
        center = tuple((scale * place + offset).tolist())
        return replace(self, center=center, size=scale * self.size, depth=scale * self.depth)

    def __str__(self) -> str:
        return f"{self.size:.3g} at ({', '.join(f'{x:.4g}' for x in self.center)})"


@dataclass(frozen=True, eq=False)
class Solid:
    """A level set without what is only noise.

    Attributes:
        mesh: the surface.
        removed: what was cut, filled, bridged or dropped.
        handles: those handles and tunnels left that are short around.
        genus: how many are left in all.
        pieces: how many pieces there were.
        noise: |F| below this was taken for noise.
        expected: pieces that the sides of the points tell of; 0 if they do not.
        empty: regions without data: holes that were closed, or what was trimmed.
        trimmed: whether the surface ends where its data does.
        whole: the surface before it was trimmed; ``mesh`` itself if it was not.
        away: (n,) how far each vertex of ``whole`` is from the points, in their spacings there
            (:func:`levelset_core.reconstruction.boundary.away_from_data`), places that are empty
            by chance at most the trim of the settings: ``trim(whole, away, most)`` is the surface
            trimmed at any other distance, and ``trim(whole, away, settings.trim)`` is ``mesh``.
    """

    mesh: Mesh
    removed: tuple[Place, ...]
    handles: tuple[Place, ...]
    genus: int
    pieces: int
    noise: float
    expected: int = 0
    empty: tuple[Place, ...] = ()
    trimmed: bool = False
    whole: Mesh | None = None
    away: np.ndarray | None = None

    def moved(self, scale: float, offset: np.ndarray, axes: np.ndarray | None = None) -> Solid:
        """In other units, see :meth:`Mesh.moved`."""
        removed, handles, empty = (
            tuple(place.moved(scale, offset, axes) for place in places)
            for places in (self.removed, self.handles, self.empty)
        )
        mesh = self.mesh.moved(scale, offset, axes)
        whole = self.whole
        if whole is not None:
            whole = mesh if whole is self.mesh else whole.moved(scale, offset, axes)
        return replace(
            self, mesh=mesh, removed=removed, handles=handles, empty=empty,
            noise=scale * self.noise, whole=whole,
        )  # fmt: skip

    @property
    def told(self) -> list[str]:
        """What was changed and what is left, a sentence each."""
        told = []
        for kind, verb in (("handle", "cut"), ("tunnel", "filled"), ("gap", "bridged")):
            if places := [place for place in self.removed if place.kind == kind]:
                told.append(
                    f"{_count(len(places), kind)} shallower than the noise {verb}, "
                    f"the longest {max(places, key=lambda place: place.size)}."
                )
        if dropped := [place for place in self.removed if place.kind in ("piece", "void")]:
            told.append(
                f"{self.pieces - len(dropped)} of {self.pieces} pieces kept: no points, or noise "
                f"alone, make up the others, the largest {max(dropped, key=lambda p: p.size)}."
            )
        kept = self.pieces - len(dropped) - sum(place.kind == "gap" for place in self.removed)
        if self.expected and kept != self.expected and not self.trimmed:
            told.append(
                f"Doubtful: the points' sides tell of {_count(self.expected, 'piece')}, and {kept} "
                "came out. More steps may mend it; else look there."
            )
        if self.genus and self.trimmed:
            left = _count(self.genus, "handle or tunnel", "handles or tunnels")
            told.append(
                f"Doubtful: the open surface has {left}. Where layers are so near that they run "
                "into each other, more points or steps may keep them apart."
            )
        elif self.genus:
            left = _count(self.genus, "handle or tunnel", "handles or tunnels")
            shortest = min(self.handles, key=lambda place: place.size, default=None)
            about = f", the shortest {shortest}" if shortest else ""
            told.append(f"{left} left, which the points want{about}.")
        if self.trimmed:
            count = len(boundary_loops(self.mesh))
            told.append(
                f"Open: trimmed where there is no data, with {_count(count, 'rim')}."
                if count
                else "Doubtful: the points seem to be an open surface, but no rim was found: its "
                "sides are too near to each other for the distance between the points."
            )
        elif self.empty:
            count, largest = len(self.empty), max(self.empty, key=lambda place: place.size)
            told.append(f"{_count(count, 'hole')} of the data closed, the largest {largest}.")
        return told

    def as_dict(self) -> dict[str, Any]:
        """Plain values: is it a solid, its Euler number, what was removed and what is left."""
        sound = soundness(self.mesh)
        return {
            "watertight": sound.watertight,
            "euler": sound.euler,
            "pieces_found": self.pieces,
            "pieces_expected": self.expected or None,
            "noise": self.noise,
            "removed": [vars(place) for place in self.removed],
            "genus": self.genus,
            "handles": [vars(place) for place in self.handles],
            "open": self.trimmed,
            "empty": [vars(place) for place in self.empty],
            "told": self.told,
        }


def _count(number: int, one: str, more: str = "") -> str:
    return f"{number} {one if number == 1 else more or one + 's'}"

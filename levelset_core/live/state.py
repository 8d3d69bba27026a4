"""The whole state of a playground: what a link or a JSON file carries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from levelset_core.data import HELD_OUT, TRAIN, PointSet, make_points
from levelset_core.errors import LevelsetError
from levelset_core.live.links import pack, unpack
from levelset_core.playground import FIGURE_1, PlaygroundConfig
from levelset_core.settings import choose

VERSION = 1
#: Fresh points of a preset that accuracy is measured on.
HELD_OUT_COUNT = 500
OVERLAYS = ("contours", "field", "path", "balls", "margins", "gradients", "axis", "motion")


#: What suits a preset, where that is not the default: of its points, and of the settings.
#: Spirals: with the usual noise of 0.06 points of the two arms come as close as 0.03.
SUITED: dict[str, dict[str, Any]] = {
    "figure_1": {"count": 24, "noise": 0.0},
    "spirals": {"noise": 0.03},
}
SUITED_SETTINGS: dict[str, dict[str, Any]] = {"xor": {"lam": 5e-4}}
#: Defaults of settings that states left out before 30 November 2026; all states name these since.
EARLIER = {"lam": 0.02, "learning_rate": 3e-3}


@dataclass(frozen=True)
class Preset:
    """Where points came from: the preset's name, how many, their noise and seed.

    Raises:
        LevelsetError: an unknown name, or a number out of its range.
    """

    name: str = "two_moons"
    count: int = 200
    noise: float = 0.06
    seed: int = 0

    def __post_init__(self) -> None:
        self.points()  # refuses what is wrong at once

    def points(self, stream: int = TRAIN, count: int | None = None) -> PointSet:
        """The points; ``stream=HELD_OUT`` gives fresh ones of the same distribution."""
        return make_points(
            self.name, count or self.count, self.noise, seed=self.seed, stream=stream
        )


@dataclass(frozen=True)
class PlaygroundState:
    """Settings, points, seed and view of a playground.

    Attributes:
        config: the settings.
        points: the points.
        preset: the preset that the points are, or began as; ``None`` for a drawing.
        compare: train the four panels of the paper's Figure 1 beside one another.
        overlays: names of ``OVERLAYS`` that are shown.

    Raises:
        LevelsetError: an unknown overlay.
    """

    config: PlaygroundConfig = field(default_factory=PlaygroundConfig)
    points: PointSet = field(default_factory=PointSet.empty)
    preset: Preset | None = None
    compare: bool = False
    overlays: tuple[str, ...] = ("field", "contours", "margins")

    def __post_init__(self) -> None:
        for name in self.overlays:
            choose("overlay", name, OVERLAYS)

    @classmethod
    def default(cls) -> PlaygroundState:
        """What the page opens on."""
        return cls.from_preset(Preset())

    @classmethod
    def from_preset(cls, preset: Preset, **settings: Any) -> PlaygroundState:
        """A state whose points are a preset's."""
        return cls(points=preset.points(), preset=preset, **settings)

    def held_out(self) -> PointSet | None:
        """Fresh points of the preset, or ``None`` for a drawing."""
        return self.preset.points(HELD_OUT, HELD_OUT_COUNT) if self.preset else None

    def panels(self) -> list[PlaygroundConfig]:
        """One configuration a panel: the four of Figure 1, or just this one."""
        if not self.compare:
            return [self.config]
        return [replace(self.config, objective=name) for name in FIGURE_1]

    @property
    def drawn(self) -> bool:
        """Whether the points are not as a preset gives them: somebody drew, or there are none."""
        return self.preset is None or self.points != self.preset.points()

    @property
    def shared_norm(self) -> str | None:
        """The one norm that panels beside one another are measured in, whatever they train in."""
        if not self.compare:
            return None
        return "l2" if self.config.distance == "l2" else "linf"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON. Points that are a preset's own are not written out."""
        defaults = PlaygroundConfig().to_dict()
        given = self.config.to_dict()
        config = {k: v for k, v in given.items() if v != defaults[k] or k in EARLIER}
        values: dict[str, Any] = {"version": VERSION, "config": config}
        if self.preset:
            p = self.preset
            values["preset"] = [p.name, p.count, p.noise, p.seed]
        if self.drawn:
            values["points"] = self.points.to_rows()
        if self.compare:
            values["compare"] = True
        values["overlays"] = list(self.overlays)
        return values

    @classmethod
    def from_dict(cls, values: Any) -> PlaygroundState:
        """The state that :meth:`to_dict` wrote.

        Raises:
            LevelsetError: not such a state, or one of a newer version.
        """
        if not isinstance(values, dict) or not isinstance(values.get("config", {}), dict):
            raise LevelsetError("This is not a playground state: expected a JSON object.")
        if values.get("version") != VERSION:
            raise LevelsetError(
                f"This playground state has version {values.get('version')!r}; "
                f"this program reads version {VERSION}."
            )
        try:
            written = list(values.get("preset") or ())
            if written and not isinstance(written[0], str):
                raise TypeError(f"{written[0]!r} is no name of a preset")
            preset = Preset(*written) if written else None
            if "points" in values:
                points = PointSet.from_rows(values["points"])
            else:
                points = preset.points() if preset else PointSet.empty()
            return cls(
                PlaygroundConfig.from_dict({**EARLIER, **values.get("config", {})}),
                points,
                preset,
                bool(values.get("compare", False)),
                tuple(values.get("overlays", cls.overlays)),
            )
        except LevelsetError:
            raise
        except (TypeError, ValueError, OverflowError) as error:
            raise LevelsetError(f"This playground state cannot be read: {error}.") from error

    def to_json(self) -> str:
        """A JSON file's text."""
        return json.dumps(self.to_dict(), indent=1)

    @classmethod
    def from_json(cls, text: str) -> PlaygroundState:
        """The state in a JSON file.

        Raises:
            LevelsetError: not JSON, or not such a state.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise LevelsetError(f"This file is not JSON: {error}.") from error
        return cls.from_dict(values)

    def to_link(self) -> str | None:
        """A compact form for a URL, or ``None`` if it would be too long."""
        return pack(json.dumps(self.to_dict(), separators=(",", ":")))

    @classmethod
    def from_link(cls, text: str) -> PlaygroundState:
        """The state in a URL.

        Raises:
            LevelsetError: the text is damaged or too long.
        """
        try:
            values = json.loads(unpack(text, "state"))
        except (ValueError, RecursionError) as error:
            raise LevelsetError("This link is damaged: its state cannot be read.") from error
        return cls.from_dict(values)


def state_from_file(content: bytes) -> PlaygroundState:
    """The state in a JSON file's content; see :meth:`PlaygroundState.from_json`."""
    return PlaygroundState.from_json(content.decode("utf-8", "replace"))

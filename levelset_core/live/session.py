"""One playground inside a worker: trainers, what is measured of them, and the pictures."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, replace
from typing import Any, TypeAlias

import numpy as np
from torch import Tensor

from levelset_core.data import PointSet
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError
from levelset_core.live import frames
from levelset_core.live.lessons import Task
from levelset_core.live.protocol import FrameHeader
from levelset_core.live.state import PlaygroundState
from levelset_core.live.timeline import Timeline
from levelset_core.playground import (
    OBJECTIVES,
    Iteration,
    Measurement,
    PlaygroundTrainer,
    explain_iteration,
    layers,
)

#: A picture that is kept, and its points.
Kept: TypeAlias = tuple[bytes, list[list[float]]]
#: What such a picture shows.
KEPT_OVERLAYS = {"field", "contours", "margins"}
#: Seconds between measurements while training, since margins need a search for every point; and
#: the share of the time that they may take: beyond it they come less often, pictures do not.
#: Where sessions take turns, half of it.
MEASURE_EVERY, MEASURE_SHARE = 0.15, 0.15
#: In a crowd too, and after a first one that waited for imports, seconds.
MEASURE_LATEST = 15.0
#: The same after an edit while training: a bar may be a little old, but must not stay so.
EDIT_SHARE = 0.25
#: A slow beginning: so many steps, so many a second. Then it goes on at full speed.
SLOW_STEPS, SLOW_SPEED = 60, 6
#: Seconds that a wanted speed may catch up.
BEHIND = 0.5
#: Shares of the worker's time that the steps of one session may take: one of four panels, wide
#: networks and 2,000 points takes seconds a step, and a hundred others wait for each.
MOST_SHARES = 4


def turns(sessions: int) -> int:
    """By what a session's own time is multiplied for a share of all: twice where they share."""
    return 2 * sessions if sessions > 1 else 1


class WorkerSession:
    """The worker's side of a session. All calls come from the worker's one thread."""

    def __init__(
        self, state: PlaygroundState, version: int, playing: bool, *, slow: bool = False
    ) -> None:
        self.state: PlaygroundState
        self.trainers: list[PlaygroundTrainer]
        self.version: int
        self.playing = playing
        self.slow = slow
        self.attached_until = 0.0
        self.frame_wanted = False
        self.trained = 0.0  # seconds of steps since the last picture
        self.frame_at = self.frame_after = self.frame_by = 0.0  # see frame_due
        self.news_due = 0.0
        self.view: dict[str, Any] = {"field": 128, "overlays": []}
        self.lesson: Task | None = None
        self._before: Kept | None = None  # before the lesson's first change
        self._after: Kept | None = None
        self.sharing = 1  # sessions that take turns in this worker
        self._turn = (0.0, 0.0)  # when the last one ended, and the processor's seconds in it
        self.measuring = 0.0  # seconds of the last picture that MEASURE_SHARE covers
        self._steps_per_second = 0.0
        self._next_step = 0.0
        self._frames = 0
        self._reported = 0  # the step of the history's last rows
        self._restarted = True  # the history told so far is of other networks
        self._timeline = Timeline()
        self._looks_back = False  # at a moment before the newest
        self._resumed: int | None = None  # the step that it went on from, until that is told
        self._build(state, version)

    # -- what the hub asks for ---------------------------------------------------------------

    def set_state(self, state: PlaygroundState, version: int) -> None:
        """Take new settings and points; panels that stay keep their networks."""
        panels = state.panels()
        if len(panels) != len(self.trainers):
            return self._build(state, version)
        if panels != self.state.panels() or state.points != self.state.points:
            self._remember_before()
        if state.preset != self.state.preset:
            self._held_out = state.held_out()
        before, drawn = self.state, replace(self.state, points=state.points)
        # First: where a trainer fails, the next settings must not go on from the last ones.
        self.state, self.version = state, version
        rebuilt = False
        for trainer, config in zip(self.trainers, panels, strict=True):
            rebuilt |= trainer.configure(config)
            trainer.set_points(state.points, self._held_out)
            trainer.measure_in = state.shared_norm
        if rebuilt:
            self._begin()
        if drawn == state:
            self._edited(before.points)
        else:
            self._changed()

    def control(self, action: str) -> None:
        """play, pause, step, reset, fast or slow."""
        match action:
            case "play" | "pause":
                self.playing = action == "play"
                self._keep(now=True)
                self._rate_since, self._rate_steps = time.monotonic(), 0
            case "step":
                self.playing = False
                if len(self.state.points):
                    self._train_once()
                    self._keep(now=True)
            case "fast":
                self.slow, self._next_step = False, 0.0
            case "slow":
                self.slow = True
            case "reset":
                self.slow = False
                for trainer in self.trainers:
                    trainer.reset()
                self._begin()
        self._changed()

    def seek(self, step: int) -> None:
        """Stop, and look at the last moment kept up to a step; play goes on from there."""
        self.playing = False
        self._keep(now=True)
        moment = self._timeline.restore(self.trainers, step, self._basis)
        self._looks_back = moment is not None and moment.step < self._timeline.newest
        self._changed()

    def set_view(self, view: dict[str, Any]) -> None:
        """Which overlays to compute, and how fine the field."""
        if view != self.view:
            self.view = view
            self._changed()

    def probe(self, panel: int, x: float, y: float) -> dict[str, Any]:
        """F, |D_xF| and the distance to S_0 at one place."""
        return self._trainer(panel).probe(x, y)

    def explain(self, panel: int, index: int) -> Iteration:
        """The next iteration of a panel, taken apart for one point."""
        return explain_iteration(self._trainer(panel), index)

    def weights(self, panel: int) -> dict[str, np.ndarray]:
        """The parameters of a panel's network."""
        network = self._trainer(panel).network
        return {name: p.detach().cpu().numpy() for name, p in network.named_parameters()}

    def units(self, panel: int) -> list[dict[str, Any]]:
        """What each layer's shown units compute, and their weights, as plain arrays."""
        found = layers(self._trainer(panel).network)
        return [
            {
                name: v.numpy(force=True) if isinstance(v, Tensor) else v
                for name, v in vars(layer).items()
            }
            for layer in found
        ]

    def set_lesson(self, lesson: Task | None) -> None:
        """Check this lesson's goals from now on."""
        self.lesson, self._before, self._after = lesson, None, None
        self._measure_due = 0.0

    def picture(self) -> Kept:
        """The present picture and its points, to be kept: field, level sets and margins."""
        shown = self._picture(KEPT_OVERLAYS, self._measure(always=True))
        return shown, self.state.points.to_rows()

    def before_and_after(self) -> tuple[Kept, Kept]:
        """Before the first change of settings or points in a lesson, and with its goals reached."""
        now = self._after or self.picture()
        return self._before or now, now

    def _remember_before(self) -> None:
        if self.lesson and not self._before and self.trainers[0].step and len(self.state.points):
            self._before = self.picture()

    # -- the worker's loop -------------------------------------------------------------------

    @property
    def wants_to_train(self) -> bool:
        """Playing, with points, and somebody is looking."""
        looked_at = time.monotonic() < self.attached_until
        return self.playing and looked_at and len(self.state.points) > 0

    @property
    def step_due_in(self) -> float:
        """Seconds until the wanted speed, and the others, allow the next step."""
        return max(self.rest, self._next_step - time.monotonic())

    @property
    def rest(self) -> float:
        """Seconds that the others have yet, after a turn of more than ``MOST_SHARES``; else 0.

        In a crowd of equals their own turns are longer.
        """
        ended, took = self._turn
        return max(0.0, ended + took * (self.sharing - 1) / MOST_SHARES - time.monotonic())

    def frame_due(self, now: float) -> bool:
        """Whether a picture may be made: after so many seconds of steps, or at a time anyhow."""
        return now >= self.frame_by or (now >= self.frame_at and self.trained >= self.frame_after)

    def advance(self, seconds: float) -> float:
        """Train for about this long, all panels in step, no faster than the wanted speed.

        Returns:
            Seconds that it took.
        """
        begin, worked = time.monotonic(), time.thread_time()
        end = begin + seconds
        while (now := time.monotonic()) < end:
            speed = self._speed
            if speed and now < self._next_step:
                break
            # A little behind is caught up: under load too, so many steps take so many seconds.
            due = self._next_step if now - self._next_step < BEHIND else now
            self._next_step = due + 1 / speed if speed else now
            self._train_once()
        now = time.monotonic()
        self._turn = now, time.thread_time() - worked
        return now - begin

    @property
    def _speed(self) -> int:
        """Steps a second, at most; 0 is as fast as it goes."""
        speed = self.state.config.speed
        self.slow = self.slow and self.trainers[0].step < SLOW_STEPS
        return min(speed or SLOW_SPEED, SLOW_SPEED) if self.slow else speed

    def frame(self) -> bytes:
        """The present picture, with the arrays that the view asks for."""
        self.dirty = self.frame_wanted = False  # first: a picture that fails is not tried again
        overlays = set(self.view["overlays"])
        always = not self.playing or "path" in overlays
        begin = time.monotonic()
        measurements = self._measure(always=always)
        self.measuring = 0.0 if always else time.monotonic() - begin
        self._frames += 1
        return self._picture(overlays, measurements)

    def _picture(self, overlays: set[str], measurements: list[Measurement]) -> bytes:
        panels, arrays = [], []
        for k, trainer in enumerate(self.trainers):
            m = measurements[k] if measurements else None
            fresh = m is not None and m.step == trainer.step
            field, scale = frames.quantize_field(
                m.field if m and fresh else trainer.field(self._grid)
            )
            arrays.append(("field", k, field))
            motion = None
            if "motion" in overlays and len(self.state.points):
                motion = trainer.motion()
                stack = np.stack([motion.points, motion.predicted, motion.actual], axis=1)
                arrays.append(("motion", k, stack.astype(np.float32)))
            if m is not None:
                arrays += frames.point_arrays(k, trainer, m, overlays)
            panels.append(frames.panel_header(trainer, m, scale, motion.error if motion else None))
        configs = [trainer.config for trainer in self.trainers]
        wanted = any("epsilon" in OBJECTIVES[c.objective].uses for c in configs)
        header = FrameHeader(
            frame=self._frames,
            playing=self.playing,
            status=self.status,
            sharing=self.sharing,
            steps_per_second=round(self._steps_per_second, 3),
            opening=self.slow,
            newest=max(self._timeline.newest, self.trainers[0].step),
            every=self._timeline.every,
            speed=self.state.config.speed,
            version=self.version,
            epsilon=self.state.config.epsilon,
            wanted_margin=self.state.config.epsilon if wanted else 0.0,
            distance=self.state.shared_norm or configs[0].metric,
            panels=panels,
        )
        return frames.encode_frame(asdict(header), arrays)

    def news(self, *, measure: bool = True) -> dict[str, Any]:
        """Status, the newest rows of the history and the lesson's state, for the page.

        Args:
            measure: at this step; else what is known of an earlier one adds no row.
        """
        measurements = self._measure(always=measure or not self.playing)
        step = self.trainers[0].step
        rows = []
        restarted, self._restarted = self._restarted, False
        resumed, self._resumed = self._resumed, None
        told = not restarted and resumed is None and step == self._reported
        fresh = bool(measurements) and measurements[0].step == step and not self._unmeasured
        if fresh and step and not told and not self._looks_back:
            rows = [frames.history_row(k, self.trainers[k], m) for k, m in enumerate(measurements)]
            self._reported = step
        lesson = None
        if self.lesson and measurements:
            names = [trainer.config.objective for trainer in self.trainers]
            both = zip(self.trainers, measurements, strict=True)
            lesson = self.lesson.check(dict(zip(names, both, strict=True)))
            if lesson["done"] and not self._after:
                self._after = self.picture()
        return {
            "status": self.status,
            "sharing": self.sharing,
            "playing": self.playing,
            "step": step,
            "steps_per_second": round(self._steps_per_second, 3),
            "history": rows,
            "restart": restarted,
            "resumed": resumed,
            "lesson": lesson,
        }

    @property
    def status(self) -> str:
        """running, paused or empty (no points)."""
        if not len(self.state.points):
            return "empty"
        if not self.playing:
            return "paused"
        return "running"

    # -- inside ------------------------------------------------------------------------------

    def _build(self, state: PlaygroundState, version: int) -> None:
        self.state, self.version = state, version
        self._held_out = state.held_out()
        # Networks this small are faster on the CPU; the environment can say otherwise.
        device = pick_device(os.environ.get("LEVELSET_DEVICE") or "cpu")
        self.trainers = [
            PlaygroundTrainer(
                config,
                state.points,
                held_out=self._held_out,
                device=device,
                measure_in=state.shared_norm,
            )
            for config in state.panels()
        ]
        self._rate_since, self._rate_steps = time.monotonic(), 0
        self._next_step = 0.0
        self._begin()
        self._changed()

    def _begin(self) -> None:
        """Step 0: the history told so far is of other networks."""
        self._restarted, self._looks_back, self._resumed = True, False, None
        self._timeline.clear()
        self._keep(now=True)

    def _keep(self, *, now: bool) -> None:
        self._timeline.keep(self.trainers, self._basis, now=now)

    @property
    def _basis(self) -> tuple[Any, ...]:
        """What level set points depend on beside the weights."""
        c = self.state.config
        return self.version, c.objective, c.distance, c.points, c.newton_steps

    def _changed(self) -> None:
        """The next picture, and what is measured, are no longer up to date."""
        self.dirty = True
        self._measure_due = self._edit_due = 0.0
        self._measurements: list[Measurement] = []
        self._unmeasured = False  # points were drawn or moved since

    def _edited(self, before: PointSet) -> None:
        """Points changed: while training, the others' bars stay until all are measured again."""
        rows = self.state.points.rows_in(before)
        if not self.playing or 2 * (rows >= 0).sum() <= len(rows):
            return self._changed()
        self._measurements = [m.carried(rows) for m in self._measurements]
        self._measure_due = min(self._measure_due, self._edit_due)
        self.dirty = self._unmeasured = True

    def _trainer(self, panel: int) -> PlaygroundTrainer:
        if not 0 <= panel < len(self.trainers):
            raise LevelsetError(f"There is no panel {panel}: there are {len(self.trainers)}.")
        return self.trainers[panel]

    @property
    def _grid(self) -> int:
        return int(self.view["field"])

    def _train_once(self) -> None:
        if self._looks_back:  # from here again: what came after is no longer so
            self._resumed = self.trainers[0].step
            self._timeline.cut(self._resumed)
            self._looks_back = False
        for trainer in self.trainers:
            next(trainer)
        self._keep(now=False)
        self.dirty = True
        self._rate_steps += 1
        now = time.monotonic()
        if now - self._rate_since >= 1.0:
            self._steps_per_second = self._rate_steps / (now - self._rate_since)
            self._rate_since, self._rate_steps = now, 0

    def _measure(self, always: bool) -> list[Measurement]:
        """One measurement a panel, not older than ``MEASURE_EVERY``; none without points.

        Which side of the boundary a point is on is always of now.
        """
        if not len(self.state.points):
            return []
        now, known = time.monotonic(), self._measurements
        stale = bool(known) and (self._unmeasured or known[0].step != self.trainers[0].step)
        if not known or (stale and (always or now >= self._measure_due)):
            record = "path" in self.view["overlays"]
            self._measurements = [t.measure(self._grid, record=record) for t in self.trainers]
            self._unmeasured = False
            taken = turns(self.sharing) * (time.monotonic() - now)
            wait = min(taken / MEASURE_SHARE, MEASURE_LATEST)
            self._measure_due = now + max(MEASURE_EVERY, wait)
            self._edit_due = now + min(taken / EDIT_SHARE, MEASURE_LATEST)
        elif stale:
            both = zip(known, self.trainers, strict=True)
            self._measurements = [m.signed_by(trainer.outputs()) for m, trainer in both]
        return self._measurements

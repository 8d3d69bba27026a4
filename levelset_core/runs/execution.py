"""The work on one run, from its start or its last checkpoint to its end, in this process."""

from __future__ import annotations

import logging
import os
import platform
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.runs.checkpoints import checkpoint_every, load_checkpoint, save_checkpoint
from levelset_core.runs.files import remove_partials, write_json
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.kinds import Goal, Kind, Trainer, get_kind
from levelset_core.runs.metrics import LogSizes, MetricsLog
from levelset_core.runs.quotas import Meter

logger = logging.getLogger(__name__)

#: Seconds between two writings of ``status.json``; a request to cancel is seen as soon.
HEARTBEAT = 0.5
#: Saving takes at most this share of the time: big checkpoints come less often.
SAVING_SHARE = 0.05
#: Heartbeats that the time left is told from.
WINDOW = 60
#: Exit codes, by the state a run was left in.
EXIT_CODES = {"done": 0, "failed": 2, "cancelled": 130, "interrupted": 130}


class Execution:
    """Works on a run whose lock the caller holds.

    Args:
        run: it.
        stop: asked after every step; True saves and stops, as interrupted.
        tell: hears the status at every heartbeat.
    """

    def __init__(
        self,
        run: Run,
        *,
        stop: Callable[[], bool] = lambda: False,
        tell: Callable[[RunStatus], None] = lambda status: None,
    ) -> None:
        self.run, self.stop, self.tell = run, stop, tell
        self.status = replace(
            run.status(), state="running", pid=os.getpid(), host=platform.node(),
            started_at=time.time(), queued_at=None,
        )  # fmt: skip
        self._finished = False
        self._meter = Meter(run)
        self._over = ""
        self._base_seconds = 0.0
        self._begun = time.monotonic()
        self._window: deque[tuple[float, float]] = deque(maxlen=WINDOW)

    @property
    def seconds(self) -> float:
        """Seconds of work so far, those before a resume included."""
        return self._base_seconds + time.monotonic() - self._begun

    def work(self) -> RunStatus:
        """Go on until the goal, a request to stop, or an error; the last status.

        Errors end the run as failed, with one sentence; the trace of what nobody foresaw is
        printed (the worker's output is the run's ``log.txt``).

        Raises:
            KeyboardInterrupt: a second interrupt, by somebody who would not wait for the step.
        """
        try:
            return self._counted()
        except KeyboardInterrupt:
            self._end("interrupted", "Stopped at once, without saving.")
            raise
        except LevelsetError as error:
            return self._end("failed", str(error))
        except OSError as error:  # a full disk, a folder that is gone
            return self._end("failed", f"At step {self.status.step}: {told(error)}.")
        except Exception as error:
            traceback.print_exc()
            text = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(".")
            return self._end("failed", f"An error at step {self.status.step}: {text}.")

    def _counted(self) -> RunStatus:
        try:
            return self._work()
        finally:
            self._meter.count()

    def _work(self) -> RunStatus:
        remove_partials(self.run.path)
        kind = get_kind(self.run.config.kind)
        self._say(message=kind.preparing)
        trainer = kind.build(self.run)
        log = self._restore(trainer)
        try:
            goal = kind.goal(self.run, trainer)
            self.status = replace(self.status, steps=goal.steps, message="")
            ended = self._finished or self._train(kind, trainer, goal, log)
            if not self._finished:
                self.status = replace(self.status, seconds=self.seconds)
            said = {"message": kind.finishing, "fraction": 1.0} if ended else {"message": "Saving."}
            self._say(**said, seconds_left=None)
            if not self._finished:
                self._save(trainer, log, finished=ended)
        finally:
            log.close()
        if not ended:
            state = "cancelled" if self.run.cancel_requested else "interrupted"
            return self._end(state, self._over)
        result = kind.finish(self.run, trainer)
        write_json(self.run.path / "result.json", result)
        return self._end("done", result.get("note", ""))

    def _train(self, kind: Kind, trainer: Trainer, goal: Goal, log: MetricsLog) -> bool:
        """Train; whether it came to its end, or else was asked to stop."""
        saving, showing = _Timer(checkpoint_every(), SAVING_SHARE), _Timer(kind.preview_every, 0.5)
        showing.due = 0.0  # the first preview as soon as there is something
        heartbeat = 0.0
        self._begun = time.monotonic()
        if goal.reached(self.status.step, self.seconds):
            return True
        for snapshot in trainer:
            seconds = self.seconds
            self.status = replace(self.status, step=snapshot.step, seconds=seconds)
            if (row := kind.row(snapshot)) is not None:
                log.append({"step": snapshot.step, **row}, seconds)
            if goal.reached(snapshot.step, seconds):
                return True
            now = time.monotonic()
            if now >= heartbeat:
                heartbeat = now + HEARTBEAT
                log.flush()
                self._heartbeat(goal)
                self._over = self._meter.over()
                if self._over or self.run.cancel_requested:
                    return False
            if self.stop():
                return False
            if now >= saving.due:
                with saving:
                    self._save(trainer, log)
            previewed = kind.preview_every and snapshot.step >= kind.preview_from
            if previewed and now >= showing.due:
                with showing:
                    self._preview(kind, trainer)
        return True

    def _restore(self, trainer: Trainer) -> MetricsLog:
        """Take up the last checkpoint, if there is one; metrics go back to where it stood."""
        if not self.run.checkpoint_file.exists():
            return MetricsLog(self.run.path, LogSizes())
        saved = load_checkpoint(self.run.checkpoint_file)
        trainer.restore(saved["trainer"])
        self._finished = saved["finished"]
        self._base_seconds = saved["seconds"]
        self._begun = time.monotonic()
        self.status = replace(self.status, step=saved["step"], seconds=saved["seconds"])
        return MetricsLog(self.run.path, LogSizes(*saved["metrics"]))

    def _save(self, trainer: Trainer, log: MetricsLog, *, finished: bool = False) -> None:
        sizes = log.flush(durable=True)  # what the checkpoint vouches for is on the disk before it
        now = {"step": self.status.step, "seconds": self.status.seconds, "metrics": list(sizes)}
        saved = {"trainer": trainer.checkpoint(), **now, "finished": finished}
        save_checkpoint(self.run.checkpoint_file, saved)

    def _preview(self, kind: Kind, trainer: Trainer) -> None:
        try:
            kind.preview(self.run, trainer)
        except LevelsetError:
            pass  # nothing to show yet, such as no surface
        except Exception:
            logger.exception("a preview of %s", self.run.id)  # no reason to end hours of training

    def _heartbeat(self, goal: Goal) -> None:
        fraction = goal.fraction(self.status.step, self.status.seconds)
        left = None
        if fraction is not None:
            fraction = min(max(fraction, 0.0), 1.0)
            self._window.append((self.status.seconds, fraction))
            (then, was), (now, is_) = self._window[0], self._window[-1]
            if is_ > was:
                left = (1 - is_) * (now - then) / (is_ - was)
        self._say(fraction=fraction, seconds_left=left)

    def _say(self, **changes: Any) -> None:
        self.status = replace(self.status, updated_at=time.time(), **changes)
        self.run.write_status(self.status)
        self.tell(self.status)

    def _end(self, state: str, message: str = "") -> RunStatus:
        self._say(state=state, message=message, seconds_left=None, pid=None, host=None)
        return self.status


class _Timer:
    """When something that takes a while is due again: not before ``every`` seconds have passed,
    and so that it takes at most a ``share`` of the time; with ``every`` 0 at once.
    """

    def __init__(self, every: float, share: float) -> None:
        self.every, self.share = every, share
        self.due = time.monotonic() + every

    def __enter__(self) -> None:
        self._entered = time.monotonic()

    def __exit__(self, *_: object) -> None:
        now = time.monotonic()
        if self.every:
            self.due = now + max(self.every, (now - self._entered) / self.share)


def told(error: OSError) -> str:
    """What the system says of a file: "No space left on device (status.json)"."""
    reason = error.strerror or type(error).__name__
    return f"{reason} ({Path(str(error.filename)).name})" if error.filename else reason

"""Follows a run that a worker does elsewhere: what is new comes here, what is asked goes there.

    python -m levelset_core.runs.elsewhere.follower ID DESCRIPTOR     # of the run's lock

It holds the run's lock in place of the worker, which has no path in common with us. If it ends
before the run, the work goes on, and whoever looks at the queue starts it anew.
"""

from __future__ import annotations

import logging
import sys
import time
from contextlib import suppress
from dataclasses import replace

from levelset_core.cluster import connect
from levelset_core.errors import LevelsetError, optional
from levelset_core.runs.elsewhere.mirror import Mirror
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.locks import FileLock
from levelset_core.runs.quotas import Meter
from levelset_core.runs.remote import (
    WAITS,
    Seen,
    ask,
    cluster_files,
    needs_of,
    submit,
    task_file,
    task_of,
)
from levelset_core.runs.store import RunStore

logger = logging.getLogger(__name__)

#: Seconds between two looks.
EVERY = 1.0
#: Seconds without news of a worker after which it counts as gone, where no scheduler knows.
QUIET = 60.0
#: States that are a run's last word.
_ENDED = ("done", "failed", "cancelled")


class Follower:
    """Follows one run to its end.

    Args:
        run: here; the caller holds its lock.
        url: where its folder goes, see :class:`Mirror`.
    """

    def __init__(self, run: Run, url: str) -> None:
        self.run, self.url, self.mirror = run, url, Mirror(url, run)
        self._meter = Meter(run)
        self._over = self._silence = ""
        self._asked = False
        self._news: tuple[RunStatus | None, float] = (None, 0.0)

    def work(self) -> RunStatus:
        """Until the run is done, failed or cancelled, or given up; its last status."""
        self._begin()
        while not self._look():
            time.sleep(EVERY)
        self.mirror.remove()
        task_file(self.run).unlink(missing_ok=True)
        return self.run.stored_status()

    def _begin(self) -> None:
        """Both places alike: the one that is further tells the other."""
        near, far = self.run.stored_status(), self.mirror.status()
        if far is not None and task_of(self.run) and (far.step > near.step or far.state in _ENDED):
            self.mirror.pull()
            if far.state in _ENDED:
                return
            self.run.write_status(replace(far, state="queued", message=WAITS))
        if far is None or not task_of(self.run):
            self.mirror.remove()
            self.mirror.push()
            self.mirror.agree()

    def _look(self) -> bool:
        """Fetch what is new, and see to it that somebody works; whether the run has ended."""
        seen = self._ask()
        far = self.mirror.pull()  # after: what nobody works on any more is there whole
        if far is None:
            raise LevelsetError(f"The files of the run are gone from {self.url}: resume it.")
        if far.state in _ENDED:
            self.run.write_status(replace(far, message=far.message or self._over))
            return True
        if far.state == "running":
            self._over = self._over or self._meter.over()
        else:
            self._meter.skip()
        if (self.run.cancel_requested or self._over) and not self._asked:
            self.mirror.request_cancel()
            self._asked = True
        if seen is None:
            return self._alone(far)
        if seen.lost(task_of(self.run).get("key")):
            return self._hand_over(far, seen)
        # A worker may have it that is busy with another: Dask says that it is processed then.
        unbegun = seen.states[task_of(self.run)["key"]] in ("no-worker", "queued", "waiting")
        waits = unbegun or far.state == "queued"
        if waits and self._asked:
            return self._take_back(far)
        if waits:
            message = needs_of(self.run).unmet(seen.workers) or WAITS
            self.run.write_status(replace(far, state="queued", message=message))
        elif far.state == "running":
            self.run.write_status(far)
        return False

    def _ask(self) -> Seen | None:
        """What the scheduler has; None where it does not answer, while the worker may go on."""
        key = task_of(self.run).get("key")
        try:
            return ask([key] if key else [])
        except LevelsetError as error:
            logger.warning("%s", error)
            self._silence = str(error)
            return None

    def _alone(self, far: RunStatus) -> bool:
        """Without the scheduler, a worker that has begun goes on; whether that was its end."""
        if far != self._news[0]:
            self._news = far, time.monotonic()
        if far.state == "running" and time.monotonic() - self._news[1] < QUIET:
            self.run.write_status(replace(far, message=f"{self._silence} Its worker goes on."))
            return False
        if self._asked:
            return self._take_back(far)
        self.run.write_status(replace(far, state="queued", message=self._silence))
        return False

    def _hand_over(self, far: RunStatus, seen: Seen) -> bool:
        """Give it to the scheduler, unless it was asked to stop; whether that was its end."""
        if self._asked:
            return self._take_back(far)
        try:
            return not submit(self.run, far, seen, "work_apart", self.url, self.run.id)
        except LevelsetError as error:  # gone since we asked it
            self._silence = str(error)
            return self._alone(far)

    def _take_back(self, far: RunStatus) -> bool:
        """Nobody has begun: take it from the scheduler; its end. The files go, and none begins."""
        if key := task_of(self.run).get("key"):
            with suppress(LevelsetError, OSError):
                client = connect()
                future = optional("distributed", "cluster").Future(key, client)
                client.cancel([future], force=True)  # type: ignore[no-untyped-call]
        self.run.write_status(
            replace(far, state="cancelled", message=self._over, queued_at=None, pid=None, host=None)
        )
        return True


def main() -> int:
    """Follow a run whose lock this process inherited; the exit code."""
    logging.basicConfig(level=logging.INFO)
    run_id, descriptor = sys.argv[1:]
    url = cluster_files()
    store = RunStore()
    run = store.get(run_id)
    with FileLock.adopt(int(descriptor)):
        try:
            if url is None:
                raise LevelsetError("LEVELSET_CLUSTER_FILES is not set.")
            Follower(run, url).work()
        except LevelsetError as error:
            run.write_status(replace(run.stored_status(), state="failed", message=str(error)))
    store.dispatch()
    return 0


if __name__ == "__main__":
    sys.exit(main())

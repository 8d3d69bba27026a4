"""Live sessions on the disk, so that a server that was started again still has them.

A file a session: its id, its token, settings, points, whether it plays. What it had learned is not
kept: it begins again at step 0, from the same seed.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.live.state import PlaygroundState
from levelset_core.paths import runs_folder
from levelset_core.runs.files import read_json, write_json

#: Files kept at most, and for how long after the last change, in seconds.
MOST, AGE = 2000, 7 * 86400.0
_NAME = re.compile(r"[\w-]{16}")


@dataclass(frozen=True)
class KeptSession:
    """What is kept of a session: see :class:`~levelset_core.live.live_session.LiveSession`."""

    id: str
    token: str
    state: PlaygroundState
    version: int
    playing: bool
    slow: bool
    opening: bool
    owner: str | None = None


class KeptSessions:
    """The sessions below one folder, which only its owner can read.

    Args:
        folder: it; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, session: KeptSession) -> None:
        """Keep one; it replaces what was kept of it.

        Raises:
            OSError: the folder cannot be written.
        """
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        values = vars(session) | {"state": session.state.to_dict()}
        write_json(self.folder / f"{session.id}.json", values)

    def read(self, session_id: str) -> KeptSession | None:
        """The session of that id; None if there is none, or it is damaged."""
        if not _NAME.fullmatch(session_id):
            return None
        try:
            values = read_json(self.folder / f"{session_id}.json")
            return KeptSession(
                session_id, _text(values["token"]), PlaygroundState.from_dict(values["state"]),
                int(values["version"]), bool(values["playing"]), bool(values["slow"]),
                bool(values["opening"]), _owner(values.get("owner")),
            )  # fmt: skip
        except (LevelsetError, KeyError, TypeError, ValueError, OverflowError):
            return None

    def prune(self) -> None:
        """Remove what nobody changed for long, and the oldest of too many."""
        with suppress(OSError):
            files = sorted(self.folder.glob("*.json"), key=lambda path: -path.stat().st_mtime)
            for place, path in enumerate(files):
                if place >= MOST or time.time() - path.stat().st_mtime > AGE:
                    path.unlink(missing_ok=True)


def _owner(value: Any) -> str | None:
    if not isinstance(value, str | None):
        raise TypeError("no owner")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) < 32:
        raise TypeError("no token")
    return value


def kept_sessions() -> KeptSessions | None:
    """In ``$LEVELSET_SESSIONS``, else beside the runs; None where that is "off"."""
    chosen = os.environ.get("LEVELSET_SESSIONS")
    if chosen == "off":
        return None
    return KeptSessions(Path(chosen).expanduser() if chosen else runs_folder() / ".sessions")

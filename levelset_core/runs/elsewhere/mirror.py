"""A run's folder in two places: here, and in a file system of fsspec's (s3, gcs, sftp, a folder).

Here somebody holds the run's lock; there nobody can lock anything, so a worker says that the run
is its own, and stops where another one said so after it. Files go whole, the checkpoint after the
metrics that it vouches for, the status last: whoever reads the status first finds the rest at
least as new.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from levelset_core.errors import LevelsetError, optional
from levelset_core.runs.files import PARTIAL, replacing
from levelset_core.runs.folder import Run, RunStatus
from levelset_core.runs.owners import OWNER, PUBLIC

_STATUS, _CANCEL, _CLAIM = "status.json", "cancel", "claim"
#: Files that belong to one place.
_OWN = {"lock", "task.json", "cluster-log.txt", OWNER, PUBLIC, _CANCEL, _CLAIM}
#: After all others, in this order.
_LAST = ("checkpoint.safetensors", "result.json", _STATUS)


class Mirror:
    """Sends and fetches what changed since it last looked.

    Args:
        url: a folder in fsspec's words, "s3://bucket/runs", "file:///mnt/runs"; the run's own is
            in it.
        run: its folder here.

    Raises:
        LevelsetError: fsspec does not know the address, or wants a package that is not there.
    """

    def __init__(self, url: str, run: Run) -> None:
        fsspec = optional("fsspec", "cluster")
        try:
            self._fs, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            reason = str(error).rstrip(".")
            raise LevelsetError(f"LEVELSET_CLUSTER_FILES={url}: {reason}.") from error
        self.run, self.root = run, f"{root.rstrip('/')}/{run.id}"
        self._token = secrets.token_hex(8).encode()
        self._near: dict[str, object] = {}
        self._far: dict[str, object] = {}

    # -- the folder ----------------------------------------------------------------------------

    def push(self) -> None:
        """Send what is new here."""
        for name, mark in sorted(self._here().items(), key=lambda entry: _place(entry[0])):
            if self._near.get(name) == mark:
                continue
            # Gone meanwhile: a preview that was replaced.
            with contextlib.suppress(FileNotFoundError), (self.run.path / name).open("rb") as file:
                with self._writing(name) as far:
                    shutil.copyfileobj(file, far)
                self._near[name] = mark

    def pull(self) -> RunStatus | None:
        """Fetch what is new there, all but the status, which is returned; None: nothing is there.

        The status is written here only where there was none yet.
        """
        status = self.status()
        if status is None:
            return None
        for name, mark in sorted(self._there().items(), key=lambda entry: _place(entry[0])):
            path = self.run.path / name
            known = self._far.get(name) == mark or (name == _STATUS and path.exists())
            if known:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with (
                contextlib.suppress(FileNotFoundError),
                self._fs.open(f"{self.root}/{name}", "rb") as far,
                replacing(path) as partial,
                partial.open("wb") as file,
            ):
                shutil.copyfileobj(far, file)
            self._far[name] = mark
            if name != _STATUS:
                with contextlib.suppress(FileNotFoundError):
                    self._near[name] = _mark(path)
        return status

    def agree(self) -> None:
        """What is there now is what is here: it need not be fetched."""
        self._far = self._there()

    def status(self) -> RunStatus | None:
        """As it is there; None where there is none, or none that can be read."""
        try:
            return RunStatus.from_dict(json.loads(self._fs.cat_file(f"{self.root}/{_STATUS}")))
        except (FileNotFoundError, ValueError, AttributeError):
            return None

    def remove(self) -> None:
        """Nothing is left there."""
        with contextlib.suppress(FileNotFoundError):
            self._fs.rm(self.root, recursive=True)

    # -- who works, and whether to stop ----------------------------------------------------------

    def claim(self) -> None:
        """Say that the run is this worker's."""
        self._put(_CLAIM, self._token)

    @property
    def own(self) -> bool:
        """Whether no other worker said so since, and the run is still there."""
        try:
            return bool(self._fs.cat_file(f"{self.root}/{_CLAIM}") == self._token)
        except FileNotFoundError:
            return False

    def request_cancel(self) -> None:
        """Ask who works there to save and stop."""
        self._put(_CANCEL, b"1")

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked."""
        self._fs.invalidate_cache()
        return bool(self._fs.exists(f"{self.root}/{_CANCEL}"))

    # ----------------------------------------------------------------------------------------------

    def _here(self) -> dict[str, object]:
        found: dict[str, object] = {}
        for path in self.run.path.rglob("*"):
            name = path.relative_to(self.run.path).as_posix()
            if name in _OWN or name.endswith(PARTIAL):
                continue
            with contextlib.suppress(FileNotFoundError):
                if path.is_file():
                    found[name] = _mark(path)
        return found

    def _there(self) -> dict[str, object]:
        self._fs.invalidate_cache()
        found: dict[str, object] = {}
        for path, about in self._fs.find(self.root, detail=True).items():
            name = path.removeprefix(self.root).lstrip("/")
            if name not in _OWN and not name.endswith(PARTIAL):
                found[name] = repr(sorted((k, str(v)) for k, v in about.items()))
        return found

    @contextmanager
    def _writing(self, name: str) -> Iterator[IO[bytes]]:
        """A file there that is whole or not there: no reader finds half of it."""
        path = f"{self.root}/{name}"
        self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        with self._fs.transaction, self._fs.open(path, "wb") as file:
            yield file

    def _put(self, name: str, content: bytes) -> None:
        with self._writing(name) as file:
            file.write(content)


def _mark(path: Path) -> Any:
    about = path.stat()
    return about.st_mtime_ns, about.st_size


def _place(name: str) -> tuple[int, str]:
    return (_LAST.index(name) + 1 if name in _LAST else 0), name

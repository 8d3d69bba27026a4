"""A run as a zip, made while it is sent: of any size, without a copy in memory or on the disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import suppress

from levelset_core.runs.files import PARTIAL
from levelset_core.runs.folder import Run
from levelset_core.runs.owners import OWNER

_BLOCK = 1 << 20
#: Files that are numbers without structure; compressing them only takes time.
_DENSE = {".safetensors", ".npz", ".png", ".gif", ".glb", ".zip", ".mp4"}


def zip_chunks(run: Run) -> Iterator[bytes]:
    """The zip of a run's folder, piece by piece; a running run as it stands at the moment."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", strict_timestamps=False) as archive:
        for path in sorted(run.path.rglob("*")):
            internal = path in (run.lock_file, run.path / OWNER) or path.name.endswith(PARTIAL)
            if internal or not path.is_file() or path.is_symlink():
                continue
            with suppress(FileNotFoundError), path.open("rb") as file:
                name = f"{run.id}/{path.relative_to(run.path)}"
                entry = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
                dense = path.suffix in _DENSE
                entry.compress_type = zipfile.ZIP_STORED if dense else zipfile.ZIP_DEFLATED
                with archive.open(entry, "w", force_zip64=True) as packed:
                    while block := file.read(_BLOCK):
                        packed.write(block)
                        yield pipe.take()
            yield pipe.take()
    yield pipe.take()


class _Pipe:
    """A file that only grows, whose content is taken away as it comes."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, block: bytes, /) -> int:
        self._written += block
        return len(block)

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def take(self) -> bytes:
        block = bytes(self._written)
        self._written.clear()
        return block

"""``metrics.jsonl``: one row a line, only ever appended to, cut back on resume.

A row is what training computed and nothing else, so that a resumed run's file equals that of an
uninterrupted one byte for byte. How long it took stands in ``times.jsonl``: line k there is where
row k begins in ``metrics.jsonl``, in bytes, and after how many seconds of work it was written.
Its lines are of one width, so that a reader can take every hundredth row of a long run only.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any, NamedTuple

METRICS, TIMES = "metrics.jsonl", "times.jsonl"
#: Rows that a reader gets at most by default: more than a chart has pixels.
MAX_ROWS = 1500
_WIDTH = 32
#: Bytes of a row at most.
_LONGEST = 1 << 20


class LogSizes(NamedTuple):
    """Bytes of both files: what a checkpoint vouches for."""

    metrics: int = 0
    times: int = 0


class MetricsLog:
    """Appends rows, after cutting off what ``sizes`` does not vouch for."""

    def __init__(self, folder: Path, sizes: LogSizes) -> None:
        self._metrics, self._times = ((folder / name).open("ab") for name in (METRICS, TIMES))
        for file, size in zip((self._metrics, self._times), sizes, strict=True):
            file.truncate(min(size, file.tell()))
            file.seek(0, os.SEEK_END)
        self._sizes = LogSizes(self._metrics.tell(), self._times.tell())

    def append(self, row: dict[str, Any], seconds: float) -> None:
        """Add one row; a number that is not finite becomes null, as JSON has none."""
        line = json.dumps({name: _finite(value) for name, value in row.items()}).encode() + b"\n"
        time = f"[{self._sizes.metrics}, {seconds:.3f}]".ljust(_WIDTH - 1).encode() + b"\n"
        self._metrics.write(line)
        self._times.write(time)
        self._sizes = LogSizes(self._sizes.metrics + len(line), self._sizes.times + len(time))

    def flush(self, *, durable: bool = False) -> LogSizes:
        """Hand everything to the operating system, if ``durable`` to the disk."""
        for file in (self._metrics, self._times):  # a row is there before its time points at it
            file.flush()
            if durable:
                os.fsync(file.fileno())
        return self._sizes

    def close(self) -> None:
        """Flush and close."""
        self._metrics.close()
        self._times.close()


def read_metrics(folder: Path, limit: int = MAX_ROWS) -> list[dict[str, Any]]:
    """The rows, each with its ``seconds``; of more than ``limit`` about that many, evenly chosen.

    The last row is always among them.
    """
    rows = []
    try:
        with (folder / METRICS).open("rb") as metrics, (folder / TIMES).open("rb") as times:
            count = times.seek(0, os.SEEK_END) // _WIDTH
            stride = max(1, math.ceil(count / limit))
            for k in range((count - 1) % stride, count, stride):
                times.seek(k * _WIDTH)
                offset, seconds = json.loads(times.read(_WIDTH))
                metrics.seek(offset)
                rows.append({**json.loads(metrics.readline(_LONGEST)), "seconds": seconds})
    except (OSError, ValueError, TypeError, OverflowError, RecursionError):
        pass  # not begun, damaged, or cut back by a resume at this moment: what there is so far
    return rows


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value

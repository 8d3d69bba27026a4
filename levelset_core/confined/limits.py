"""What work on a stranger's file may take, and the surroundings that it gets."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

MB = 1 << 20
#: Of the surroundings: what an interpreter needs, and nothing secret.
KEPT = ("PATH", "LD_LIBRARY_PATH", "HOME", "LANG", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR",
        "LEVELSET_DATA", "MALLOC_ARENA_MAX")  # fmt: skip
#: Libraries that would start threads of their own.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


@dataclass(frozen=True)
class Limits:
    """What one piece of work may take.

    Attributes:
        memory: bytes beyond those that the process begins with.
        seconds: of computing.
        wall: seconds until it is ended, whatever it waits for.
        disk: bytes of each file that it writes.
    """

    memory: int = 1280 * MB
    seconds: float = 12.0
    wall: float = 45.0
    disk: int = 1024 * MB

    @classmethod
    def of_file(cls, size: int) -> Limits:
        """Room and time for a file of ``size`` bytes: a large scan may take more than a small one.

        1.25 GB and 12 s for any; 5 bytes for each of the file's and a second for each 4 MB more.
        """
        more = size / (4 * MB)
        return cls(min(cls.memory + 5 * size, 3072 * MB), cls.seconds + more, cls.wall + 3 * more)

    def plain(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def apply(self) -> None:
        """From now on for this process; where the system has no such limits, nothing happens."""
        try:
            import resource
        except ImportError:  # Windows
            return
        seconds = int(self.seconds) + 1
        for kind, most in (
            (resource.RLIMIT_AS, _address_space() + self.memory),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_FSIZE, self.disk),
            (resource.RLIMIT_CORE, 0),
        ):
            allowed = resource.getrlimit(kind)[1]
            if allowed != resource.RLIM_INFINITY:
                most = min(most, allowed)
            # The hard one a second later: the soft one tells which limit it was.
            hard = most + 1 if kind == resource.RLIMIT_CPU else most
            resource.setrlimit(kind, (most, hard if allowed < 0 else min(hard, allowed)))


def _address_space() -> int:
    """Bytes that this process has mapped already; compiled libraries map much and use little."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux
        return 4096 * MB


def clean_environment() -> dict[str, str]:
    """For a process that works on strangers' files: one thread, and nothing secret."""
    own = {name: os.environ[name] for name in KEPT if name in os.environ}
    return own | dict.fromkeys(_THREADS, "1")

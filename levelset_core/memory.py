"""Memory: of a process; what one step of an attack frees is kept for the next one."""

from __future__ import annotations

import ctypes
import platform
import re
from contextlib import suppress
from functools import cache
from pathlib import Path

#: Parameters of glibc's mallopt(3), and what they are set to: blocks up to 32 MiB (the most it
#: takes) come from the heap, and it keeps up to 256 MiB that are free.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
KEPT, LARGEST = 256 << 20, 32 << 20


@cache  # looking up the allocator reads a file, and attacks ask for every batch
def keep_memory() -> bool:
    """Let this process keep what it frees; whether the system's allocator can be told so.

    A step on a batch of images allocates and frees tens of megabytes. glibc gives them back to
    the kernel, which hands them out again page by page, filled with zeros; that takes time at
    every step. Other allocators, as that of macOS, are left as they are.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_THRESHOLD, LARGEST)) and bool(mallopt(_TRIM_THRESHOLD, KEPT))


def memory_of(pid: int) -> int | None:
    """Bytes of a process, its share of what it shares with others included; None off Linux.

    That share is the proportional set size (PSS): over all processes it adds up to what is used.
    """
    with suppress(OSError):
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
        return int(found[1]) * 1024 if found else None
    return None

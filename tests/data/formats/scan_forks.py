"""Forks for each scan that it is told of: ``python scan_forks.py NATIVE SECONDS``.

What ``native.py`` does in a process of its own, a fork does here, from a process that holds the
readers' libraries and nothing else: a fork of 60 MB takes 3 ms, one of a test's process 80.
Lines on stdin are [kind, file, folder]; each is answered by [MB beyond ours, seconds].
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path


def main() -> None:
    path, seconds = Path(sys.argv[1]), int(sys.argv[2])
    sys.path.insert(0, str(path.parent))  # the package would bring torch, and 600 MB to fork
    native = importlib.import_module(path.stem)
    for library in ("laspy", "lazrs", "pypcd4.pypcd4", "pye57"):
        with suppress(ImportError):
            importlib.import_module(library)
    pages = resource.getpagesize()
    mapped, resident = (int(n) * pages for n in Path("/proc/self/statm").read_text().split()[:2])
    gc.freeze()
    for line in sys.stdin:
        kind, file, folder = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                quiet = os.open(os.devnull, os.O_WRONLY)
                os.dup2(quiet, 1)
                os.dup2(quiet, 2)
                most = native.room(Path(file)) + mapped
                resource.setrlimit(resource.RLIMIT_AS, (most, most))
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                told = native.main(kind, Path(file), Path(folder))
                (Path(folder) / "about.json").write_text(json.dumps(told), encoding="utf-8")
            finally:
                os._exit(0)
        _, _, usage = os.wait4(child, 0)
        megabytes = (usage.ru_maxrss >> 10) - (resident >> 20)
        print(json.dumps([megabytes, usage.ru_utime + usage.ru_stime]), flush=True)


if __name__ == "__main__":
    main()

"""How long the app takes to be healthy, against Streamlit's own example, and its memory at rest.

    python -m benchmarks.server.startup [--store] [--quick]

Both are started in turn, from a command to the first answer of their health's address. Memory is
that of the app a minute later, when nobody has come: what each process has for itself, and the
pages of files, which they share, once (Linux).
"""

from __future__ import annotations

import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks import _measure

REQUIRED: dict[str, float] = {"startup.ratio_at_most": 2.5, "memory_mb.together_at_most": 900}
HELLO = ["streamlit", "hello", "--server.headless", "true", "--server.port"]
APP = ["levelset_core", "app", "--no-browser", "--port"]
_KINDS = {"live.worker": "worker", "runs.worker": "spare", "streamlit": "server"}


def healthy(module: list[str], rest: float = 0.0) -> tuple[float, dict[str, int]]:
    """Seconds until a server answers; after ``rest`` more, the memory of its processes."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", *module, str(port)], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not _answers(port):
            time.sleep(0.02)
        seconds = time.perf_counter() - begun
        time.sleep(rest)
        return seconds, memory(process.pid) if rest else {}
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _answers(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://localhost:{port}/_stcore/health"):
        return True
    return False


def memory(pid: int) -> dict[str, int]:
    """MB of a process and its descendants, by what they are, and together."""
    own: Counter[str] = Counter()
    files: dict[str, int] = {}
    for each in [pid, *_descendants(pid)]:
        words = Path(f"/proc/{each}/cmdline").read_text()
        kind = next((title for part, title in _KINDS.items() if part in words), "command")
        place = ""
        for line in Path(f"/proc/{each}/smaps").read_text().splitlines():
            if found := re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ (\S+) \S+ \d+ *(.*)", line):
                place = f"{found[2]} {found[1]}"
            elif line.startswith("Rss:"):
                resident = int(line.split()[1])
            elif line.startswith("Anonymous:"):
                own[kind] += int(line.split()[1])
                clean = resident - int(line.split()[1])
                files[place] = max(files.get(place, 0), clean)
    parts = {kind: kilobytes >> 10 for kind, kilobytes in own.items()}
    parts["files, once"] = sum(files.values()) >> 10
    return {**parts, "together": sum(parts.values())}


def _descendants(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(word) for task in tasks for word in task.read_text().split()]
    return [*children, *(each for child in children for each in _descendants(child))]


def measure(repeats: int, rest: float) -> dict[str, Any]:
    """All figures."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LEVELSET_RUNS"] = folder
        hello, app = [], []
        for _ in range(repeats):
            hello.append(healthy(HELLO)[0])
            app.append(healthy(APP)[0])
        found, used = [statistics.median(seconds) for seconds in (hello, app)], {}
        for spare in ("on", "off"):
            os.environ["LEVELSET_SPARE"] = spare
            used[spare] = healthy(APP, rest)[1]
    names = {"hello_s": found[0], "app_s": found[1], "ratio": found[1] / found[0]}
    return {
        "startup": {name: round(value, 2) for name, value in names.items()},
        "memory_mb": used["on"],
        "memory_mb_without_spare": used["off"],
    }


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = _measure.parser("Start-up against Streamlit's example; memory at rest.")
    options = _measure.parse(parser, arguments)
    figures = measure(1, 20.0) if options.quick else measure(5, 60.0)
    return _measure.report("server.startup", options, figures, REQUIRED, file="startup.json")


if __name__ == "__main__":
    main()

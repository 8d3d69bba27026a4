"""The end of the server, and what it leaves behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.e2e.servers import Server, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc"),
]


def descendants(pid: int) -> set[int]:
    """Processes that a process started, and those that these did."""
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        for task in Path(f"/proc/{parent}/task").glob("*"):
            try:
                children = {int(word) for word in (task / "children").read_text().split()}
            except OSError:
                continue
            waiting += children - found
            found |= children
    return found


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_the_command_ends_all_that_it_started(number):
    server = Server()
    try:
        # The server, a worker, and the process that waits for a run.
        until(lambda: len(descendants(server.process.pid)) >= 3, "its processes to start", 60)
        started = descendants(server.process.pid)
        os.kill(server.process.pid, number)
        server.process.wait(30)
        until(lambda: not any(alive(pid) for pid in started), "all of them to end", 15)
    finally:
        server.close()

"""Servers of tests and benchmarks, each a process of its own, and the runs that they start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from levelset_core.runs import RunStore

ROOT = Path(__file__).resolve().parents[2]
#: Generous: two busy cores may do everything ten times slower than a laptop.
PATIENCE = float(os.environ.get("LEVELSET_PATIENCE", "40"))


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait for a condition that no attribute of one element can express."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"Waited {patience:g} s in vain: {what}.")
        time.sleep(0.05)


class Server:
    """The app in a process of its own, as ``python -m levelset_core app`` starts it.

    Args:
        script: another script for Streamlit to serve.
        port: to serve on; a free one if it is not given.
    """

    def __init__(self, script: Path | None = None, port: int | None = None) -> None:
        with socket.socket() as probe:
            probe.bind(("localhost", 0))
            self.port = port or probe.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        if script is None:
            start = ["levelset_core", "app", "--no-browser", "--port", str(self.port)]
        else:
            start = ["streamlit", "run", str(script), "--server.port", str(self.port)]
            start += ["--server.headless", "true", "--browser.serverAddress", "localhost"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", *start],
            cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            until(self._answers, "the server to answer", 120)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            pytest.fail(f"The server ended with code {self.process.returncode}.")
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def cpu_seconds(self) -> float:
        """CPU time so far of the app's server alone, without its training processes (Linux)."""
        pid = self.process.pid
        (server,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        fields = Path(f"/proc/{server}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the server and, with it, its worker processes."""
        for kind in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, kind)
                self.process.wait(15)
                until(lambda: not self._group_lives(), "the workers to end", 15)
            except ProcessLookupError:
                break
            except (subprocess.TimeoutExpired, pytest.fail.Exception):
                continue
        self.process.wait(15)

    def _group_lives(self) -> bool:
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True


@contextmanager
def run_store(
    monkeypatch: pytest.MonkeyPatch, root: Path, **environment: str
) -> Iterator[RunStore]:
    """A store for a test and the servers that it starts; what runs at its end is killed."""
    settings = {"LEVELSET_RUNS": str(root), "PYTHONPATH": str(ROOT), **environment}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    store = RunStore()
    yield store
    for run in store.runs():
        run.kill()

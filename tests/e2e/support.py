"""A running app and a chromium: what some browser tests and the benchmarks share."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """The browser: $LEVELSET_CHROMIUM, else the first known name on the PATH."""
    chosen = os.environ.get("LEVELSET_CHROMIUM")
    return chosen or next(filter(None, map(shutil.which, _CHROMIUM)), None)


def chromium_options() -> dict[str, Any]:
    """Arguments for playwright's ``chromium.launch``."""
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    return {"executable_path": find_chromium(), "args": flags}


@dataclass(frozen=True)
class RunningApp:
    """A server of this project's app."""

    url: str
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """CPU time so far of the server alone, without its training processes (Linux)."""
        (server,) = _children(self.process.pid)
        fields = Path(f"/proc/{server}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


@contextmanager
def running_app(script: Path | None = None) -> Iterator[RunningApp]:
    """Serve the app, or another script, on a free port; everything it started ends with it."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    if script is None:
        start = ["levelset_core", "app", "--no-browser", "--port", str(port)]
    else:
        start = ["streamlit", "run", str(script), "--server.port", str(port)]
        start += ["--server.headless", "true", "--browser.serverAddress", "localhost"]
    command = [sys.executable, "-m", *start]
    process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    url = f"http://localhost:{port}"
    try:
        _wait_until_up(f"{url}/_stcore/health", process)
        yield RunningApp(url, process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=20)


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server ended with exit code {process.returncode}.")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("The server did not come up within 60 s.")

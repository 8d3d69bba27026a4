"""``app``: open the app in the browser; ``device``: show where networks run."""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from levelset_core.cli.common import Parser, answer
from levelset_core.device import describe_device, pick_device
from levelset_core.errors import LevelsetError
from levelset_core.paths import ROOT

#: Seconds that the server may take to end.
PATIENCE = 4.0
#: Streamlit's own command, without its "Aborted!" at Ctrl+C.
_STREAMLIT = """
import click
from streamlit.web.cli import main
try:
    main(standalone_mode=False)
except click.Abort:
    raise SystemExit(130)
except click.ClickException as error:
    error.show()
    raise SystemExit(error.exit_code)
"""


def options(app: Parser) -> None:
    """Add the options."""
    # A default that is a string is parsed and checked like one that was typed.
    port = os.environ.get("STREAMLIT_SERVER_PORT", "8501")
    host = os.environ.get("STREAMLIT_SERVER_ADDRESS", "localhost")
    app.add_argument("--port", type=int, default=port, help="port to serve on")
    app.add_argument("--host", default=host, help="address to serve on")
    app.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    app.set_defaults(run=_run)


def _app() -> Path:
    """The app's script: beside the package, or in the clone where the command was called.

    Raises:
        LevelsetError: it is in neither place.
    """
    here = Path.cwd()
    clone = (here / "pages" / "shell.py").exists() and (here / "levelset_core").is_dir()
    for folder in (ROOT, here) if clone else (ROOT,):
        if (folder / "app.py").exists():
            return folder / "app.py"
    raise LevelsetError(
        f"There is no app.py in {here}: the app is started in the folder of a clone of the project."
    )


def _run(options: argparse.Namespace) -> int:
    app = _app()
    if importlib.util.find_spec("streamlit") is None:
        raise LevelsetError("The app needs streamlit: pip install -r requirements.txt.")
    if not 1 <= options.port <= 65535:
        raise LevelsetError(f"--port must be 1 to 65535, got {options.port}.")
    environment = dict(os.environ)
    if options.no_browser:
        environment["STREAMLIT_SERVER_HEADLESS"] = "true"
    else:
        environment.setdefault("STREAMLIT_SERVER_HEADLESS", "false")
    if options.device:
        environment["LEVELSET_DEVICE"] = str(pick_device(options.device))
    command = [
        sys.executable, "-c", _STREAMLIT, "run", str(app),
        "--server.port", str(options.port),
        "--server.address", options.host,
    ]  # fmt: skip
    print(f"Levelset Lab at http://{options.host}:{options.port} (Ctrl+C ends it)", flush=True)
    # Streamlit reads .streamlit/config.toml beside the app.
    return _serve(command, app.parent, environment)


def _serve(command: list[str], folder: Path, environment: dict[str, str]) -> int:
    """Run the server until it ends; whoever ends this process ends it too."""
    server = subprocess.Popen(command, cwd=folder, env=environment)

    def pass_on(number: int, frame: Any) -> None:
        server.send_signal(signal.SIGTERM)
        # It may wait for browsers that do not let go; what it starts ends with it.
        timer = threading.Timer(PATIENCE, server.kill)
        timer.daemon = True
        timer.start()

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        return server.wait()
    except KeyboardInterrupt:  # from a terminal the server has heard it too
        with suppress(subprocess.TimeoutExpired):
            server.wait(PATIENCE)
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(PATIENCE)
        raise
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def device_options(device: Parser) -> None:
    """Say what runs; there are no options of its own."""
    device.set_defaults(run=_run_device)


def _run_device(options: argparse.Namespace) -> int:
    device = pick_device(options.device)
    name = describe_device(device)
    return answer(options, {"device": str(device), "name": name}, f"{device}: {name}")

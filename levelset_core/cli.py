"""The command line: ``python -m levelset_core VERB``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from levelset_core.device import DEVICES, describe_device, pick_device
from levelset_core.errors import LevelsetError

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130
_APP = Path(__file__).resolve().parents[1] / "app.py"


class _Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong, without the usage around it."""

    def error(self, message: str) -> NoReturn:
        raise LevelsetError(f"{self.prog}: {message}; see --help.")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all verbs."""
    common = _Parser(add_help=False)
    common.add_argument("--device", default=None, help=f"one of {', '.join(DEVICES)}")
    common.add_argument("--seed", type=int, default=0, help="seed of all randomness")
    common.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser = _Parser(
        prog="python -m levelset_core",
        description="See, steer and trust the level sets of neural networks.",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    app = verbs.add_parser("app", parents=[common], help="open the app in the browser")
    app.add_argument("--port", type=int, default=8501, help="port to serve on")
    app.add_argument("--host", default="localhost", help="address to serve on")
    app.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    app.set_defaults(run=_run_app)

    compare = verbs.add_parser(
        "compare", parents=[common], help="distances between two meshes or point clouds"
    )
    compare.add_argument("a", metavar="A", help="mesh or point cloud, e.g. a reconstruction")
    compare.add_argument("b", metavar="B", help="mesh or point cloud, e.g. the ground truth")
    compare.add_argument("--samples", type=int, default=30_000, help="samples of each shape")
    compare.add_argument(
        "--threshold", type=float, default=0.005, help="of the F-score, in the files' units"
    )
    compare.set_defaults(run=_run_compare)

    device = verbs.add_parser("device", parents=[common], help="show where networks run")
    device.set_defaults(run=_run_device)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit code: 0 done, 2 bad input, 130 interrupted."""
    try:
        options = build_parser().parse_args(arguments)
        code: int = options.run(options)
    except LevelsetError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _run_app(options: argparse.Namespace) -> int:
    if not _APP.exists():
        raise LevelsetError(f"The app is not beside the package: {_APP.name} is missing.")
    try:
        import streamlit  # noqa: F401 - only to say early that it is missing
    except ImportError as error:
        raise LevelsetError("The app needs streamlit: pip install -r requirements.txt.") from error
    if not 1 <= options.port <= 65535:
        raise LevelsetError(f"--port must be 1 to 65535, got {options.port}.")
    environment = dict(os.environ)
    if options.device:
        environment["LEVELSET_DEVICE"] = str(pick_device(options.device))
    command = [
        sys.executable, "-m", "streamlit", "run", str(_APP),
        "--server.port", str(options.port),
        "--server.address", options.host,
        "--server.headless", str(options.no_browser).lower(),
    ]  # fmt: skip
    # Streamlit reads .streamlit/config.toml beside the app.
    return subprocess.run(command, cwd=_APP.parent, env=environment, check=False).returncode


def _run_compare(options: argparse.Namespace) -> int:
    from levelset_core.data import read_geometry
    from levelset_core.geometry import compare

    a, b = read_geometry(options.a), read_geometry(options.b)
    found = compare(
        a, b, samples=options.samples, threshold=options.threshold, seed=options.seed
    ).as_dict()
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:20}{'-' if value is None else format(value, '.6g')}")
    return DONE


def _run_device(options: argparse.Namespace) -> int:
    device = pick_device(options.device)
    if options.json:
        print(json.dumps({"device": str(device), "name": describe_device(device)}))
    else:
        print(f"{device}: {describe_device(device)}")
    return DONE

"""The command line: ``levelset VERB`` or ``python -m levelset_core VERB``.

A new verb is a row of ``VERBS`` and a function that adds its options and says what runs.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import levelset_core
from levelset_core.cli.common import BAD_INPUT, DONE, INTERRUPTED, Parser, add_common
from levelset_core.errors import LevelsetError

__all__ = ["BAD_INPUT", "DONE", "INTERRUPTED", "VERBS", "build_parser", "main"]

#: In the order of ``--help``: verb -> its module and the function that adds its options, and its
#: help. Modules are imported when their verb is used.
VERBS = {
    "app": ("app:options", "open the app in the browser"),
    "reconstruct": ("reconstruct:options", "a surface from a raw point cloud (Eq. 13)"),
    "curve": (
        "reconstruct:curve_options",
        "a curve from raw points in space or in the plane (Eq. 13)",
    ),
    "compare": ("compare:options", "distances between two meshes or point clouds"),
    "exact": ("exact:options", "a polygon or a mesh as an exact ReLU network"),
    "runs": ("runs:options", "list, show, resume, cancel and delete runs"),
    "train-robust": ("train_robust:options", "train a robust classifier (Sec. 3.2, Table 1)"),
    "attack": ("attack:options", "accuracy of a classifier under an attack"),
    "generalize": ("generalize:options", "train on few samples with three losses (Fig. 2)"),
    "device": ("app:device_options", "show where networks run"),
}


class _Completion(argparse.Action):
    """Prints the completion of a shell, and ends."""

    def __call__(self, parser: Any, namespace: Any, values: Any, *_: Any) -> None:
        import shtab

        parser.complete(deep=True)
        print(shtab.complete(parser, values))
        parser.exit()


def build_parser() -> Parser:
    """The parser of all verbs."""
    own = Path(sys.argv[0]).name == "levelset"
    parser = Parser(
        prog="levelset" if own else "python -m levelset_core",
        description="See, steer and trust the level sets of neural networks.",
    )
    parser.add_argument(
        "--version", action="version", version=f"levelset {levelset_core.__version__}"
    )
    parser.add_argument(
        "--print-completion", action=_Completion, choices=("bash", "zsh", "tcsh"),
        help="print the completion script of a shell and exit",
    )  # fmt: skip
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, (place, text) in VERBS.items():
        verbs.add_parser(name, help=text, description=text).fill = partial(_fill, place)
    parser.verbs = verbs
    return parser


def _fill(place: str, verb: Parser) -> None:
    module, _, function = place.partition(":")
    if module != "runs":  # its actions have them
        add_common(verb)
    getattr(importlib.import_module(f"levelset_core.cli.{module}"), function)(verb)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit code: 0 done, 2 bad input, 130 interrupted.

    Without ``arguments`` those of the process, which then hears SIGINT also where it was started
    with SIGINT ignored, as shells start what runs in the background: an interactive shell's Ctrl+C
    does not reach that anyhow, and whoever sends it a signal of its own means it.
    """
    if arguments is None and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        options = build_parser().parse_args(arguments)
        code: int = options.run(options)
    except LevelsetError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    except BrokenPipeError:
        raise
    except OSError as error:  # a folder that cannot be written, a full disk
        where = f"{error.filename}: " if error.filename else ""
        print(LevelsetError(f"{where}{error.strerror or error}."), file=sys.stderr)
        return BAD_INPUT
    except (MemoryError, RuntimeError) as error:  # torch has its own
        if not (isinstance(error, MemoryError) or "allocate memory" in str(error)):
            raise
        print("It takes more memory than there is: ask for less, or thin it out.", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    return code

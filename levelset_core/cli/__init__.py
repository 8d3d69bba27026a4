"""The command line: ``python -m levelset_core VERB``, one file a verb.

A new verb is a module with ``add(verbs, common)``, imported here and listed in ``VERBS``.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from levelset_core.cli import (
    app,
    attack,
    compare,
    device,
    exact,
    generalize,
    reconstruct,
    runs,
    train_robust,
)  # fmt: skip
from levelset_core.cli.common import BAD_INPUT, DONE, INTERRUPTED, Parser
from levelset_core.device import DEVICES
from levelset_core.errors import LevelsetError

__all__ = ["BAD_INPUT", "DONE", "INTERRUPTED", "VERBS", "build_parser", "main"]

#: In the order of ``--help``.
VERBS = (
    app.add,
    reconstruct.add,
    reconstruct.add_curve,
    compare.add,
    exact.add,
    runs.add,
    train_robust.add,
    attack.add,
    generalize.add,
    device.add,
)


def build_parser() -> Parser:
    """The parser of all verbs."""
    common = Parser(add_help=False)
    common.add_argument("--device", default=None, help=f"one of {', '.join(DEVICES)}")
    common.add_argument("--seed", type=int, default=0, help="seed of all randomness")
    common.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser = Parser(
        prog="python -m levelset_core",
        description="See, steer and trust the level sets of neural networks.",
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for add in VERBS:
        add(verbs, common)
    return parser


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
    except KeyboardInterrupt:
        return INTERRUPTED
    return code

"""``device``: show where networks run."""

from __future__ import annotations

import argparse

from levelset_core.cli.common import Parser, answer
from levelset_core.device import describe_device, pick_device


def options(device: Parser) -> None:
    """Say what runs; there are no options of its own."""
    device.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    device = pick_device(options.device)
    name = describe_device(device)
    return answer(options, {"device": str(device), "name": name}, f"{device}: {name}")

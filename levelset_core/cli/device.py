"""``device``: show where networks run."""

from __future__ import annotations

import argparse

from levelset_core.cli.common import DONE, Parser, Verbs, print_json
from levelset_core.device import describe_device, pick_device


def add(verbs: Verbs, common: Parser) -> None:
    """Add the verb."""
    device = verbs.add_parser("device", parents=[common], help="show where networks run")
    device.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    device = pick_device(options.device)
    name = describe_device(device)
    if options.json:
        print_json({"device": str(device), "name": name})
    else:
        print(f"{device}: {name}")
    return DONE

"""What the verbs share: exit codes, and a parser that says in one sentence what is wrong."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, NoReturn, TypeAlias

from levelset_core.errors import LevelsetError

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130


class Parser(argparse.ArgumentParser):
    """Raises a :class:`LevelsetError` of one sentence, without the usage around it."""

    def error(self, message: str) -> NoReturn:
        raise LevelsetError(f"{self.prog}: {message}; see --help.")


#: Where a verb adds its own parser: ``verbs.add_parser(name, parents=[common], help=...)``.
Verbs: TypeAlias = "argparse._SubParsersAction[Parser]"


def print_json(result: dict[str, Any]) -> None:
    """Print the one JSON object of ``--json`` on stdout."""
    print(json.dumps(result, allow_nan=False))


def progress(text: str) -> None:
    """Say on stderr how far the work is; stdout belongs to the result."""
    print(text, file=sys.stderr, flush=True)

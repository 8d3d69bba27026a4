"""What the verbs share: exit codes, options, a parser that says in one sentence what is wrong."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from levelset_core.errors import LevelsetError

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130


class Help(argparse.ArgumentDefaultsHelpFormatter):
    """Says every default that the text does not say itself."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        silent = action.default in (None, False, "") or action.default == []
        if silent or "default" in (action.help or ""):
            return action.help
        return super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
    """Raises a :class:`LevelsetError` of one sentence, without the usage around it.

    Attributes:
        fill: adds the options, the first time that they are needed: what they name takes time to
            import.
        verbs: the parsers below it, where it has some.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"formatter_class": Help, **options})
        self.fill: Callable[[Parser], None] | None = None
        self.verbs: Any = None

    def complete(self, deep: bool = False) -> Parser:
        """With all its options; ``deep``: and those of the parsers below it."""
        fill, self.fill = self.fill, None
        if fill:
            fill(self)
        if deep and self.verbs:
            for verb in self.verbs.choices.values():
                verb.complete(deep)
        return self

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        self.complete()
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        raise LevelsetError(f"{self.prog}: {message}; see --help.")


def whole(least: int) -> Callable[[str], int]:
    """The type of an option that takes a whole number, at least so large."""

    def parse(text: str) -> int:
        if (value := int(text)) < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {value}")
        return value

    parse.__name__ = "int"  # as argparse's own sentence names it
    return parse


def above_zero(text: str) -> float:
    """The type of an option that takes a finite number above 0."""
    if not 0 < (value := float(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, got {text}")
    return value


above_zero.__name__ = "float"  # as argparse's own sentence names it


def numbers(text: str) -> list[float]:
    """The type of an option that takes numbers with commas."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"numbers with commas are wanted, got {text!r}") from None


def add_common(verb: Parser) -> None:
    """The options of every verb."""
    from levelset_core.device import DEVICES

    verb.add_argument(
        "--device", help=f"one of {', '.join(DEVICES)} (default: $LEVELSET_DEVICE, else auto)"
    )
    verb.add_argument("--seed", type=whole(0), default=0, help="seed of all randomness")
    verb.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def add_data(verb: Parser) -> None:
    """Which images, and where they are."""
    verb.add_argument(
        "--data", default="mnist", help="mnist, fashion_mnist, cifar10, mnist_excerpt or a folder"
    )
    verb.add_argument("--data-dir", help="where data sets are (default: $LEVELSET_DATA)")


def add_threads(verb: Parser, default: int | None = None) -> None:
    """Threads on the CPU."""
    verb.add_argument(
        "--threads", type=whole(1), default=default,
        help="CPU threads" + ("" if default else " (default: all cores)"),
    )  # fmt: skip


def answer(options: argparse.Namespace, result: Mapping[str, Any], *lines: str) -> int:
    """Print the result on stdout: with ``--json`` one JSON object, else lines; the exit code."""
    print(json.dumps(result, allow_nan=False) if options.json else "\n".join(lines))
    return DONE


def progress(text: str) -> None:
    """Say on stderr how far the work is; stdout belongs to the result."""
    print(text, file=sys.stderr, flush=True)

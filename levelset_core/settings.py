"""Settings whose fields say default, range, choices and help, once.

    @dataclass(frozen=True)
    class Training(Settings):
        steps: int = setting(100, low=1, high=10_000, help="training steps")
        method: str = setting("level-set", choices=METHODS, help="what is minimized")

From the fields come the checks of every value, plain values and back, and a command's options.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self, TypeAlias

from levelset_core.errors import LevelsetError

#: Names, the keys of a registry, or a function that lists them when they are needed.
Choices: TypeAlias = Iterable[str] | Callable[[], Iterable[str]]


def choose(what: str, name: object, choices: Iterable[str]) -> str:
    """``name``, which must be one of ``choices``.

    Args:
        what: what is chosen, as the sentence calls it.
        name: the value to check.
        choices: names, or a registry with names as its keys.

    Raises:
        LevelsetError: it is none of them.
    """
    names = tuple(choices)
    if not isinstance(name, str) or name not in names:
        raise LevelsetError(f"Unknown {what} {name!r}: choose one of {', '.join(names)}.")
    return name


def setting(
    default: Any,
    *,
    help: str = "",
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    choices: Choices | None = None,
    aliases: Mapping[str, str] | None = None,
    kind: type | None = None,
    optional: bool = False,
) -> Any:
    """A field of a :class:`Settings` class.

    Args:
        default: its type is the field's; a tuple holds values of the type of its first.
        help: what it does, for people and for ``--help``.
        low, high: the least and the largest number allowed.
        above: a number that it must exceed, in place of ``low``.
        choices: the names allowed.
        aliases: old names that are still read -> new ones.
        kind: the type where the default is None.
        optional: whether None is allowed; where it is the default, it is.
    """
    many = isinstance(default, tuple)
    kind = kind or type(default[0] if many else default)
    optional = optional or default is None
    rule = Rule(kind, help, low, high, above, choices, aliases or {}, many, optional)
    return field(default=default, metadata={"rule": rule})


@dataclass(frozen=True)
class Rule:
    """What a field allows; see :func:`setting`."""

    kind: type
    help: str
    low: float | None
    high: float | None
    above: float | None
    choices: Choices | None
    aliases: Mapping[str, str]
    many: bool
    optional: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The choices."""
        choices = self.choices or ()
        return tuple(choices() if callable(choices) else choices)

    @property
    def range(self) -> str:
        """Of numbers, as a sentence says it."""
        low, high, above = (n if isinstance(n, int | None) else f"{n:g}"
                            for n in (self.low, self.high, self.above))  # fmt: skip
        if above is not None:
            least = "positive" if self.above == 0 else f"more than {above}"
            return least if high is None else f"{least} and at most {high}"
        if low is None:
            return "finite"
        return f"at least {low}" if high is None else f"{low} to {high}"

    def check(self, name: str, value: Any) -> Any:
        """The value, of the field's type.

        Raises:
            LevelsetError: it does not fit.
        """
        if self.optional and value is None:
            return None
        if not self.many:
            return self._one(name, value)
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise LevelsetError(f"{name} must be a list, got {value!r}.")
        found = tuple(self._one(name, each) for each in value)
        if not found:
            raise LevelsetError(f"{name} must not be empty.")
        return found

    def _one(self, name: str, value: Any) -> Any:
        if self.choices is not None:
            known = isinstance(value, str)
            return choose(name, self.aliases.get(value, value) if known else value, self.names)
        if self.kind is bool:
            if not isinstance(value, bool):
                raise LevelsetError(f"{name} must be true or false, got {value!r}.")
            return value
        if self.kind not in (int, float):
            if not isinstance(value, self.kind):
                raise LevelsetError(f"{name} must be of type {self.kind.__name__}: {value!r}.")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise LevelsetError(f"{name} must be a number, got {value!r}.")
        if not self._in_range(value):
            raise LevelsetError(f"{name} must be {self.range}, got {value}.")
        if self.kind is int and int(value) != value:
            raise LevelsetError(f"{name} must be a whole number, got {value}.")
        return self.kind(value)

    def _in_range(self, value: float) -> bool:
        """False for NaN, and for a whole number without end, whatever the range."""
        return (
            value == value
            and (self.kind is float or abs(value) != math.inf)
            and (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
            and (self.above is None or value > self.above)
        )


@dataclass(frozen=True)
class Settings:
    """Base of all settings: checked when they are made, frozen afterwards.

    Raises:
        LevelsetError: a value does not fit its field.
    """

    def __post_init__(self) -> None:
        for name, rule in self.rules():
            object.__setattr__(self, name, rule.check(name, getattr(self, name)))

    @classmethod
    def rules(cls) -> Iterator[tuple[str, Rule]]:
        """Name and rule of every field that was made by :func:`setting`."""
        return ((f.name, f.metadata["rule"]) for f in fields(cls) if "rule" in f.metadata)

    @classmethod
    def ranges(cls) -> dict[str, tuple[float, float]]:
        """Of all numbers with two bounds: (lowest, highest)."""
        return {
            name: (rule.low, rule.high)
            for name, rule in cls.rules()
            if rule.low is not None and rule.high is not None
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    as_dict = to_dict

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """From plain values; what is missing takes its default.

        Raises:
            LevelsetError: an unknown setting, or a value that does not fit.
        """
        if unknown := sorted(set(values) - {f.name for f in fields(cls)}):
            raise LevelsetError(f"Unknown setting {unknown[0]!r}.")
        return cls(**values)

    @classmethod
    def add_options(
        cls, parser: argparse._ActionsContainer, *names: str, default: str = ""
    ) -> None:
        """Give a command an option for every setting, or for those named.

        Args:
            parser: of the command, or a group of it.
            names: of settings; default: all.
            default: said in the help in place of each default.
        """
        for f in fields(cls):
            rule = f.metadata.get("rule")
            if rule is None or (names and f.name not in names):
                continue
            said = default or (f"{f.default:g}" if rule.kind is float and f.default is not None
                               else str(f.default))  # fmt: skip
            text = f"{rule.help}: {', '.join(rule.names)}" if rule.choices else rule.help
            how: dict[str, Any] = {"type": rule.kind, "metavar": "N"}
            if rule.kind is bool:
                how = {"action": argparse.BooleanOptionalAction}
            elif rule.kind is str:
                how = {"metavar": "NAME"}
            parser.add_argument(
                f"--{f.name.replace('_', '-')}", dest=f.name, default=None,
                help=f"{text} (default: {said})".replace("%", "%%"), **how,
            )  # fmt: skip

    @classmethod
    def given(cls, options: argparse.Namespace) -> dict[str, Any]:
        """The settings among the options that were typed."""
        values = {name: getattr(options, name, None) for name, _ in cls.rules()}
        return {name: value for name, value in values.items() if value is not None}

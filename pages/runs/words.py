"""What the settings of a run mean, by their names in its files."""

from __future__ import annotations

from collections.abc import Iterator

from levelset_core.errors import LevelsetError
from levelset_core.few_samples.binary_images import MERGES
from levelset_core.few_samples.config import LOSSES
from levelset_core.runs import get_kind
from levelset_core.settings import Settings

#: Values that are names in files, in words.
VALUES = {**LOSSES, **MERGES}


def setting_words(kind: str) -> dict[str, str]:
    """Setting -> what it does, where everything around this kind of run means the same by it."""
    try:
        package = ".".join(type(get_kind(kind)).__module__.split(".")[:2])
    except LevelsetError:  # a kind of another program
        return {}
    found: dict[str, set[str]] = {}
    for settings in _all(Settings):
        if settings.__module__.startswith((package, "levelset_core.attacks")):
            for name, rule in settings.rules():
                found.setdefault(name, set()).add(rule.help.replace("%%", "%"))
    return {name: one for name, (one, *others) in found.items() if one and not others}


def _all(settings: type[Settings]) -> Iterator[type[Settings]]:
    for one in settings.__subclasses__():
        yield one
        yield from _all(one)

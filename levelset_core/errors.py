"""The one exception a person may see: a sentence that says what is wrong and what to do."""

from __future__ import annotations

import importlib
from typing import Any


class LevelsetError(ValueError):
    """Bad input or an impossible request, told in one sentence that names the offending value."""


def optional(module: str, extra: str) -> Any:
    """A module that not every installation has.

    Args:
        module: its name.
        extra: the extra of this package that brings it.

    Raises:
        LevelsetError: it is not installed; the sentence names the extra.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise LevelsetError(
            f'{module} is not installed: pip install "levelset-lab[{extra}]".'
        ) from error

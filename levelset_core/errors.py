"""The one exception a person may see: a sentence that says what is wrong and what to do."""

from __future__ import annotations

import importlib
import re
from typing import Any

#: Characters of a sentence at most: of a value that a file says, it has the beginning and the end.
LONGEST = 600
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class LevelsetError(ValueError):
    """Bad input or an impossible request, told in one sentence that names the offending value.

    That value may be a stranger's: what would end the line, turn its direction or be no character
    is written out as Python writes it, and what is long is cut in the middle.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(shown(sentence, LONGEST))


def shown(text: str, most: int) -> str:
    """A stranger's text on one line, of characters that can be seen, at most about so many."""
    if len(text) > most:
        text = f"{text[: most // 2]} … {text[-most // 3 :]}"
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


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

"""Texts packed into a link: a state, a lesson."""

from __future__ import annotations

import base64
import zlib

from levelset_core.errors import LevelsetError

#: Characters of a packed text at most. Longer links are cut by chat programs and proxies; files
#: have no such limit.
MAX_LINK = 6000
#: Bytes that a link unpacks to at most.
_LARGEST = 1_000_000


def pack(text: str) -> str | None:
    """A compact form for a URL, or ``None`` if it would be longer than ``MAX_LINK``."""
    packed = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    return packed if len(packed) <= MAX_LINK else None


def unpack(packed: str, what: str) -> str:
    """The text in a link.

    Args:
        packed: as :func:`pack` gave it.
        what: it is, for people.

    Raises:
        LevelsetError: it is damaged.
    """
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        return zlib.decompressobj().decompress(raw, _LARGEST).decode()
    except (zlib.error, ValueError) as error:  # binascii's and Unicode's are ValueErrors
        raise LevelsetError(f"This link is damaged: its {what} cannot be read.") from error

"""Damages files at random, the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from levelset_core import LevelsetError

INSERTED = (
    b"-", b"nan", b"\n", b",", b";", b'"', b"\0", b"1e400", b"#", b"0", b"99999999",
    b"\xff" * 4, b"[", b"{", b"null", b"[[[[[[[[", b"<", b"-1", b"1e308", b'"a"',
)  # fmt: skip
OVERWRITTEN = (b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xff" * 4, bytes(4))


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One to five changes: a byte, a cut, a word put in, a part left out, or there twice."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        end = len(found) if rng.random() < 0.5 else min(len(found), 400)
        at, how = rng.randrange(end or 1), rng.randrange(6)
        if how == 0:
            found[at : at + 1] = bytes([rng.randrange(256)])
        elif how == 1:
            found = found[:at]
        elif how == 2:
            found[at:at] = rng.choice(INSERTED)
        elif how == 3:
            found[at : rng.randrange(len(found) + 1)] = b""
        elif how == 4:
            found[at : at + 4] = rng.choice(OVERWRITTEN)
        else:
            found[at:at] = found[at : at + rng.randrange(64)]
    return bytes(found or b"x")


def mutations(data: bytes, count: int) -> Iterator[bytes]:
    """So many damaged ones; the number is the seed."""
    rng = random.Random(count)
    for _ in range(count):
        yield damaged(data, rng)


def refusal(read: Callable[[], object]) -> str:
    """The sentence that a reader refuses with; empty where it has an answer."""
    try:
        read()
    except LevelsetError as error:
        return str(error)
    return ""

"""How a table is written: encoding, delimiter, decimal sign, words for no number."""

from __future__ import annotations

import collections
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from levelset_core.errors import LevelsetError

#: What programs write where there is no number.
MISSING = {"", "nan", "na", "n/a", "null", "none", "nil", "-", "--", "?", "*", "missing"}
#: Infinite, or not a number, as C and Excel write it.
_NOT_A_NUMBER = re.compile(
    rb"[+-]?nan\([\w ]*\)|[+-]?1[.,]#(?:qnan|snan|ind|inf)?\d*|"
    rb"#(?:n/a|nan|num!|value!|div/0!|null!|ref!)",
    re.IGNORECASE,
)
_FORTRAN = re.compile(rb"(?<=[\d.,])[dD](?=[+-]?\d)")
#: What it has taken it never gives back (++): of a long word it would try every end.
_NUMBER = re.compile(
    r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?$|[+-]?(?:inf|infinity)$", re.IGNORECASE
)
_THOUSANDS = re.compile(
    r"[+-]?\d{1,3}(?:,\d{3})+\.\d+$|[+-]?\d{1,3}(?:\.\d{3})+,\d+$|"
    r"[+-]?\d{1,3}(?:[ '’\u00a0\u202f]\d{3})+(?:[.,]\d*)?$|[+-]?\d{1,3}(?:([.,])\d{3})(?:\1\d{3})+$"
)
_COMMENT = re.compile(r"^\s*(?:[%!]|;\s*[A-Za-z]).*|(?:(?<=[\s,;])|^)(?:#|//).*")
_WORDS = re.compile(r'"[^"]*"|\S+')
#: Byte order marks, the longest first, and what they begin.
_MARKS = {
    b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32", b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16",
}  # fmt: skip
#: Control characters of which text has none.
_CONTROL = bytes({*range(32)} - {9, 10, 11, 12, 13, 26, 27})


@dataclass(frozen=True)
class Dialect:
    """Delimiter ("" is white space) and decimal sign; ``mixed``: commas and semicolons too."""

    delimiter: str
    decimal: str = "."
    mixed: bool = False

    def split(self, line: str) -> list[str]:
        """The cells of a line, without quotes and the spaces around them."""
        if self.mixed:
            return re.sub(r"[,;]", " ", line).split()
        if not self.delimiter:
            return [cell.strip('"') for cell in _WORDS.findall(line)]
        line = line.strip(" \r\n")
        if '"' not in line:
            return [cell.strip() for cell in line.split(self.delimiter)]
        try:
            row = next(csv.reader([line], delimiter=self.delimiter, skipinitialspace=True), [])
        except csv.Error:
            return []
        return [cell.strip().strip('"') for cell in row]

    def number(self, cell: str) -> float | None:
        """Of a cell; NaN where there is none, None if it is a word."""
        if self.decimal == ",":
            if "." in cell or cell.endswith(","):
                return None
            cell = cell.replace(",", ".", 1)
        return number(cell)


def number(cell: str) -> float | None:
    """A number with a decimal point; NaN if it is missing, None if the cell is a word."""
    if _NUMBER.match(cell):
        return float(cell)
    bare = cell.strip("\"' ")
    if bare.lower().lstrip("+-") == "nan" or bare.lower() in MISSING:
        return np.nan
    return float(bare) if _NUMBER.match(bare) else None


def plain_text(data: bytes, label: str) -> bytes:
    """Text as UTF-8, its lines ended by a line feed each.

    Raises:
        LevelsetError: this is no text.
    """
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "")
    zeros = np.frombuffer(data[:4096], dtype=np.uint8) == 0
    if not encoding and zeros.any():  # UTF-16 without its mark has zeros in every other byte
        odd = bool(zeros[1::2].mean() > zeros[::2].mean())
        encoding = "utf-16-le" if odd else "utf-16-be"
        encoding = encoding if zeros[odd::2].mean() > 0.9 and not zeros[1 - odd :: 2].any() else ""
    try:
        if encoding:
            data = data.decode(encoding).encode()
    except UnicodeError as error:
        raise LevelsetError(f"{label}: this is no text file, or it is cut off.") from error
    head = data[: 1 << 16]
    if len(head.translate(None, _CONTROL)) < len(head) or b"\0" in data:
        raise LevelsetError(f"{label}: this is no text file.")
    if not data.isascii():
        try:
            data.decode()
        except UnicodeError:
            data = data.decode("cp1252", errors="replace").encode()
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.rstrip(b"\x1a")


def tidy(chunk: bytes) -> bytes:
    """Numbers as Python reads them: no ``1.#QNAN``, no Fortran exponents, no typographic minus."""
    if b"#" in chunk or b"(" in chunk:
        chunk = _NOT_A_NUMBER.sub(b"nan", chunk)
    if b"D" in chunk or b"d" in chunk:
        chunk = _FORTRAN.sub(b"e", chunk)
    return chunk.replace(b"\xe2\x88\x92", b"-") if b"\xe2\x88\x92" in chunk else chunk


def without_comment(line: str) -> str:
    """A line up to #, // or, at its beginning, ; % !"""
    if "#" in line or "/" in line or line.lstrip()[:1] in (";", "%", "!"):
        return _COMMENT.sub("", line)
    return line


#: In the order of preference where several read a table equally well.
_CANDIDATES = (
    Dialect(";"), Dialect(";", ","), Dialect("\t"), Dialect("\t", ","), Dialect("|"),
    Dialect("|", ","), Dialect(","), Dialect(",", ","), Dialect(""), Dialect("", ","),
    Dialect("", mixed=True),
)  # fmt: skip


def sniff(lines: Sequence[str], label: str) -> tuple[Dialect, int]:
    """The dialect that makes most cells numbers and most rows equally long, and that length.

    Args:
        lines: of a table, without comments and empty ones; a heading does no harm.
        label: the file's name, for people.

    Raises:
        LevelsetError: no dialect finds rows of numbers.
    """
    best, score = None, 0.0
    for dialect in _CANDIDATES:
        if dialect.mixed and best is not None:
            break
        rows = [dialect.split(line) for line in lines]
        width = collections.Counter(len(row) for row in rows).most_common(1)[0][0]
        alike = [row for row in rows if len(row) == width]
        good = np.array([[dialect.number(cell) is not None for cell in row] for row in alike])
        good = good[good.sum(1) >= 2]
        # A column of words costs less than a row that does not fit.
        points = len(good) / len(rows) * (0.5 + 0.5 * float(good.mean())) if len(good) else 0.0
        if points > score + 1e-9:
            best, score = (dialect, width), points
    _check_thousands(lines, label)
    if best is None:
        words = sum(number(line.strip()) is None for line in lines)
        if 2 * words > len(lines):
            raise LevelsetError(f"{label}: no points found in it.")
        raise LevelsetError(f"{label}: every line needs two or three numbers, this has one.")
    return best


def _check_thousands(lines: Sequence[str], label: str) -> None:
    for dialect in (Dialect(";"), Dialect("\t"), Dialect("")):
        for line in lines[:200]:
            cells = dialect.split(line)
            if len(cells) < 2:
                continue
            for cell in cells:
                if _THOUSANDS.match(cell.strip('"')):
                    _refuse_thousands(cell, label)
    for line in lines[:200]:
        if '"' in line:
            for cell in Dialect(",").split(line):
                if _THOUSANDS.match(cell):
                    _refuse_thousands(cell, label)


def _refuse_thousands(cell: str, label: str) -> None:
    raise LevelsetError(
        f"{label}: {cell!r} has marks for thousands, which are not read; write the numbers without "
        "them."
    )


def check_commas(
    cells: Sequence[Sequence[str]], names: Sequence[str], above: Sequence[str], dialect: Dialect,
    label: str,
) -> None:  # fmt: skip
    """Refuse rows whose commas seem to be inside of numbers as well as between them.

    Raises:
        LevelsetError: they do.
    """
    width = len(names)
    if width < 4 or width % 2 or dialect.decimal != "." or any(names):
        return
    head = [row[::2] for row in cells]
    tail = [row[1::2] for row in cells]
    whole = all(re.fullmatch(r"[+-]?\d+", c) for row in head for c in row)
    thousands = whole and all(re.fullmatch(r"\d{3}(\.\d*)?", c) for row in tail for c in row)
    digits = whole and all(re.fullmatch(r"\d+", c) for row in tail for c in row)
    zeros = any(c.startswith("0") and len(c) > 1 for row in tail for c in row)
    halved = any(len(Dialect(",").split(line)) == width // 2 for line in above)
    if thousands or (digits and (zeros or halved)):
        raise LevelsetError(
            f"{label}: {','.join(cells[0])!r} has commas between the columns and, it seems, inside "
            "of numbers: separate the columns by ; or tab, or write decimal points."
        )

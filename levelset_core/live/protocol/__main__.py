"""What is written from the protocol's classes: its document, and the types of the front end."""

from __future__ import annotations

import dataclasses
import inspect
import types
from pathlib import Path
from typing import Any, get_args, get_origin

from levelset_core.live.protocol import (
    ARRAYS,
    FROM_BROWSER,
    LARGEST,
    TO_BROWSER,
    FrameHeader,
    Message,
    PanelHeader,
    fields_of,
)
from levelset_core.paths import ASSETS, ROOT


def markdown() -> str:
    """``docs/protocol.md``."""
    parts = [_INTRODUCTION]
    for title, kinds in (("Browser to server", FROM_BROWSER), ("Server to browser", TO_BROWSER)):
        parts.append(f"## {title}")
        parts += [f"### `{kind.op}`\n\n{inspect.getdoc(kind)}\n\n{_table(kind)}" for kind in kinds]
    parts += [_LAYOUT, _table(FrameHeader), "Each of `panels`:", _table(PanelHeader)]
    parts.append("The arrays. P points, N nodes along a side, K Newton steps, M samples.")
    rows = [
        f"| `{name}` | {a.dtype} | {a.shape} | {_escaped(a.about)} |" for name, a in ARRAYS.items()
    ]
    parts.append("\n".join(["| array | type | shape | what |", "|---|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _table(cls: type) -> str:
    rows = []
    for field in fields_of(cls):
        about = field.about
        if field.within.high != LARGEST:
            about += f", {field.within.low} to {field.within.high}"
        kind = "integer" if field.type is int else _js(field.type).replace(" | ", " or ")
        rows.append(f"| `{field.name}` | {kind} | {_escaped(about)} |")
    return "\n".join(["| field | type | what |", "|---|---|---|", *rows])


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def javascript() -> str:
    """The front end's types, as JSDoc."""
    parts = ["// Written by `python -m levelset_core.live.protocol`: change the classes there."]
    for cls in (*dict.fromkeys((*FROM_BROWSER, *TO_BROWSER)), PanelHeader, FrameHeader):
        lines = [f"/**\n * {inspect.getdoc(cls)}\n * @typedef {{Object}} {cls.__name__}"]
        if issubclass(cls, Message):
            lines.append(f' * @property {{"{cls.op}"}} op')
        for field in fields_of(cls):
            name = field.name if field.default is dataclasses.MISSING else f"[{field.name}]"
            lines.append(f" * @property {{{_js(field.type)}}} {name} {field.about}")
        parts.append("\n".join([*lines, " */"]))
    for name, kinds in (("FromBrowser", FROM_BROWSER), ("ToBrowser", TO_BROWSER)):
        parts.append(f"/** @typedef {{{' | '.join(kind.__name__ for kind in kinds)}}} {name} */")
    names = " | ".join(f'"{name}"' for name in ARRAYS)
    parts.append(f"/**\n * An array of a picture.\n * @typedef {{{names}}} ArrayName\n */")
    return "\n\n".join([*parts, "export {};"]) + "\n"


def _js(kind: Any) -> str:
    if isinstance(kind, types.UnionType):
        return " | ".join(map(_js, get_args(kind)))
    if get_origin(kind) is list:
        return f"{_js(get_args(kind)[0])}[]"
    names = {int: "number", float: "number", str: "string", bool: "boolean", types.NoneType: "null"}
    return names.get(kind) or str(kind.__name__)


_INTRODUCTION = """# The playground's protocol

Written by `python -m levelset_core.live.protocol` from the classes there: change those.

The canvas opens a WebSocket at `/levelset/live` and says which session it wants. The server refuses
pages of other hosts and wrong tokens. Messages are JSON objects with an `op`; pictures are binary.
Where no WebSocket gets through, the same messages travel as the component's data."""

_LAYOUT = """## Pictures

A picture is binary, little-endian:

| bytes | what |
|---|---|
| 4 | length L of the header, uint32 |
| L | the header: JSON in UTF-8, the fields below |
| 0 to 7 | zeros, so that what follows begins at a multiple of 8 |
| rest | the arrays, each followed by zeros up to a multiple of 8 |

The header's field `arrays` lists `{name, panel, dtype, shape, offset}`; `offset` counts in bytes
from the first array."""


def documents() -> dict[Path, str]:
    """What is written from the classes: path in the clone -> text."""
    return {
        ROOT / "docs" / "protocol.md": markdown(),
        ASSETS / "playground" / "wire" / "protocol.js": javascript(),
    }


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")

"""PLY: any types, lists of any length, text or binary of both byte orders."""

from __future__ import annotations

import io
import itertools
import re
from dataclasses import dataclass, field, replace

import numpy as np

from levelset_core.data.formats.dialect import tidy
from levelset_core.data.formats.table import Reading, check_whole, cloud_of_columns, limit, rgb8
from levelset_core.data.pointclouds import PointCloud
from levelset_core.errors import LevelsetError

_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"), **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"), **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"), **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("long", "int64"), "i8"), **dict.fromkeys(("ulong", "uint64"), "u8"),
    **dict.fromkeys(("float", "float32"), "f4"), **dict.fromkeys(("double", "float64"), "f8"),
}  # fmt: skip
_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
#: Headers are a few hundred bytes.
_MAX_HEADER = 1 << 16
#: A header's mark of Stanford's raw scans, and how many sizes away their scanner is taken to be.
_CYBERWARE, FAR_AWAY = "is_cyberware_data 1", 100.0
#: What a list of a face's corners is called.
_CORNERS = ("vertex_indices", "vertex_index")


@dataclass(frozen=True)
class Property:
    """A number, or a list of numbers after their count; types as NumPy names them."""

    name: str
    kind: str
    count: str | None = None


@dataclass
class Element:
    """``count`` rows of the same properties."""

    name: str
    count: int
    properties: list[Property] = field(default_factory=list)

    @property
    def lists(self) -> bool:
        """Whether the rows may differ in length."""
        return any(p.count for p in self.properties)

    @property
    def least(self) -> int:
        """Bytes of a row whose lists are empty."""
        return sum(np.dtype(p.count or p.kind).itemsize for p in self.properties)


@dataclass(frozen=True)
class Header:
    """What a file declares.

    Attributes:
        order: "" of text, else "<" or ">".
        elements: in their order.
        body: where they begin, in bytes.
        comments: of comment and obj_info lines.
    """

    order: str
    elements: list[Element]
    body: int
    comments: list[str]

    def count(self, name: str) -> int:
        """Rows of an element; 0 if there is none."""
        return next((e.count for e in self.elements if e.name.lower() == name), 0)


def read_header(data: bytes, label: str) -> Header:
    """What a PLY file declares, checked against its size.

    Raises:
        LevelsetError: it is no PLY file, its header makes no sense, it has no vertices, or it
            ends before all that the header declares.
    """
    if not data.startswith(b"ply") or data[3:4] not in (b"\n", b"\r"):
        raise LevelsetError(f"{label}: this is no PLY file, it does not begin with 'ply'.")
    end = data.find(b"end_header", 0, _MAX_HEADER)
    if end < 0:
        raise LevelsetError(f"{label}: the PLY header has no end; the file is cut off or damaged.")
    mark = re.compile(rb"end_header[ \t]*(\r\n|\n|\r)?").match(data, end)
    assert mark is not None
    header = _parse(data[:end].decode("latin-1"), mark.end(), label)
    if not header.count("vertex"):
        raise LevelsetError(f"{label}: the PLY file declares no vertices.")
    if not header.order:
        needed = sum(e.count for e in header.elements if e.properties)  # one line each
        body = data[header.body :]
        many = needed > 100_000  # then empty lines are not looked for
        found = body.count(b"\n") + 1 if many else sum(bool(x.strip()) for x in body.splitlines())
        unit = "lines"
    else:
        # Lists are as long as each row says: at least their count is there.
        needed = sum(e.count * e.least for e in header.elements)
        needed += sum(3 * e.count for e in header.elements if e.name.lower() == "face")
        found, unit = len(data) - header.body, "bytes"
    if found < needed:
        raise LevelsetError(
            f"{label}: the file is cut off, it has {found:,} {unit} after the header but "
            f"declares {needed:,}."
        )
    return header


def _parse(text: str, body: int, label: str) -> Header:
    order = None
    elements: list[Element] = []
    comments = []
    for line in text.splitlines()[1:]:
        words = line.split()
        try:
            if not words:
                continue
            if words[0] in ("comment", "obj_info"):
                comments.append(line.partition(" ")[2])
            elif words[0] == "format":
                order = _ORDERS.get(words[1])
            elif words[0] == "element":
                elements.append(Element(words[1], int(words[2])))
                if elements[-1].count < 0:
                    raise ValueError
            elif words[0] == "property" and words[1] == "list":
                kind, count = _TYPES[words[3]], _TYPES[words[2]]
                elements[-1].properties.append(Property(" ".join(words[4:]), kind, count))
            elif words[0] == "property":
                elements[-1].properties.append(Property(" ".join(words[2:]), _TYPES[words[1]]))
            else:
                raise ValueError
        except (ValueError, IndexError, KeyError) as error:
            raise LevelsetError(f"{label}: the PLY header line {line!r} makes no sense.") from error
    if order is None:
        raise LevelsetError(f"{label}: the PLY header names no known format.")
    return Header(order, elements, body, comments)


#: A column: a number a row, or a list a row as all numbers and each list's length.
Columns = dict[str, np.ndarray | tuple[np.ndarray, np.ndarray]]


def read_elements(data: bytes, header: Header, wanted: set[str], label: str) -> dict[str, Columns]:
    """The columns of the wanted elements, by lower-case name.

    Raises:
        LevelsetError: the file is cut off, or a row makes no sense.
    """
    found: dict[str, Columns] = {}
    missing = wanted & {e.name.lower() for e in header.elements}
    text = io.BytesIO(tidy(data[header.body :])) if not header.order else None
    at = header.body
    try:
        for element in header.elements:
            if not missing:
                break
            name = element.name.lower()
            keep = name in missing
            if text is not None:
                columns = _text_rows(text, element) if keep else _skip_lines(text, element)
            else:
                columns, at = _binary_rows(data, at, element, header.order)
            if keep:
                found[name] = columns
                missing.discard(name)
    except (ValueError, IndexError, OverflowError) as error:
        raise LevelsetError(
            f"{label}: the file is cut off, or damaged in its {element.name!r} rows."
        ) from error
    return found


def _skip_lines(text: io.BytesIO, element: Element) -> Columns:
    left = element.count if element.properties else 0
    while left and (line := text.readline()):
        left -= bool(line.strip())
    return {}


def _lines(text: io.BytesIO, element: Element) -> list[bytes]:
    rows = (line for line in text if line.strip())
    lines = list(itertools.islice(rows, element.count))
    if len(lines) < element.count:
        raise ValueError("too few lines")
    return lines


def _text_rows(text: io.BytesIO, element: Element) -> Columns:
    if not element.properties:
        return {}
    lines = _lines(text, element)
    if not element.lists:
        table = np.loadtxt(lines, ndmin=2, encoding="latin-1", comments=None)
        if table.shape[1] < len(element.properties):
            raise ValueError("too few numbers")
        return {p.name: table[:, k] for k, p in enumerate(element.properties)}
    parts: list[list[float]] = [[] for _ in element.properties]
    lengths: list[list[int]] = [[] for _ in element.properties]
    for line in lines:
        words, at = line.split(), 0
        for k, p in enumerate(element.properties):
            if p.count is None:
                parts[k].append(float(words[at]))
                at += 1
                continue
            count = int(words[at])
            row = words[at + 1 : at + 1 + count]
            if count < 0 or len(row) < count:
                raise ValueError("a list is cut off")
            parts[k].extend(map(float, row))
            lengths[k].append(count)
            at += 1 + count
    columns: Columns = {}
    for k, p in enumerate(element.properties):
        values = np.array(parts[k])
        columns[p.name] = values if p.count is None else (values, np.array(lengths[k], dtype=int))
    return columns


def _binary_rows(data: bytes, at: int, element: Element, order: str) -> tuple[Columns, int]:
    """The columns, and where they end."""
    if not element.count or not element.properties:
        return {}, at
    # Most files have lists of one length: that of the first row.
    lengths = _lengths(data, at, element, order)
    fields: list[tuple[str, str] | tuple[str, str, tuple[int]]] = []
    for k, p in enumerate(element.properties):
        if p.count is not None:
            fields += [(f"n{k}", order + p.count), (f"c{k}", order + p.kind, (lengths[k],))]
        else:
            fields.append((f"c{k}", order + p.kind))
    row = np.dtype(fields)
    end = at + element.count * row.itemsize
    if end <= len(data):
        rows = np.frombuffer(data, dtype=row, count=element.count, offset=at)
        listed = [k for k, p in enumerate(element.properties) if p.count is not None]
        if all((rows[f"n{k}"] == lengths[k]).all() for k in listed):
            return {
                p.name: (rows[f"c{k}"].reshape(-1), np.full(element.count, lengths[k]))
                if k in listed else rows[f"c{k}"]
                for k, p in enumerate(element.properties)
            }, end  # fmt: skip
    return _uneven_rows(data, at, element, order)


def _lengths(data: bytes, at: int, element: Element, order: str) -> dict[int, int]:
    """Of the lists of the row that begins there, by the property's number."""
    lengths = {}
    for k, p in enumerate(element.properties):
        size = np.dtype(p.kind).itemsize
        if p.count is not None:
            count = int(np.frombuffer(data, order + p.count, 1, at)[0])
            if count < 0 or at + count * size > len(data):
                raise ValueError("a list is cut off")
            lengths[k] = count
            at += np.dtype(p.count).itemsize + count * size
        else:
            at += size
    return lengths


def _uneven_rows(data: bytes, at: int, element: Element, order: str) -> tuple[Columns, int]:
    """Row by row: where each begins depends on all before it."""
    starts: list[list[int]] = [[] for _ in element.properties]
    lengths: list[list[int]] = [[] for _ in element.properties]
    sizes = [np.dtype(p.kind).itemsize for p in element.properties]
    heads = [p.count and np.dtype(p.count).itemsize for p in element.properties]
    byteorder = "little" if order == "<" else "big"
    for _ in range(element.count):
        for k, (size, head) in enumerate(zip(sizes, heads, strict=True)):
            count = 1
            if head:
                count = int.from_bytes(data[at : at + head], byteorder)  # type: ignore[arg-type]
                at += head
                lengths[k].append(count)
            starts[k].append(at)
            at += count * size
        if at > len(data):
            raise ValueError("too few bytes")
    whole = np.frombuffer(data, dtype=np.uint8)
    columns: Columns = {}
    for k, p in enumerate(element.properties):
        counts = np.array(lengths[k]) if p.count else np.ones(element.count, dtype=np.int64)
        first = np.repeat(np.array(starts[k]), counts)
        within = np.arange(len(first)) - np.repeat(counts.cumsum() - counts, counts)
        where = (first + within * sizes[k])[:, None] + np.arange(sizes[k])
        values = whole[where].reshape(-1).view(order + p.kind)
        columns[p.name] = (values, counts) if p.count else values
    return columns, at


#: Vertices (n, 3), triangles (m, 3), and the vertices' colours (n, 3) uint8 or None.
Parts = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def read_ply(data: bytes, reading: Reading) -> PointCloud | Parts:
    """A cloud, or the parts of a mesh.

    Raises:
        LevelsetError: see :func:`read_header` and :func:`read_elements`; the coordinates are not
            to be told.
    """
    label = reading.label
    header = read_header(data, label)
    limit(header.count("vertex"), label)
    found = read_elements(data, header, {"vertex", "face"}, label)
    columns = {k: c for k, c in found["vertex"].items() if isinstance(c, np.ndarray)}
    face = found.get("face", {})
    for name, column in face.items():
        if name.lower() in _CORNERS and isinstance(column, tuple):
            check_whole(column[0], label)
    faces = triangles(face)
    if not len(faces):
        cloud = cloud_of_columns(list(columns), list(columns.values()), reading)
        return _range_scan(cloud) if _CYBERWARE in header.comments else cloud
    axes = {name.lower(): column for name, column in columns.items()}
    if not {"x", "y", "z"} <= set(axes):
        raise LevelsetError(
            f"{label}: its vertices have no x, y and z, only {', '.join(columns) or 'lists'}."
        )
    tints = [axes[name] for name in ("red", "green", "blue") if name in axes]
    colours = rgb8(np.stack(tints, axis=1).astype(np.float64))[0] if len(tints) == 3 else None
    places = np.stack([np.asarray(axes[a], dtype=np.float64) for a in "xyz"], axis=1)
    return places, faces, colours


def _range_scan(cloud: PointCloud) -> PointCloud:
    """A raw scan of a Cyberware: it looks along z from far away (99.7% of the normals of the
    bunny's scans look there).
    """
    low, high = cloud.points.min(0), cloud.points.max(0)
    place = (low + high) / 2 + [0.0, 0.0, FAR_AWAY * float((high - low).max())]
    return replace(
        cloud, stations=place[None], station=np.zeros(len(cloud), dtype=np.int64),
        notes=(*cloud.notes, "A raw range scan: its scanner is taken to look along its z axis."),
    )  # fmt: skip


def triangles(face: Columns) -> np.ndarray:
    """A fan of triangles for each polygon, (m, 3) int64; none of one with fewer than 3 corners."""
    lists = {name.lower(): c for name, c in face.items() if isinstance(c, tuple)}
    corners, lengths = next(
        (lists[name] for name in _CORNERS if name in lists), (np.zeros(0), np.zeros(0, np.int64))
    )
    fans = np.maximum(lengths.astype(np.int64) - 2, 0)
    first = np.repeat(lengths.cumsum() - lengths, fans).astype(np.int64)
    step = np.arange(fans.sum()) - np.repeat(fans.cumsum() - fans, fans)
    ends = np.asarray(corners).astype(np.int64)
    return np.stack([ends[first], ends[first + step + 1], ends[first + step + 2]], axis=1)

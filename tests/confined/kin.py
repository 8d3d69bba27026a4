"""Kin of ``bombs``: what wants as much by other parts of the same formats."""

from __future__ import annotations

import gzip
import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from typing import Any

from tests.confined.bombs import _npy, png, svg

Files = dict[str, Callable[[], bytes]]
TRIANGLE = '<path class="a" d="M0 0h1v1z"/>'


def doubled(tag: str, attribute: str) -> bytes:
    """Elements that hold two others each, 30 levels deep, and refer to one by an attribute."""
    two = '<use href="#a{k}"/><use href="#a{k}"/>'
    levels = "".join(
        f'<{tag} id="a{k + 1}" {attribute}="url(#a{k})">{two.format(k=k)}</{tag}>'
        for k in range(30)
    )
    return svg(f'<{tag} id="a0">{TRIANGLE}</{tag}>{levels}<use href="#a30"/>')


def drawn(d: str, words: str = "") -> bytes:
    return svg(f'<g {words}><path d="{d}"/></g>')


SHAPES: Files = {
    "symbols.svg": lambda: doubled("symbol", "mask"),
    "patterns.svg": lambda: doubled("pattern", "fill"),
    "clips.svg": lambda: doubled("clipPath", "clip-path"),
    "moves.svg": lambda: drawn("M" + "1 2 " * 1_000_000),
    "no_spaces.svg": lambda: drawn("M0 0l" + ".1.1-1-1" * 200_000),
    "polygon.svg": lambda: svg(f'<polygon points="{"1,2 " * 1_000_000}"/>'),
    "transform.svg": lambda: drawn("M0 0h1v1z", 'transform="scale(1e308) scale(1e308)"'),
    "nan.svg": lambda: drawn("M0 0h1v1z", 'transform="matrix(nan nan nan nan 0 0)"'),
    "view.svg": lambda: b'<svg viewBox="0 0 0 0" width="1e308"><path d="M0 0h1v1z"/></svg>',
    "points.geojson": lambda: (
        b'{"type":"MultiPoint","coordinates":[%s[0,0]]}' % (b"[0,0]," * 100_000)
    ),
    "deep.geojson": lambda: b'{"type":"GeometryCollection","geometries":[' * 100_000,
    "infinity.json": lambda: b'{"rings": [[[Infinity, 0], [NaN, 1], [1, 1]]]}',
    "large.json": lambda: b'{"rings": [[[%s, 0], [0, 1], [1, 1]]]}' % (b"9" * 400),
    "digits.json": lambda: b'{"rings": [[[%s, 0], [0, 1], [1, 1]]]}' % (b"9" * 1_000_000),
    "words.json": lambda: b'{"rings": [["ab", "cd", "ef"]], "chains": "abc"}',
    "style.svg": lambda: svg(f"<style>{'/*' * 500_000}{'{' * 500_000}</style>{TRIANGLE}"),
    "arcs.wkt": lambda: b"CURVEPOLYGON(CIRCULARSTRING(0 0,1 1,2 0,1 -1,0 0))",
    "nul.wkt": lambda: b"\0" * 4_000_000,
}  # fmt: skip


# -- clouds and meshes -----------------------------------------------------------------------

XYZ = "property float x\nproperty float y\nproperty float z\n"


def ply(head: str, rest: bytes) -> bytes:
    return f"ply\nformat binary_little_endian 1.0\n{head}end_header\n".encode() + rest


def faces(kind: str, count: bytes) -> bytes:
    head = f"element vertex 3\n{XYZ}element face 1\nproperty list {kind} int vertex_indices\n"
    return ply(head, b"\0" * 36 + count + b"\0" * 20)


def zipped(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def las(**changed: int) -> bytes:
    """LAS 1.2 of 100 points, with what its header declares changed."""
    about = {"offset": 227, "records": 0, "kind": 0, "length": 20, "count": 100} | changed
    head = bytearray(227)
    head[:4], head[24:26] = b"LASF", b"\1\2"
    struct.pack_into("<HIIBHI", head, 94, 227, *about.values())
    struct.pack_into("<6d", head, 131, 1, 1, 1, 0, 0, 0)
    return bytes(head) + bytes(range(200)) * 10


def pcd(kind: str, rest: bytes, **changed: str) -> bytes:
    about = {"FIELDS": "x y z", "SIZE": "4 4 4", "TYPE": "F F F", "COUNT": "1 1 1", "WIDTH": "3",
             "HEIGHT": "1", "POINTS": "3", **changed}  # fmt: skip
    head = "".join(f"{name} {value}\n" for name, value in about.items())
    return f"VERSION 0.7\n{head}DATA {kind}\n".encode() + rest


OFF = b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n%s\n"
CLOUDS: Files = {
    "negative.ply": lambda: faces("int", struct.pack("<i", -5)),
    "long.ply": lambda: faces("int", struct.pack("<i", 2**31 - 1)),
    "double.ply": lambda: faces("double", struct.pack("<d", 1e300)),
    "half.ply": lambda: ply(f"element vertex 1000\n{XYZ}", b"\1" * 6_007),
    "other.ply": lambda: ply(
        f"element a 4000000000\nproperty uchar b\nelement vertex 1\n{XYZ}", b"\0"
    ),
    "nested.npz": lambda: zipped(("points.npy", zipped(("points.npy", b"\0" * (1 << 26))))),
    "sum.npz": lambda: zipped(
        *[(f"{k}.npy", _npy((10**6, 3)) + b"\0" * 24 * 10**6) for k in range(30)]
    ),
    "outside.npz": lambda: zipped(("../../etc/points.npy", _npy((3, 3)) + b"\0" * 72)),
    "header.npy": lambda: b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31) + b"{" * 1000,
    "wide.npy": lambda: b"\x93NUMPY\x01\x00" + struct.pack("<H", 60_000) + b"(" * 60_000,
    "declares.off": lambda: b"OFF\n2000000000 2000000000 0\n0 0 0\n",
    "corners.off": lambda: OFF % b"2000000000 0 1 2",
    "fewer.off": lambda: OFF % b"-2 0 1 2",
    "digits.off": lambda: OFF % (b"9" * 1_000_000 + b" 0 1 2"),
    "faces.off": lambda: b"OFF\n3 -1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n",
    "nul.csv": lambda: b"\0" * 10_000_000,
    "word.csv": lambda: b"1" * 10_000_000,
    "gz.gz": lambda: gzip.compress(gzip.compress(b"\0" * (1 << 24))),
    "zeros.las.gz": lambda: gzip.compress(b"LASF" + b"\0" * (1 << 28)),
    "count.las": lambda: las(count=2**32 - 1),
    "length.las": lambda: las(count=30_000, length=65_535),
    "offset.las": lambda: las(offset=2**32 - 1),
    "counts.pcd": lambda: pcd("binary", b"\0" * 36, COUNT="1 1 1000000000"),
    "lzf.pcd": lambda: pcd("binary_compressed", struct.pack("<II", 16, 2**32 - 1) + b"\0" * 16),
    "width.pcd": lambda: pcd("binary", b"\0" * 36, WIDTH="9" * 400, POINTS="9" * 400),
}  # fmt: skip


# -- classifiers -----------------------------------------------------------------------------


def tensors(**about: Any) -> bytes:
    head = json.dumps(about).encode()
    return struct.pack("<Q", len(head)) + head + b"\0" * 64


def part(shape: list[int], *offsets: int) -> dict[str, Any]:
    return {"dtype": "F32", "shape": shape, "data_offsets": list(offsets)}


def graph(target: str, *arguments: Any) -> bytes:
    """A stored graph of one operator on the image."""
    args = [{"tensor": "x"}, *({"plain": argument} for argument in arguments)]
    nodes = [{"target": f"torch.ops.aten.{target}", "outputs": ["y"], "kwargs": {}, "args": args}]
    about = {"input": "x", "output": "y", "tensors": [], "batch": None, "shape": [1, 28, 28],
             "classes": 28, "nodes": nodes}  # fmt: skip
    own = {"model": "exported", "shape": "[1, 28, 28]", "classes": "28", "card": "{}"}
    return tensors(a=part([16], 0, 64), __metadata__={**own, "graph": json.dumps(about)})


def pickled(data: bytes) -> bytes:
    return zipped(("archive/data.pkl", data), ("archive/version", b"3"))


def _number(number: int) -> bytes:
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def entry(number: int, content: bytes | int) -> bytes:
    """A field of a message of Protocol Buffers."""
    if isinstance(content, int):
        return _number(number << 3) + _number(content)
    return _number(number << 3 | 2) + _number(len(content)) + content


def onnx(*parts: bytes) -> bytes:
    """A model with a graph of these parts: an image comes in, ten numbers go out."""

    def value(name: bytes, *dims: int) -> bytes:
        shape = b"".join(entry(1, entry(1, dim)) for dim in dims)
        return entry(1, name) + entry(2, entry(1, entry(1, 1) + entry(2, shape)))

    found = b"".join(parts) + entry(11, value(b"x", 1, 1, 28, 28)) + entry(12, value(b"y", 1, 10))
    return entry(1, 8) + entry(7, found) + entry(8, entry(2, 17))


def node(kind: bytes, inputs: list[bytes], output: bytes, rest: bytes = b"") -> bytes:
    names = b"".join(entry(1, name) for name in inputs)
    return entry(1, names + entry(2, output) + entry(4, kind) + rest)


def initializer(name: bytes, dims: list[int], rest: bytes = b"", kind: int = 1) -> bytes:
    shape = b"".join(entry(1, dim) for dim in dims)
    return entry(5, shape + entry(2, kind) + entry(8, name) + rest)


def whole(name: bytes, *numbers: int) -> bytes:
    rows = b"".join(entry(7, number) for number in numbers)
    return initializer(name, [len(numbers)], rows, kind=7)


def outside(path: bytes) -> bytes:
    place = entry(13, entry(1, b"location") + entry(2, path)) + entry(14, 1)
    return onnx(initializer(b"w", [784, 10], place), node(b"MatMul", [b"x", b"w"], b"y"))


def doubling() -> bytes:
    """Thirty nodes that each put their input beside itself."""
    axis = entry(5, entry(1, b"axis") + entry(3, 1) + entry(20, 2))
    nodes = (node(b"Concat", [n, n], n + b"a", axis) for n in (b"x" + b"a" * k for k in range(30)))
    return onnx(*nodes, node(b"Flatten", [b"x" + b"a" * 30], b"y"))


CLASSIFIER_FILES: Files = {
    "overlap.safetensors": lambda: tensors(
        a=part([8], 0, 32), b=part([8], 16, 48), c=part([4], 48, 64)
    ),
    "backwards.safetensors": lambda: tensors(a=part([8], 32, 0)),
    "shape.safetensors": lambda: tensors(a=part([2**31] * 3, 0, 64)),
    "length.safetensors": lambda: struct.pack("<Q", 2**63) + b"{}",
    "repeats.safetensors": lambda: graph("repeat.default", [1, 30_000, 100, 100]),
    "views.safetensors": lambda: graph("view.default", [-1, -1, 10**18]),
    "command.pt": lambda: pickled(b"cos\nsystem\n(S'false'\ntR."),
    "deep.pt": lambda: pickled(b"\x80\x02" + b"(" * 10**6 + b"l" * 10**6 + b"."),
    "long.pt": lambda: pickled(b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"a."),
    "nothing.pt2": lambda: zipped(("archive/version", b"1")),
    "passwd.onnx": lambda: outside(b"../../../../../../etc/passwd"),
    "zero.onnx": lambda: outside(b"/dev/zero"),
    "dims.onnx": lambda: onnx(initializer(b"w", [2**31] * 2), node(b"Add", [b"x", b"w"], b"y")),
    "fills.onnx": lambda: onnx(
        whole(b"n", 40_000, 40_000), node(b"ConstantOfShape", [b"n"], b"c"),
        node(b"Add", [b"x", b"c"], b"y"),
    ),
    "expands.onnx": lambda: onnx(
        whole(b"n", 1, 10**6, 28, 28), node(b"Expand", [b"x", b"n"], b"y")
    ),
    "doubles.onnx": doubling,
    "loop.onnx": lambda: onnx(
        whole(b"n", 2**62),
        node(b"Loop", [b"n", b"", b"x"], b"y",
             entry(5, entry(1, b"body") + entry(6, b"") + entry(20, 5))),
    ),
    "circle.onnx": lambda: onnx(
        node(b"Relu", [b"b"], b"a"), node(b"Relu", [b"a"], b"b"),
        node(b"Add", [b"x", b"a"], b"y"),
    ),
    "unknown.onnx": lambda: onnx(node(b"Mystery", [b"x"], b"y")),
}  # fmt: skip


# -- folders of pictures, zipped ---------------------------------------------------------------


def links() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for k, target in enumerate((b"/etc/passwd", b"/dev/zero", b"../../..")):
            link = zipfile.ZipInfo(f"a/{k}.png")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(link, target)
    return file.getvalue()


FOLDERS: Files = {
    "links.zip": links,
    "wide.zip": lambda: zipped(*[(f"{k}/a.png", png(20_000, 20_000)) for k in "ab"]),
    "zeros.zip": lambda: zipped(*[(f"{k}/a.png", b"\0" * (1 << 28)) for k in "ab"]),
    "nested.zip": lambda: zipped(("a/b.zip", zipped(("c.png", b"\0" * (1 << 24))))),
}  # fmt: skip

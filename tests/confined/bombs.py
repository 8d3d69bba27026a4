"""Small files that want much: memory, time, or a reader that trusts them."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from levelset_core.classifiers.architectures import CLASSIFIERS

CASES = Path(__file__).parents[1] / "robustness" / "cases"


def svg(inside: str) -> bytes:
    head = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    return f"{head}{inside}</svg>".encode()


def use_bomb() -> bytes:
    twice = "".join(
        f'<g id="a{k + 1}"><use xlink:href="#a{k}"/><use xlink:href="#a{k}"/></g>'
        for k in range(30)
    )
    return svg(f'<g id="a0"><path d="M0 0 L1 0 L1 1 Z"/></g>{twice}')


def circle_of_uses() -> bytes:
    return svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>')


def entities() -> bytes:
    names = "abcdefghij"
    made = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in itertools.pairwise(names))
    text = f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">{made}]><svg>&j;</svg>'
    return text.encode("utf-16")  # where the bytes "<!ENTITY" do not occur


SHAPES: dict[str, Callable[[], bytes]] = {
    "uses.svg": use_bomb,
    "circle.svg": circle_of_uses,
    "curves.svg": lambda: svg(f'<path d="M0 0 {"c1 1 2 2 3 3" * 300_000}"/>'),
    "nested.svg": lambda: svg(f"{'<g>' * 100_000}{'</g>' * 100_000}"),
    "entities.svg": entities,
    "deep.json": lambda: b"[" * 200_000 + b"]" * 200_000,
    "null.geojson": lambda: b'{"type": "Polygon", "coordinates": null}',
    "numbers.geojson": lambda: b'{"type": "MultiPolygon", "coordinates": [1, {"a": 2}]}',
    "huge.json": lambda: b'{"rings": [[[1e300, 0], [0, 1e300], [1, 1]]]}',
    "many.json": lambda: b'{"rings": [[%s[0, 1]]]}' % (b"[0, 0], [1, 1], " * 125_000),
    "deep.wkt": lambda: b"GEOMETRYCOLLECTION(" * 100_000,
    "nan.wkt": lambda: b"POLYGON((0 0, 1 0, nan 1, 0 0))",
}  # fmt: skip


def _npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _npy(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def _ply(kind: str, vertices: int, rest: str) -> bytes:
    xyz = "".join(f"property float {name}\n" for name in "xyz")
    faces = "element face 1\nproperty list uchar int vertex_indices\n"
    head = f"ply\nformat {kind} 1.0\nelement vertex {vertices}\n{xyz}{faces}end_header\n"
    return f"{head}{rest}".encode()


def _zip_of_zeros() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("points.npy", b"\0" * (300 << 20))
    return file.getvalue()


CLOUDS: dict[str, Callable[[], bytes]] = {
    "zeros.npz": lambda: _npz(points=np.zeros((20_000_000, 3))),
    "member.npz": _zip_of_zeros,
    "lines.csv": lambda: b"1,2,3\n" * 10**7,
    "empty.csv": lambda: b"\n" * 10**7,
    "wide.csv": lambda: b"1," * 5_000_000,
    "packed.xyz.gz": lambda: gzip.compress(b"1 2 3\n" * 3 * 10**7),
    "declares.npy": lambda: _npy((10**12, 3)),
    "overflows.npy": lambda: _npy((2**62, 2**62)),
    "declares.ply": lambda: _ply("ascii", 10**9, "0 0 0\n"),
    "binary.ply": lambda: _ply("binary_little_endian", 10**9, "0" * 100),
    "index.ply": lambda: _ply("ascii", 3, "0 0 0\n1 0 0\n0 1 0\n3 0 1 2147483647\n"),
    "huge.obj": lambda: b"v 1e300 0 0\nv 0 1e300 0\nv 0 0 1e300\nf 1 2 3\n",
    "declares.stl": lambda: b"\0" * 80 + struct.pack("<I", 2**32 - 1) + b"\0" * 500,
}


def png(width: int, height: int) -> bytes:
    """White or black, one bit a pixel."""

    def part(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    rows = zlib.compress(b"\0" * ((width + 7) // 8 + 1) * height, 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


# -- classifiers -----------------------------------------------------------------------------


def _changed_pt2(change: Callable[[str, bytes], bytes]) -> bytes:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(CASES / "plain.pt2") as before,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            after.writestr(name, change(name, before.read(name)))
    return file.getvalue()


def _empty_lists(name: str, content: bytes) -> bytes:
    return b"[" + b"[]," * 30_000_000 + b"[]]" if name.endswith("model.json") else content


def _stride_0(name: str, content: bytes) -> bytes:
    if not name.endswith("model_weights_config.json"):
        return content
    about = json.loads(content)
    meta = next(iter(about["config"].values()))["tensor_meta"]
    meta["sizes"], meta["strides"] = [{"as_int": 240_000_000}], [{"as_int": 0}]
    return json.dumps(about).encode()


def _deep_json(name: str, content: bytes) -> bytes:
    return b"[" * 200_000 if name.endswith("model.json") else content


def _small(**metadata: str) -> bytes:
    network = CLASSIFIERS["convnet4a_narrow"]((1, 28, 28), 10)
    about = {"model": "convnet4a_narrow", "shape": "[1, 28, 28]", "classes": "10", "card": "{}"}
    return save(network.state_dict(), about | metadata)


def _padding(width: int) -> bytes:
    """A stored graph of one operator, which pads an image on each side."""
    pad = {"target": "torch.ops.aten.constant_pad_nd.default", "outputs": ["y"], "kwargs": {},
           "args": [{"tensor": "x"}, {"plain": [width] * 4}]}  # fmt: skip
    mean = {"target": "torch.ops.aten.mean.dim", "outputs": ["z"], "kwargs": {},
            "args": [{"tensor": "y"}, {"plain": [1, 3]}]}  # fmt: skip
    graph = {"input": "x", "output": "z", "tensors": [], "batch": None, "shape": [1, 28, 28],
             "classes": 28 + 2 * width, "nodes": [pad, mean]}  # fmt: skip
    about = {"model": "exported", "shape": "[1, 28, 28]", "classes": "10", "card": "{}"}
    return save({"none": torch.zeros(1)}, about | {"graph": json.dumps(graph)})


CLASSIFIER_FILES: dict[str, Callable[[], bytes]] = {
    "lists.pt2": lambda: _changed_pt2(_empty_lists),
    "strides.pt2": lambda: _changed_pt2(_stride_0),
    "deep.pt2": lambda: _changed_pt2(_deep_json),
    "shape.safetensors": lambda: _small(shape="[1, 800, 800]"),
    "classes.safetensors": lambda: _small(classes="5000000"),
    "words.safetensors": lambda: _small(shape='["a", "b", "c"]'),
    "negative.safetensors": lambda: _small(shape="[1, -28, 28]"),
    "deep.safetensors": lambda: _small(card="[" * 200_000),
    "pads.safetensors": lambda: _padding(11_000),
    "declares.safetensors": lambda: struct.pack("<Q", 2**60) + b"{}",
    "zeros.pt": lambda: b"PK\x03\x04" + b"\0" * 100,
    "bytes.onnx": lambda: b"\x08\x07\x3a" + b"\xff" * 9 + b"\x01",
}  # fmt: skip

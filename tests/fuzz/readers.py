"""Every reader of files and a small sample for each, beside those of point clouds."""

from __future__ import annotations

import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save

from levelset_core.classifiers.architectures import CLASSIFIERS
from levelset_core.classifiers.files import read_card
from levelset_core.classifiers.uploads import classifier_from_bytes
from levelset_core.data.digits import digit_from_picture
from levelset_core.data.formats.poses import read_conf, read_xf
from levelset_core.data.image_files import read_class_folders, read_idx, write_idx
from levelset_core.data.points import points_from_file, write_points_csv
from levelset_core.exact.files.plane import read_plane_shape
from levelset_core.live.state import PlaygroundState, state_from_file
from levelset_core.robustness.models import known_models
from levelset_core.runs import RunStore, summary
from levelset_core.runs.checkpoints import load_checkpoint, save_checkpoint
from levelset_core.runs.files import array_bytes, read_arrays

CASES = Path(__file__).parents[1] / "robustness" / "cases"
Read = Callable[[bytes], Any]


@dataclass(frozen=True)
class Sample:
    """A file that is right, and what reads it."""

    content: bytes
    read: Read


def shape(name: str) -> Read:
    return lambda content: read_plane_shape(content, name)


def classifier(name: str) -> Read:
    return lambda content: classifier_from_bytes(name, content)


def in_folder(name: str, read: Callable[[Path], Any], **others: bytes) -> Read:
    """Reads from a path: of the file alone, or among others."""

    def inner(content: bytes) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            for own, data in {**others, name: content}.items():
                path = Path(folder) / own.replace("__", "/")
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(data)
            return read(Path(folder) / name.replace("__", "/"))

    return inner


SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><g id="a" fill="red">
<path d="M0 0 L4 0 C5 1 5 2 4 3 A2 2 0 0 1 1 3 z M1 1 h1 v1 h-1 z" fill-rule="evenodd"/>
<rect x="5" y="5" width="2" height="3" rx="0.5"/><polygon points="7,1 9,1 8,3"/></g>
<use href="#a" transform="translate(1 2) scale(2)"/></svg>"""
GEOJSON = json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {
    "type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]}}]})  # fmt: skip
SHAPES = {
    "shape.svg": SVG,
    "shape.geojson": GEOJSON.encode(),
    "shape.json": b'{"rings": [[[0, 0], [4, 0], [4, 4]]], "chains": [[[0, 1], [2, 3]]]}',
    "shape.wkt": b"POLYGON ((0 0, 4 0, 4 4, 0 0))\nMULTIPOLYGON (((5 5, 6 5, 6 6, 5 5)))",
}
CONF = b"camera 0 0 0 0 0 0 1\nbmesh a.ply 0 0 0 0 0 0 1\nbmesh b.ply 1 0.5 0 0.1 0.2 0 0.9\n"


def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return CLASSIFIERS["convnet4a_narrow"]((1, 28, 28), 10).state_dict()


def own_file() -> bytes:
    about = {"model": "convnet4a_narrow", "shape": "[1, 28, 28]", "classes": "10", "card": "{}"}
    return save(weights(), about)


def stored_graph() -> bytes:
    """A graph as this program stores it: the mean over columns."""
    mean = {"target": "torch.ops.aten.mean.dim", "outputs": ["z"], "kwargs": {},
            "args": [{"tensor": "x"}, {"plain": [1, 3]}]}  # fmt: skip
    graph = {"input": "x", "output": "z", "tensors": [], "batch": None, "shape": [1, 28, 28],
             "classes": 28, "nodes": [mean]}  # fmt: skip
    about = {"model": "exported", "shape": "[1, 28, 28]", "classes": "28", "card": "{}"}
    return save({"none": torch.zeros(1)}, about | {"graph": json.dumps(graph)})


def state_dict() -> bytes:
    file = io.BytesIO()
    torch.save({"state_dict": weights()}, file)
    return file.getvalue()


def member(name: str) -> tuple[bytes, Read]:
    """One file within a .pt2, damaged before it is packed, so that no checksum finds it."""
    with zipfile.ZipFile(CASES / "plain.pt2") as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    inner = next(n for n in members if n.endswith(name))

    def read(content: bytes) -> Any:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for own, data in {**members, inner: content}.items():
                archive.writestr(own, data)
        return classifier_from_bytes("a.pt2", file.getvalue())

    return members[inner], read


def picture(kind: str) -> bytes:
    grey = np.zeros((28, 28), dtype=np.uint8)
    grey[6:22, 12:16] = 255
    file = io.BytesIO()
    Image.fromarray(grey).save(file, kind)
    return file.getvalue()


def class_folders() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(4):
            archive.writestr(f"{'ab'[k % 2]}/{k}.png", picture("png"))
    return file.getvalue()


def idx() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        images = torch.zeros(3, 1, 4, 4, dtype=torch.uint8)
        write_idx(Path(folder), "test", images, torch.tensor([0, 1, 2]))
        return {path.name: gzip.decompress(path.read_bytes()) for path in Path(folder).iterdir()}


def checkpoint() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.safetensors"
        save_checkpoint(path, {"w": torch.ones(3), "n": [1, (2, None)], 3: np.arange(4)})
        return path.read_bytes()


CONFIG = {"kind": "tiny", "name": "A", "settings": {"size": 3}, "seed": 0, "device": "cpu",
          "threads": 1, "steps": 10, "seconds": None, "created": "2026-11-30T00:00:00+00:00",
          "software": {}, "version": 1}  # fmt: skip
STATUS = {"state": "interrupted", "step": 3, "seconds": 1.5, "steps": 10, "fraction": 0.3,
          "seconds_left": 4.0, "message": "Saved.", "pid": 12, "queued_at": None,
          "started_at": 1.7e9, "updated_at": 1.7e9}  # fmt: skip
METRICS, TIMES = (
    b'{"step": 1, "loss": 0.5}\n' * 4,
    b"".join(f"[{25 * k}, {k:.3f}]".ljust(31).encode() + b"\n" for k in range(4)),
)


def listed(path: Path) -> Any:
    """A run as the list and the page of runs show it."""
    store = RunStore(path.parents[1])
    store.dispatch()
    return [(summary(run), run.metrics(), run.result()) for run in store.runs()]


def a_run(name: str) -> Read:
    others = {"config.json": CONFIG, "status.json": STATUS, "result.json": {"a": 1}}
    files = {f"tiny-20261130-abcdefgh__{n}": json.dumps(v).encode() for n, v in others.items()}
    files |= {f"tiny-20261130-abcdefgh__{n}": d
              for n, d in (("metrics.jsonl", METRICS), ("times.jsonl", TIMES))}  # fmt: skip
    return in_folder(f"tiny-20261130-abcdefgh__{name}", listed, **files)


def models(path: Path) -> Any:
    return known_models(RunStore(path.parents[1]))


def samples() -> dict[str, Sample]:
    """All of them, by what they are called."""
    files = idx()
    images, labels = sorted(files)
    found = {name: Sample(content, shape(name)) for name, content in SHAPES.items()}
    found |= {
        "state.json": Sample(PlaygroundState.default().to_json().encode(), state_from_file),
        "points.csv": Sample(
            write_points_csv(PlaygroundState.default().points).encode()[:900], points_from_file
        ),
        "digit.png": Sample(picture("png"), digit_from_picture),
        "digit.jpg": Sample(picture("jpeg"), digit_from_picture),
        "digit.bmp": Sample(picture("bmp"), digit_from_picture),
        "digit.webp": Sample(picture("webp"), digit_from_picture),
        "a.conf": Sample(CONF, lambda content: read_conf(content, "a.conf")),
        "a.xf": Sample(b"1 0 0 1\n0 1 0 2\n0 0 1 3\n0 0 0 1\n", lambda c: read_xf(c, "a.xf")),
        "own.safetensors": Sample(own_file(), classifier("a.safetensors")),
        "graph.safetensors": Sample(stored_graph(), classifier("a.safetensors")),
        "weights.pt": Sample(state_dict(), lambda content: classifier_from_bytes(
            "a.pt", content, arch="convnet4a_narrow")),
        "plain.pt2": Sample((CASES / "plain.pt2").read_bytes(), classifier("a.pt2")),
        "plain.pt2, model": Sample(*member("model.json")),
        "plain.pt2, weights": Sample(*member("model_weights_config.json")),
        "card.json": Sample(b'{"method": null, "name": "A"}', in_folder(
            "card.json", lambda path: read_card(path.with_suffix(".safetensors")))),
        "upload's card": Sample(b'{"method": "madry", "name": "A"}', in_folder(
            ".models__ab.json", models, **{".models__ab.safetensors": own_file()})),
        "images.idx": Sample(files[images], in_folder(
            images.removesuffix(".gz"), lambda path: read_idx(path.parent, "test"),
            **{labels: gzip.compress(files[labels])})),
        "folders.zip": Sample(class_folders(), in_folder(
            "a.zip", lambda path: read_class_folders(path.parent, "test"))),
        "checkpoint.safetensors": Sample(checkpoint(), in_folder("c.safetensors", load_checkpoint)),
        "arrays.npz": Sample(array_bytes({"a": np.arange(5)}), in_folder("a.npz", read_arrays)),
        "config.json": Sample(json.dumps(CONFIG).encode(), a_run("config.json")),
        "status.json": Sample(json.dumps(STATUS).encode(), a_run("status.json")),
        "result.json": Sample(b'{"a": 1}', a_run("result.json")),
        "metrics.jsonl": Sample(METRICS, a_run("metrics.jsonl")),
        "times.jsonl": Sample(TIMES, a_run("times.jsonl")),
    }  # fmt: skip
    return found

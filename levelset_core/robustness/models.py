"""The trained classifiers that this program knows of: bundled, trained here, uploaded."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from levelset_core.classifiers.exported import ExportedNetwork
from levelset_core.classifiers.files import (
    EXPORTED,
    ONNX,
    Classifier,
    load_classifier,
    read_about,
)
from levelset_core.classifiers.normalization import Normalized
from levelset_core.classifiers.onnx_files import OnnxNetwork
from levelset_core.data.images import IMAGE_SETS, data_set_of
from levelset_core.errors import LevelsetError
from levelset_core.paths import CHECKPOINTS
from levelset_core.robustness.config import OLD_METHODS
from levelset_core.runs.files import read_json, replacing
from levelset_core.runs.folder import Run
from levelset_core.runs.quotas import check_room
from levelset_core.runs.store import RunStore
from levelset_core.runs.words import numbered

#: Below the runs' folder; no run's name begins with a dot.
UPLOADS = ".models"
#: What training methods and networks are called.
METHOD_TITLES = {
    "standard": "Standard", "madry": "Madry", "trades": "TRADES", "level-set": "Level set",
}  # fmt: skip
NETWORK_TITLES = {
    "convnet4a": "ConvNet-4a", "convnet4a_linear": "ConvNet-4a, linear head",
    "convnet4a_narrow": "ConvNet-4a, a quarter as wide",
    "convnet4b": "ConvNet-4b", "resnet18": "ResNet-18", EXPORTED: "exported program",
    ONNX: "ONNX file",
}  # fmt: skip
ORIGINS = ("bundled", "run", "upload")


@dataclass(frozen=True)
class KnownModel:
    """A classifier in a safetensors file of this program.

    Attributes:
        id: tells it from all others; stays the same.
        title: short, for tables and legends.
        path: of the file.
        origin: one of ``ORIGINS``.
        digest: of the file's bytes: figures belong to exactly these weights.
        model: one of :data:`levelset_core.classifiers.architectures.CLASSIFIERS`.
        shape, classes: of its images, and how many it tells apart.
        card: command, data, epochs, machine, seed, figures, ...; empty if there is none.
    """

    id: str
    title: str
    path: Path
    origin: str
    digest: str
    model: str
    shape: tuple[int, int, int]
    classes: int
    card: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def network_title(self) -> str:
        """What people call its architecture."""
        return NETWORK_TITLES.get(self.model, self.model)

    @property
    def file(self) -> str:
        """The path as a command names it: bundled files from the program's folder on."""
        if self.origin == "bundled":
            return self.path.relative_to(CHECKPOINTS.parents[1]).as_posix()
        return str(self.path)

    def load(self) -> Classifier:
        """The network, on the CPU.

        Raises:
            LevelsetError: the file is gone or damaged.
        """
        return load_classifier(self.path)


def known_models(store: RunStore | None = None) -> list[KnownModel]:
    """All of them, bundled ones first; files that cannot be read are left out.

    Equal titles get a number.
    """
    store = store or RunStore()
    files = (path for folder in store.folders(UPLOADS) for path in folder.glob("*.safetensors"))
    uploads = sorted(files, key=lambda path: path.stat().st_mtime)
    # Two owners may have uploaded the same, and an admin sees both.
    by_id = {f"upload-{path.stem}": path for path in uploads}
    found = [
        *_bundled(),
        *_trained(store),
        *(_model(path, "upload", name) for name, path in by_id.items()),
    ]
    taken: set[str] = set()
    return [replace(m, title=numbered(m.title, taken)) for m in found if m is not None]


def keep_uploaded_file(
    stem: str, content: NDArray[np.uint8], name: str, card: dict[str, Any], store: RunStore
) -> str:
    """Keep a file of this program whose network was never opened here; returns its id.

    Networks with the same stem are kept once.

    Args:
        stem: :func:`weights_digest` of its classifier.
        content: (n,) of the file.
        name: what it is to be called; it goes into the card beside the file.
        card: the rest of the card.
        store: of the runs.

    Raises:
        LevelsetError: the stem is none, or the owner's room on the disk is used up.
    """
    if re.fullmatch("[0-9a-f]{16}", stem) is None:
        raise LevelsetError(f"{stem[:40]!r} names no network.")
    check_room(store.root, store.viewer.owner, content.nbytes)
    folder = store.own_folder(UPLOADS)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.safetensors"
    with replacing(path.with_suffix(".json")) as partial:
        partial.write_text(json.dumps({**card, "name": name}), encoding="utf-8")
    with replacing(path) as partial:
        partial.write_bytes(content.data)
    return f"upload-{stem}"


def weights_digest(classifier: Classifier) -> str:
    """16 hexadecimal digits that tell a network's weights, graph and normalization."""
    hasher = hashlib.blake2b(f"{classifier.model}{classifier.shape}".encode(), digest_size=8)
    inner = classifier.network
    inner = inner.network if isinstance(inner, Normalized) else inner
    if isinstance(inner, OnnxNetwork):
        hasher.update(inner.content)
    if isinstance(inner, ExportedNetwork):  # the same weights compute other things in other graphs
        hasher.update(json.dumps(inner.graph, sort_keys=True).encode())
    if (normalization := classifier.normalization) is not None:
        hasher.update(json.dumps([normalization.mean, normalization.std]).encode())
    for key, tensor in sorted(classifier.network.state_dict().items()):
        hasher.update(key.encode())
        hasher.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return hasher.hexdigest()


def forget_upload(model: KnownModel) -> None:
    """Remove an uploaded model for good; its runs keep their copies."""
    if model.origin == "upload":
        model.path.unlink(missing_ok=True)
        model.path.with_suffix(".json").unlink(missing_ok=True)


def _bundled() -> list[KnownModel]:
    """In the order of the paper's table."""
    paths = sorted(CHECKPOINTS.glob("*.safetensors"))
    found = [m for path in paths if (m := _model(path, "bundled", path.stem)) is not None]
    order = list(METHOD_TITLES)

    def place(model: KnownModel) -> tuple[bool, str, int]:
        method = str(model.card.get("method"))
        rank = order.index(method) if method in order else len(order)
        return model.shape[0] > 1, model.model, rank

    return sorted(found, key=place)


def training_titles(store: RunStore) -> dict[str, str]:
    """What every robust training is called, by its run: method, epsilon as :func:`wanted` has it,
    data; numbers tell equal ones apart, and from bundled ones: the oldest is the first.
    """
    titles: dict[str, str] = {}
    taken: set[str] = set()
    for model in _bundled():
        numbered(model.title, taken)
    for run in reversed(store.of_kind("robust")):
        settings = run.config.settings
        title = _method_title(str(settings.get("method")), wanted(run), str(settings.get("data")))
        titles[run.id] = numbered(title, taken)
    return titles


def wanted(run: Run) -> float | None:
    """The epsilon that a training's network is to stand: "level-set" trains with a larger one."""
    settings = run.config.settings
    own: float | None = settings.get("watch_epsilon")
    return settings.get("epsilon") if own is None else own


def _trained(store: RunStore) -> list[KnownModel]:
    found, titles = [], training_titles(store)
    for run in reversed(store.of_kind("robust")):
        path = run.artifacts / "model.safetensors"
        if run.status().state == "done" and (model := _model(path, "run", run.id)):
            found.append(replace(model, title=titles[run.id]))
    return found


def _model(path: Path, origin: str, name: str) -> KnownModel | None:
    card_file = path.with_suffix(".json")
    try:
        changed = path.stat().st_mtime_ns
        card_changed = card_file.stat().st_mtime_ns if card_file.exists() else 0
        return _read(path, origin, name, changed, card_changed)
    except (LevelsetError, OSError):
        return None


@lru_cache(maxsize=500)
def _read(path: Path, origin: str, name: str, changed: int, card_changed: int) -> KnownModel:
    about = read_about(path)
    card = about.card
    if card_changed:
        with suppress(LevelsetError):
            card = read_json(path.with_suffix(".json"))
    if origin == "upload":  # what a file says of its own accuracy is no measured figure
        card = {key: card[key] for key in ("name", "file") if key in card}
    if "method" in card:
        card = {**card, "method": OLD_METHODS.get(card["method"], card["method"])}
    digest = hashlib.blake2b(path.read_bytes(), digest_size=12).hexdigest()
    return KnownModel(
        name, title_of(path, card), path, origin, digest, about.model, about.shape, about.classes,
        card,
    )  # fmt: skip


def title_of(path: Path, card: dict[str, Any]) -> str:
    """From the card, as "Level set 0.4"; else the name it was uploaded under."""
    method = OLD_METHODS.get(str(card.get("method")), str(card.get("method")))
    if method not in METHOD_TITLES:
        return str(card.get("name") or path.stem)
    data = data_set_of(str(card.get("data", "")))
    return _method_title(method, (card.get("settings") or {}).get("epsilon"), data)


def _method_title(method: str, epsilon: float | None, data: str) -> str:
    """Method, epsilon, and the data where they are not MNIST, as the paper's first ones are."""
    method = OLD_METHODS.get(method, method)
    title = METHOD_TITLES.get(method, method)
    if epsilon is not None and method != "standard":
        title += f" {epsilon:g}"
    if data in ("", "mnist", "mnist_excerpt"):
        return title
    return f"{title}, {IMAGE_SETS.get(data, Path(data).name)}"

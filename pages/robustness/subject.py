"""The image that the explorer looks at: from the gallery, drawn, or uploaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from levelset_core.attacks import evaluating
from levelset_core.data.digits import digit_from_picture, digit_from_strokes
from levelset_core.data.images import IMAGE_SETS
from levelset_core.parallel import torch_threads
from levelset_core.robustness.models import KnownModel
from pages.robustness.address import DRAWN, IMAGES, first_of
from pages.robustness.gallery import gallery
from pages.robustness.models import image_sets, network_of, no_images, test_images
from pages.shared.attempt import telling
from pages.shared.front_end import front_end
from pages.shared.image_data import data_title, here_or_download
from pages.shared.kept import kept_choice, kept_menu
from pages.shared.uploads import prepare_uploads, read_upload

SOURCES = {"gallery": "Gallery", "draw": "Draw", "upload": "Upload"}
#: Said while there is no image yet.
HINTS = {"draw": "Draw a digit on the left.", "upload": "Open a picture of a digit on the left."}
PAD = "digit_pad"
SIDE = 232
_canvas = front_end("levelset_digit", "robustness/digit")


@dataclass(frozen=True, eq=False)
class Subject:
    """An image and the class that an attack drives it away from.

    Attributes:
        image: (c, h, w) in [0, 1].
        label: its class.
        label_name: what the page calls it: a label, or what a person or the network says.
        classes: names.
        place: data set and index of the image, or "drawn" and None; None for an uploaded one.
        digest: of all that.
    """

    image: Tensor
    label: int
    label_name: str
    classes: tuple[str, ...]
    place: tuple[str, int | None] | None = None

    @property
    def digest(self) -> str:
        """Tells it from others."""
        content = self.image.numpy().tobytes() + f"{self.label}{self.label_name}".encode()
        return hashlib.blake2b(content, digest_size=12).hexdigest()


def choose_subject(model: KnownModel) -> Subject | str:
    """The left column: where the image comes from, and which; or what there is to do first."""
    own = model.shape == (1, 28, 28)  # drawn digits are images of MNIST
    source = "gallery"
    if own:
        first = "draw" if first_of(IMAGES, ["", DRAWN]) else "gallery"
        source = kept_choice("Image from", SOURCES, key="explorer_source", first=first)
    if source != "gallery":
        image = _drawn() if source == "draw" else _uploaded()
        place = (DRAWN, None) if source == "draw" else None
        return HINTS[source] if image is None else _own(model, image, place)
    sets = image_sets(model)
    if not sets:
        return no_images(model)
    name = sets[0]
    if len(sets) > 1:
        name = kept_menu(
            "Images", sets, key=f"explorer_data_{model.shape[0]}", first=first_of(IMAGES, sets),
            format_func=data_title, label_visibility="collapsed",
        )  # fmt: skip
    if not here_or_download(name, "explorer"):
        return f"The Explorer needs the images of {IMAGE_SETS[name]}."
    data = test_images(name)
    index = gallery(model, data, name)
    x, y = data.batch(slice(index, index + 1))
    return Subject(x[0], int(y), "label", data.classes, (name, index))


def _own(model: KnownModel, image: np.ndarray, place: tuple[str, int | None] | None) -> Subject:
    x = torch.from_numpy(image.astype(np.float32) / 255)[None]
    names = tuple(str(k) for k in range(model.classes))
    said = st.selectbox(
        "Its class", [None, *range(model.classes)], key="explorer_class",
        format_func=lambda k: "as the model sees it" if k is None else names[k],
        help="The attack drives it away from this class.",
    )  # fmt: skip
    if said is not None:
        return Subject(x, int(said), "you say", names, place)
    network = network_of(model)
    with torch_threads(1), evaluating(network), torch.no_grad():
        seen = int(network(x[None]).argmax())
    return Subject(x, seen, "taken as", names, place)


def _drawn() -> np.ndarray | None:
    kept: dict[str, Any] = st.session_state.setdefault("explorer_drawn", {"edit": 0, "strokes": []})
    state = _canvas(key=PAD, default={"drawn": None}, data={"side": SIDE, **kept})
    if state.drawn:
        kept = st.session_state.explorer_drawn = dict(state.drawn)
    st.caption("Centred by its mass in a box of 20 x 20, as the images of MNIST are.")
    if not kept["strokes"]:
        return None
    with telling():
        return digit_from_strokes(kept["strokes"])
    return None


def _uploaded() -> np.ndarray | None:
    prepare_uploads()
    file = st.file_uploader(
        "A picture of one digit", ["png", "jpg", "jpeg", "bmp", "webp"], key="explorer_file",
        help="Dark on light or light on dark; it is cut out, scaled and centred.",
    )  # fmt: skip
    if file is None:
        return None
    with telling():
        return _picture(file.file_id, _file=file)
    return None


@st.cache_resource(max_entries=8, show_spinner=False)
def _picture(file_id: str, _file: Any) -> np.ndarray:
    """Read once, and not again with every click."""
    return read_upload(digit_from_picture, _file.name, [_file])

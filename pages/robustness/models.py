"""The classifiers of the page Robustness: which there are, and the images to show them."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from torch import nn

from levelset_core.data.images import IMAGE_SETS, ImageSet, is_here, load_images
from levelset_core.robustness.models import KnownModel, known_models
from levelset_core.robustness.table import data_of
from pages.robustness.address import MODEL, first_of
from pages.server.people import my_runs
from pages.shared.kept import kept_menu

#: What an origin looks like in a list.
ORIGIN_ICONS = {
    "bundled": ":material/inventory_2:",
    "run": ":material/model_training:",
    "upload": ":material/upload_file:",
}
EXCERPT = "mnist_excerpt"
_GREY, _COLOUR = (1, 28, 28), (3, 32, 32)
SHAPES = {EXCERPT: _GREY, "mnist": _GREY, "fashion_mnist": _GREY, "cifar10": _COLOUR}
#: Key of the menu of data sets, which the table and the curves share.
DATA = "robust_data"
#: Draws something of the known models.
View = Callable[[list[KnownModel]], None]
#: Of each of these data sets.
CLASSES = 10


def no_images(model: KnownModel) -> str:
    """Why :func:`image_sets` has none for a model."""
    size = " × ".join(map(str, model.shape))
    fitting = [name for name, shape in SHAPES.items() if shape == model.shape]
    if fitting:
        title = IMAGE_SETS[fitting[0]].partition(",")[0]
        return f"{title} has {CLASSES} classes, this network {model.classes}."
    return f"No data set of this page has images of {size}: the command line takes class folders."


def models() -> list[KnownModel]:
    """All known ones: bundled, trained here, uploaded."""
    return known_models(my_runs())


@st.cache_resource(max_entries=12, show_spinner=False)
def _network(path: str, digest: str) -> nn.Module:
    from pathlib import Path

    from levelset_core.classifiers.files import load_classifier

    return load_classifier(Path(path)).network


def network_of(model: KnownModel) -> nn.Module:
    """Its network, in evaluation mode on the CPU, shared by all who look: change nothing in it.

    Raises:
        LevelsetError: the file is gone or damaged.
    """
    return _network(str(model.path), model.digest)


def image_sets(model: KnownModel) -> list[str]:
    """Names of the data sets with test images for the model.

    Those on this machine, then the one that it was trained on if that would have to be downloaded;
    all that could be, if none is here.
    """
    if model.classes < CLASSES:
        return []
    fitting = [name for name, shape in SHAPES.items() if shape == model.shape]
    here = [name for name in sets_here() if name in fitting]
    own = data_of(model)
    return here + [n for n in fitting if n not in here and (n == own or not here)]


def sets_here() -> tuple[str, ...]:
    """Names of the data sets on this machine, the bundled one first."""
    return (EXCERPT, *(name for name in IMAGE_SETS if name != EXCERPT and is_here(name)))


@st.cache_resource(max_entries=4, show_spinner="Reading images")
def test_images(name: str) -> ImageSet:
    """The test images of a data set of :func:`image_sets`.

    Raises:
        LevelsetError: they are damaged.
    """
    return load_images(name, "test", download=False)


def choose_model(found: list[KnownModel], key: str, label: str = "Model") -> KnownModel:
    """A menu of the models; that of the address, else the first is chosen to begin with."""
    by_id = {model.id: model for model in found}
    ids = list(by_id)
    first = first_of(MODEL, ids)
    return by_id[kept_menu(label, ids, key=key, first=first, format_func=lambda i: by_id[i].title)]


def choose_models(found: list[KnownModel], key: str, at_most: int = 6) -> list[KnownModel]:
    """Pills to choose several; to begin with the first ones are."""
    by_id = {model.id: model for model in found}
    chosen = st.pills(
        "Models", list(by_id), key=key, selection_mode="multi", default=list(by_id)[:at_most],
        format_func=lambda i: f"{ORIGIN_ICONS[by_id[i].origin]} {by_id[i].title}",
        label_visibility="collapsed",
    )  # fmt: skip
    return [by_id[i] for i in chosen][:at_most]


def with_models(draw: View) -> View:
    """A view that needs a model; where there is none it says how to get one."""

    def view(found: list[KnownModel]) -> None:
        if found:
            draw(found)
        else:
            _no_models()

    return view


def _no_models() -> None:
    with st.container(border=True):
        st.markdown("## No classifier yet")
        st.markdown(
            "Train one here (**Train here**), or upload one (**Your model**). From the command "
            "line, a tiny one on the bundled images in a minute:"
        )
        st.code(
            "python -m levelset_core train-robust --method standard --data mnist_excerpt "
            "-o tiny.safetensors",
            language="bash",
        )

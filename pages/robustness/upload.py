"""Your model: a state dict of a known architecture, or a program of torch.export."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import streamlit as st

from levelset_core.classifiers.files import EXPORTED, Classifier
from levelset_core.classifiers.uploads import (
    ARCHITECTURES,
    SUFFIXES,
    classifier_from_bytes,
    looked_at,
)
from levelset_core.data.images import IMAGE_SETS
from levelset_core.errors import LevelsetError
from levelset_core.robustness.models import NETWORK_TITLES, KnownModel, forget_upload, keep_upload
from levelset_core.runs import RunStore
from pages.robustness.models import SHAPES, sets_here, test_images
from pages.shared.attempt import attempt, tell

FIND = "find out"
ERROR = "robust_keep_error"
#: A ResNet-18 has 45 MB.
LARGEST = 100
#: Means something in Markdown, which shows names here and there.
MARKUP = re.compile(r"[\\`*$\[\]<>:~#|]+")
EXPORT = """import torch

network.eval()  # as at test time
x = torch.rand(2, 1, 28, 28)  # pixels in [0, 1]
any_number = {0: torch.export.Dim("n")}
program = torch.export.export(
    network, (x,), dynamic_shapes=(any_number,)
)
torch.export.save(program, "network.pt2")"""


def upload_view(found: list[KnownModel]) -> None:
    """The upload, what it turned out to be, and those uploaded before."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("##### Attack your own classifier")
        file = st.file_uploader(
            f"A state dict or an exported program: {', '.join(SUFFIXES)}", key="robust_file",
            help="It stays on this machine.", max_upload_size=LARGEST,
        )  # fmt: skip
        arch = st.segmented_control(
            "Architecture of a state dict", [FIND, *ARCHITECTURES], default=FIND, key="robust_arch",
            format_func=lambda name: NETWORK_TITLES.get(name, "Find out"), required=True,
        )  # fmt: skip
        if file is not None:
            _look(file.name, file.getvalue(), None if arch == FIND else arch)
        tell(ERROR)
        if message := st.session_state.get("robust_kept"):
            st.success(message, icon=":material/check:")
        _uploaded([m for m in found if m.origin == "upload"])
    with right:
        _what_is_read()


def _look(name: str, content: bytes, arch: str | None) -> None:
    try:
        with st.spinner("Reading"):
            classifier, lines = _read(
                name, hashlib.blake2b(content).hexdigest(), arch, sets_here(), _content=content
            )
    except LevelsetError as error:
        st.error(str(error), icon=":material/error:")
        return
    with st.container(border=True):
        for line in lines:
            st.markdown(line)
        given = st.text_input("Call it", Path(name).stem[:40], key=f"robust_name_{name}")
        title = " ".join(MARKUP.sub(" ", given).split())
        st.button(
            "Add to the models", type="primary", icon=":material/add:", key="robust_keep",
            disabled=not title, on_click=attempt,
            args=(ERROR, _keep, classifier, title, name),
        )  # fmt: skip


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(
    name: str, digest: str, arch: str | None, here: tuple[str, ...], _content: bytes
) -> tuple[Classifier, list[str]]:
    """The classifier, and what is to be said about it."""
    classifier = classifier_from_bytes(name, _content, arch=arch)
    size = " × ".join(map(str, classifier.shape))
    what = "A program of torch.export" if classifier.model == EXPORTED else "A state dict"
    sets = [name for name in here if SHAPES[name] == classifier.shape]
    lines = []
    if sets and classifier.classes >= len(test_images(sets[0]).classes):
        classifier, accuracy, note = looked_at(classifier, test_images(sets[0]))
        lines += [note] if note else []
        lines.append(
            f"**{accuracy:.1%}** of the first {min(1000, len(test_images(sets[0]))):,} images of "
            f"{IMAGE_SETS.get(sets[0], sets[0])} are right without an attack."
        )
        if accuracy < 0.5:
            lines.append(
                ":material/warning: That is low: it may expect normalized images, or images of "
                "another kind. Put the normalization into the network and export it."
            )
    else:
        later = (
            " yet: Table offers them for download" if classifier.shape in SHAPES.values() else ""
        )
        lines.append(f"There are no test images of {size} on this machine{later}.")
    title = NETWORK_TITLES.get(classifier.model, classifier.model)
    parameters = sum(t.numel() for t in classifier.network.state_dict().values())
    first = (
        f"{what}: **{title}**, images of {size}, {classifier.classes} classes, "
        f"{parameters:,} numbers."
    )
    return classifier, [first, *lines]


def _keep(classifier: Classifier, title: str, file: str) -> None:
    st.session_state.robust_kept = None
    keep_upload(classifier, title, {"method": None, "file": Path(file).name}, RunStore())
    st.session_state.robust_kept = f"{title} is among the models now: see Table and Curves."


def _uploaded(models: list[KnownModel]) -> None:
    if not models:
        return
    st.markdown("##### Uploaded so far")
    for model in models:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{model.title}** :gray[{model.network_title}]", width="stretch")
            st.button(
                "Remove", icon=":material/delete:", key=f"forget_{model.id}",
                on_click=_forget, args=(model,),
            )  # fmt: skip


def _forget(model: KnownModel) -> None:
    forget_upload(model)
    st.session_state.robust_kept = None


def _what_is_read() -> None:
    st.markdown("##### What is read, and how")
    st.markdown(
        "- **.safetensors**: plain tensors. A file of this program says what it holds.\n"
        "- **.pt, .pth**: a state dict, read with `weights_only=True`: no code in it runs. Other "
        "prefixes and names of the layers are fine: the same layers in the same order fit.\n"
        "- **ConvNet-4a** exists with and without two ReLUs in its head, which a state dict does "
        "not show. The variant that gets more images right is used, and the page says so.\n"
        "- **.pt2**: a program of `torch.export`. `torch.export.load` is not safe on a stranger's "
        "file: it unpickles, loads native code and evaluates text where the file says so. So this "
        "program reads only the graph (JSON) and the weights (plain bytes), and runs the graph "
        "with a list of allowed operators; pickled parts are refused."
    )
    st.code(EXPORT, language="python")
    st.caption("Pixels in [0, 1] go in, logits come out; a normalization belongs in the network.")

"""Your model: a state dict of a known architecture, or a program of torch.export."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from levelset_core.classifiers.files import EXPORTED, ONNX
from levelset_core.classifiers.looking import MANY
from levelset_core.classifiers.normalization import (
    Normalization,
    given_normalization,
    usual_normalizations,
)
from levelset_core.classifiers.uploads import ARCHITECTURES, SUFFIXES
from levelset_core.data.images import same_first_images
from levelset_core.errors import LevelsetError
from levelset_core.robustness.models import (
    NETWORK_TITLES,
    KnownModel,
    forget_upload,
    keep_uploaded_file,
)
from levelset_core.robustness.uploads import (
    SeenClassifier,
    UploadedClassifier,
    seen_classifier,
    uploaded_classifier,
)
from pages.robustness.models import SHAPES, sets_here, test_images
from pages.server.people import my_runs
from pages.shared.attempt import attempt, tell
from pages.shared.glossary import explained, hint
from pages.shared.uploads import prepare_uploads, read_upload

FIND, OWN = "find out", "other numbers"
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
    prepare_uploads()
    with left:
        st.markdown("## Attack your own classifier")
        file = st.file_uploader(
            f"A state dict, an exported program or an ONNX file: {', '.join(SUFFIXES)}",
            key="robust_file",
            help="It stays on this machine.", max_upload_size=LARGEST,
        )  # fmt: skip
        arch = st.segmented_control(
            "Architecture of a state dict", [FIND, *ARCHITECTURES], default=FIND, key="robust_arch",
            format_func=lambda name: NETWORK_TITLES.get(name, "Find out"), required=True,
            help=hint("convnet4"),
        )  # fmt: skip
        if file is not None:
            _look(file, None if arch == FIND else arch)
        tell(ERROR)
        if message := st.session_state.get("robust_kept"):
            st.success(message, icon=":material/check:")
        _uploaded([m for m in found if m.origin == "upload"])
    with right:
        _what_is_read()


def _look(file: Any, arch: str | None) -> None:
    name, digest = file.name, hashlib.blake2b(file.getbuffer()).hexdigest()
    try:
        with st.spinner("Reading"):
            read = _read(name, digest, arch, _file=file)
        with st.container(border=True):
            st.markdown(_what(read))
            normalization = None if read.described else _normalization(read, digest)
            with st.spinner("Trying it on images"):
                seen = _seen(name, digest, arch, normalization, sets_here(), _read=read, _file=file)
            for line in seen.lines:
                st.markdown(line)
            given = st.text_input("Call it", Path(name).stem[:40], key=f"robust_name_{name}")
            title = " ".join(MARKUP.sub(" ", given).split())
            st.button(
                "Add to the models", type="primary", icon=":material/add:", key="robust_keep",
                disabled=not title, on_click=attempt,
                args=(ERROR, _keep, seen, title, name),
            )  # fmt: skip
    except LevelsetError as error:
        st.error(str(error), icon=":material/error:")


@st.cache_resource(max_entries=4, show_spinner=False)
def _read(name: str, digest: str, arch: str | None, _file: Any) -> UploadedClassifier:
    return read_upload(uploaded_classifier, name, [_file], name, arch)


def _what(classifier: UploadedClassifier) -> str:
    """The sentence on what a file holds."""
    title = NETWORK_TITLES.get(classifier.model, classifier.model)
    what = f"A state dict: **{title}**"
    if classifier.model == EXPORTED:
        what = "**A program of torch.export**"
    elif classifier.model == ONNX:
        what = "**An ONNX file**"
    size = " × ".join(map(str, classifier.shape))
    classes, numbers = classifier.classes, classifier.numbers
    return f"{what}, images of {size}, {classes} classes, {numbers:,} numbers."


def _normalization(classifier: UploadedClassifier, digest: str) -> Normalization | None:
    """What a person says that the network wants; None to find out."""
    usual = {str(k): n for k, n in enumerate(usual_normalizations(classifier.shape[0]))}
    chosen = st.selectbox(
        "Pixels that it wants", [FIND, *usual, OWN], key=f"robust_pixels_{digest[:12]}",
        format_func=lambda k: _capital(usual[k]) if k in usual else k.capitalize(),
        help="A network trained on normalized pixels, (pixel - mean) / std, is another one on "
        "pixels in [0, 1]. The usual normalizations are tried on the first test images.",
    )  # fmt: skip
    if chosen != OWN:
        return usual.get(chosen)
    mean, std = st.columns(2)
    return given_normalization(
        _numbers(mean.text_input("Mean", "0.5", help="One number, or one for each channel.")),
        _numbers(std.text_input("Standard deviation", "0.5", help="As many as there are means.")),
    )


def _capital(normalization: Normalization) -> str:
    text = str(normalization)
    return text[0].upper() + text[1:]


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.replace(",", " ").split()]
    except ValueError as error:
        raise LevelsetError(f"{text!r} must be numbers, as 0.4914 0.4822 0.4465.") from error


@st.cache_resource(max_entries=4, show_spinner=False)
def _seen(
    name: str,
    digest: str,
    arch: str | None,
    normalization: Normalization | None,
    here: tuple[str, ...],
    _read: UploadedClassifier,
    _file: Any,
) -> SeenClassifier:
    """The classifier as it is right, and what is to be said about it."""
    shaped = [name for name in here if SHAPES[name] == _read.shape]
    shaped = [n for n in shaped if n == shaped[0] or not same_first_images(n, shaped[0])]
    images = [test_images(n).first(MANY) for n in shaped]
    seen = read_upload(seen_classifier, name, [_file], name, arch, after=(normalization, images))
    if shaped:
        return seen
    size = " × ".join(map(str, _read.shape))
    later = ": the view Table offers them for download" if _read.shape in SHAPES.values() else ""
    line = f"There are no test images of {size} on this machine yet{later}."
    return replace(seen, lines=[*seen.lines, line])


def _keep(seen: SeenClassifier, title: str, file: str) -> None:
    st.session_state.robust_kept = None
    card = {"method": None, "file": Path(file).name}
    keep_uploaded_file(seen.stem, seen.content, title, card, my_runs())
    st.session_state.robust_kept = f"{title} is among the models now: see Table and Curves."


def _uploaded(models: list[KnownModel]) -> None:
    if not models:
        return
    st.markdown("## Uploaded so far")
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
    st.markdown("## What is read, and how")
    told = (
        "- **.safetensors**: {safetensors|plain numbers}. A file made by this program says which "
        "network they belong to.\n"
        "- **.pt, .pth**: a {state_dict}, read with `weights_only=True`: no code in it runs. Other "
        "prefixes and names of the layers are fine: the same layers in the same order fit. Of "
        "several networks in a file the one averaged over the training (`ema`) is taken, and the "
        "page says so.\n"
        "- **Normalized pixels**: the usual normalizations are tried on the first test images, and "
        "the page says which one the network wants.\n"
        "- **ConvNet-4a** exists with and without two ReLUs in its head, which a state dict does "
        "not show. The variant that gets more images right is used, and the page says so.\n"
        "- **.pt2**: a program of `torch.export`. `torch.export.load` is not safe on a stranger's "
        "file: it unpickles, loads native code and evaluates text where the file says so. So this "
        "program reads only the graph (JSON) and the weights (plain bytes), and runs the graph "
        "with a list of allowed operators, once its sizes are checked; pickled parts are refused.\n"
        "- **.onnx** ({onnx}): operators and numbers, no code. What onnx2torch converts has "
        "gradients; other networks run in onnxruntime without gradients, and the page says so."
    )
    st.markdown(explained(told), unsafe_allow_html=True)
    st.code(EXPORT, language="python")
    st.caption("Images go in, logits come out, one for each class.")

"""Test images that one loss gets right and another wrong, and how near their boundary is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from levelset_core.errors import LevelsetError
from levelset_core.few_samples.config import LOSSES
from levelset_core.few_samples.gallery import Gallery
from pages.few_samples.sources import Source

COLUMNS = 2
#: Pixels of an image are drawn as squares of about this size over its width.
WIDTH = 168


def gallery_view(source: Source) -> None:
    """Choose who is right and who is wrong, and see the images with their p⁰."""
    try:
        gallery = _load(str(source.gallery), source.gallery.stat().st_mtime_ns)
    except (LevelsetError, OSError):
        if source.stored:
            st.info(
                "This stored result comes without its images, which this project may not share. "
                "**Run here**, or the command, makes them:"
            )
            st.code(f"{source.command()} --gallery FILE.npz", language="bash", wrap_lines=True)
        else:
            st.info("The images are here as soon as the run is done.", icon=":material/hourglass:")
        return
    losses = [loss for loss in LOSSES if loss in gallery.views]
    if len(losses) < 2:
        st.info("A comparison needs two losses.")
        return
    pairs = [(a, b) for a in reversed(losses) for b in losses if a != b]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        right, wrong = st.selectbox(
            "Right and wrong", pairs, key=f"few_pair_{source.key}", width=420,
            format_func=lambda p: f"{LOSSES[p[0]]} right, {LOSSES[p[1]].lower()} wrong",
        )  # fmt: skip
        images = round(gallery.fraction * source.result["total"])
        accuracy = ", ".join(f"{LOSSES[k]} {gallery.accuracy[k]:.1%}" for k in losses)
        st.caption(
            f"Networks trained on {images:,} images, repeat {gallery.repeat + 1} ({accuracy}). "
            "At the left the test image. Beside it, for each network, the same image changed just "
            "enough for its answer to flip. They look alike because so little is enough. Below: "
            "the change itself, made visible: white got brighter, black darker; 90× means drawn "
            "90 times as strong. Pixels run from 0 to 1. (The changed image is the point p⁰ of "
            "the decision boundary where Newton's steps of Eq. 4 end; other points of it may be "
            "nearer.)"
        )
    rows = gallery.rows(right, wrong)
    if not rows:
        st.info(
            f"There is no test image that {LOSSES[right]} gets right and {LOSSES[wrong]} wrong."
        )
        return
    columns = st.columns(COLUMNS, gap="small")
    for place, k in enumerate(rows[:12]):
        with columns[place % COLUMNS].container(border=True):
            sides = source.result["labels"]
            _card(
                gallery, k, [right, wrong, *(x for x in losses if x not in (right, wrong))], sides
            )
    st.code(source.command(gallery.fraction), language="bash", wrap_lines=True)


@st.cache_resource(max_entries=8, show_spinner=False)
def _load(path: str, changed: int) -> Gallery:
    return Gallery.load(Path(path))


def _card(gallery: Gallery, k: int, losses: list[str], sides: dict[str, list[str]]) -> None:
    label = f"{gallery.label[k]:+.0f}"
    cells = st.columns(1 + len(losses), gap="small")
    with cells[0]:
        name = f"Test image {gallery.index[k]}: one of {', '.join(sides[label[0] + '1'])}"
        st.image(_picture(gallery, gallery.images[k]), width="stretch", alt=name)
        st.caption(name)
    for cell, loss in zip(cells[1:], losses, strict=True):
        view = gallery.views[loss]
        mark = ":material/check:" if view.right[k] else ":material/close:"
        with cell:
            foot = f"Where the boundary of {LOSSES[loss]} was reached from {name}"
            st.image(_picture(gallery, view.boundary[k]), width="stretch", alt=foot)
            change = view.boundary[k] - gallery.images[k]
            most = float(np.abs(change).max())
            shown = np.clip(0.5 + change / (2 * max(most, 1e-9)), 0, 1).astype(np.float32)
            what = f"What changed from {name} to where the boundary of {LOSSES[loss]} was reached"
            st.image(_picture(gallery, shown), width="stretch", alt=what)
            reached = (
                f"Flips when pixels change by up to {view.linf[k]:.3f} "
                f"(L2\u00a0{view.l2[k]:.2f}; drawn {0.5 / max(most, 1e-9):,.0f}×)."
                if view.reached[k]
                else "Its boundary was not reached."
            )
            word = "right" if view.right[k] else "wrong"
            st.caption(f"{mark} {LOSSES[loss]} is {word}. {reached}")


def _picture(gallery: Gallery, flat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(height, width[, 3]) with every pixel as a square, so that browsers do not blur it."""
    image = flat.reshape(gallery.shape).transpose(1, 2, 0)
    scale = max(1, WIDTH // image.shape[1])
    large = np.repeat(np.repeat(image, scale, 0), scale, 1)
    bytes_: NDArray[np.uint8] = (np.clip(large, 0, 1) * 255).round().astype(np.uint8)
    return bytes_[:, :, 0] if bytes_.shape[2] == 1 else bytes_

"""The images that an attack broke, to take away: beside a cell's result."""

from __future__ import annotations

from functools import partial

import streamlit as st

from levelset_core.attacks.pictures import npz, sheet
from levelset_core.errors import LevelsetError
from levelset_core.robustness.kept_images import broken_images
from levelset_core.robustness.table import Entry
from levelset_core.runs import RunStore
from pages.server.people import my_runs

_WORDS = {"npz": "Arrays (NPZ)", "png": "Sheet (PNG)"}


def downloads(entry: Entry) -> None:
    """Buttons for the adversarial images of a cell that a run of this machine attacked."""
    best = entry.best
    if best is None or best.run_id is None or entry.attack.attack == "clean":
        return
    store = my_runs()  # here: a click on a download comes without a page
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("The images that it broke:", width="content")
        for kind, word in _WORDS.items():
            st.download_button(
                word, partial(_content, store, best.run_id, entry, kind),
                key=f"robust_images_{kind}",
                file_name=f"{entry.model.title}, {entry.attack.attack}.{kind}",
                icon=":material/download:", type="tertiary", on_click="ignore",
                help="Made when you click: image, adversarial image, label, what it is seen as.",
            )  # fmt: skip


def _content(store: RunStore, run_id: str, entry: Entry, kind: str) -> bytes:
    run = store.get(run_id)
    try:
        arrays, classes = broken_images(run, entry.attack)
        return npz(arrays) if kind == "npz" else sheet(arrays, classes)
    except LevelsetError as error:  # a download has no other way to tell it
        return f"{error}\n".encode()

"""Data sets of images: which are on this machine, and the button that downloads one."""

from __future__ import annotations

import streamlit as st

from levelset_core.data.images import IMAGE_SETS, is_here, load_images
from levelset_core.errors import LevelsetError
from levelset_core.paths import data_folder

#: What torchvision downloads.
SIZES = {"mnist": "12 MB", "fashion_mnist": "31 MB", "cifar10": "170 MB"}


def data_title(name: str) -> str:
    """As menus have it."""
    return IMAGE_SETS[name] + ("" if is_here(name) else " (not on this machine)")


def data_size_title(name: str) -> str:
    """With how few images there are in the excerpt, where a figure may be about all of them."""
    return data_title(name) + (" (1,000 images)" if name == "mnist_excerpt" else "")


def here_or_download(name: str, key: str) -> bool:
    """Whether the images of a data set are on this machine; a button that gets them if not.

    Args:
        name: one of ``IMAGE_SETS``.
        key: tells buttons on one page apart.
    """
    if is_here(name):
        return True
    st.markdown(f"The images of {IMAGE_SETS[name]} are not on this machine.")
    if st.button(f"Download ({SIZES[name]})", icon=":material/download:", key=f"download_{key}"):
        try:
            with st.spinner(f"Downloading {IMAGE_SETS[name]}"):
                load_images(name, "test")
        except LevelsetError as error:
            st.error(
                f"{IMAGE_SETS[name]} could not be downloaded ({error.__cause__ or error}). Try "
                f"again, or put it into {data_folder()} by hand.",
                icon=":material/error:",
            )
        else:
            st.rerun()
    return False

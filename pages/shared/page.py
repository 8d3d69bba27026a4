"""The skeleton of every page: its title, its views, what is below them, the device."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from levelset_core.device import describe_device, pick_device
from pages.shared.attempt import telling
from pages.shared.kept import view_choice

#: Name (in the address, in tests) -> what is shown, and the function that draws it. Only the
#: chosen one is called.
Views = Mapping[str, tuple[str, Callable[..., object]]]


@dataclass(frozen=True)
class Page:
    """The page that is being drawn.

    Attributes:
        row: the line of the title, for what else belongs there.
        show: draws the chosen view.
    """

    row: DeltaGenerator
    show: Callable[..., object]


@contextmanager
def page(
    title: str,
    views: Views | None = None,
    *,
    key: str = "view",
    unseen: bool = False,
    place: DeltaGenerator | None = None,
    device: str | None = None,
) -> Iterator[Page]:
    """Begin with the title and the choice of a view; end with the device, if it is named.

    Args:
        title: the page's heading.
        views: the first one opens; ``?view=name`` in the address opens another.
        key: of the control, used by no other page.
        unseen: the heading is for screen readers only, where the picture needs the room.
        place: for the choice, where it is not beside the title.
        device: where the page trains, see :func:`device_badge`; shown in the sidebar.
    """
    if unseen:
        row = st.container(key="unseen_title")
    else:
        row = st.container(horizontal=True, vertical_alignment="center")
    row.title(title, anchor=False, width="content")
    show: Callable[..., object] = _nothing
    if views:
        with place or row:
            labels = {name: label for name, (label, _) in views.items()}
            show = views[view_choice("View", labels, key=key, default=next(iter(views)))][1]
    with telling():  # what no part of the page has told, as that the server is full
        yield Page(row, show)
    if device is not None:
        with st.sidebar:
            device_badge(device)


def tabs(label: str, views: Views, *args: object, key: str) -> None:
    """A choice below the picture, and the chosen view, drawn from ``args``.

    Args:
        label: for screen readers.
        views: the first one is open.
        args: what every view takes.
        key: of the control.
    """
    names = list(views)
    chosen = st.segmented_control(
        label, names, format_func=lambda name: views[name][0], default=names[0], key=key,
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    views[chosen or names[0]][1](*args)


def device_badge(default: str) -> None:
    """Where networks are trained: ``$LEVELSET_DEVICE``, or the default."""
    device = pick_device(os.environ.get("LEVELSET_DEVICE") or default)
    st.badge(f"Runs on {describe_device(device)}", icon=":material/memory:", color="gray")


def _nothing(*args: object) -> None:
    """A page without views has none to draw."""

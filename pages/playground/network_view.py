"""The network drawn: what each unit computes, and the weights as lines."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import streamlit as st

from levelset_core.live import LiveSession
from levelset_core.playground import OBJECTIVES
from pages.shared.attempt import telling
from pages.shared.front_end import front_end

#: Seconds between two pictures.
EVERY = 1.5
STEPS = 127

_component = front_end("levelset_network", "playground/network")


def network_view(session: LiveSession) -> None:
    """A picture of every unit that counts, renewed while the network trains."""
    titles = [OBJECTIVES[config.objective].title for config in session.state.panels()]
    panel = 0
    if len(titles) > 1:
        panel = st.selectbox("Network", range(len(titles)), format_func=titles.__getitem__)
    st.caption(
        "Each small picture is the plane as one unit sees it: blue where it is positive, orange "
        "where it is negative. A line is a weight: the thicker, the larger; blue adds, orange "
        "subtracts. Point at a unit to see what it is made of."
    )
    _picture(session, panel)


@st.fragment(run_every=EVERY)
def _picture(session: LiveSession, panel: int) -> None:
    with telling():
        layers = session.call("units", panel=panel)
        _component(key="network", data={"layers": [_plain(layer) for layer in layers]})


def _plain(layer: dict[str, Any]) -> dict[str, Any]:
    """A layer as JSON: fields in steps of the largest value of each unit."""
    fields = np.nan_to_num(layer["fields"])
    scale = np.abs(fields).max(axis=(1, 2), keepdims=True)
    steps = np.round(fields / np.where(scale > 0, scale, 1) * STEPS).astype(np.int8)
    return {
        "width": layer["width"],
        "index": layer["index"].tolist(),
        "fields": base64.b64encode(steps.tobytes()).decode(),
        "scale": scale.ravel().tolist(),
        "grid": fields.shape[1],
        "weights": np.nan_to_num(layer["weights"]).round(4).tolist(),
    }

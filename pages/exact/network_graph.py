"""A network drawn as a graph; front end in assets/graph."""

from __future__ import annotations

import streamlit as st
from torch import nn

from levelset_core.exact.edges import Place, edges, linear_layers
from pages.shared.front_end import base_path, front_end, nothing

#: More lines than this tell an eye nothing.
MOST = 3000

_component = front_end("levelset_graph", "exact/graph")


def network_graph(network: nn.Sequential, chosen: Place | None, *, key: str, height: int) -> None:
    """Draw the graph; a click chooses a weight, see :func:`chosen_weight`."""
    shown, total = edges(network, MOST)
    layers = linear_layers(network)
    _component(
        key=key,
        data={
            "base": base_path(), "height": height, "total": total, "edges": shown,
            "widths": [layers[0].in_features, *(layer.out_features for layer in layers)],
            "chosen": list(chosen) if chosen else None,
        },
        default={"chosen": None}, height=height, on_chosen_change=nothing,
    )  # fmt: skip


def chosen_weight(key: str) -> tuple[Place | None, int]:
    """The weight that was clicked, and when, at the beginning of this run."""
    state = st.session_state.get(key)
    chosen = state.get("chosen") if state else None
    if not chosen:
        return None, 0
    layer, row, column, moment = chosen
    return (layer, row, column), moment

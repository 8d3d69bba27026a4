"""The first picture: the four panels of Figure 1 train, from a stored film."""

from __future__ import annotations

import streamlit as st

from levelset_core.data import BOUNDS
from pages.shared.front_end import front_end

#: What each panel's network is asked for, in the film's order.
CAPTIONS = (
    "Asked only to be right. The line may pass close to points.",
    "Asked to keep a square around every point free.",
    "Asked to keep a disc around every point free.",
    "Asked to stay as far from the points as it can.",
)
LABEL = (
    "A film of four networks that learn the same 24 points. Cross-entropy ends with its boundary "
    "close to some points; the margin losses and the geometric SVM keep it away from all of them."
)
KEY = (
    ":blue[●] :orange[■] points of two classes · **thick line**: the network says 0 · **bars**: "
    "how far each point is from the line · **dashed**: how far two of the networks are asked to "
    "keep it"
)

_component = front_end("levelset_hero", "home/hero")


def hero() -> None:
    """Draw the film, and what is seen in it."""
    with st.container(key="hero"):
        _component(
            key="film",
            data={
                "bounds": list(BOUNDS), "captions": list(CAPTIONS), "label": LABEL,
                "prefetch": ["/levelset/assets/home/hero/figure_1.film"],
            },
        )  # fmt: skip
        st.caption(KEY)

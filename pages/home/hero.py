"""The first picture: the four panels of Figure 1 train, from a stored film."""

from __future__ import annotations

import streamlit as st

from levelset_core.data import BOUNDS
from levelset_core.glossary import GLOSSARY
from levelset_core.playground import FIGURE_1
from pages.shared.front_end import front_end
from pages.shared.glossary import explained

#: What each panel's network is asked for, in the film's order.
CAPTIONS = tuple(
    GLOSSARY[name].title + more
    for name, more in zip(
        FIGURE_1,
        (
            ": the line may pass close to points.",
            ", ε\u00a0=\u00a00.20 to each side.",
            ", ε\u00a0=\u00a00.20. The largest square in such a disc is 0.14.",
            " without points in it.",
        ),
        strict=True,
    )
)
LABEL = (
    "A film of four networks that learn the same 24 points. Cross-entropy ends with its boundary "
    "close to some points; the margin losses and the geometric SVM keep it away from all of them."
)
KEY = (
    ":blue[●] :orange[■] points of two classes · **bars**: their distances from the line, measured "
    "in squares ({linf}); red and below 0: on the wrong side · **margin**: the smallest of them · "
    "**dashed**: the distance that two of the networks are asked to keep ({epsilon})"
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
        st.caption(explained(KEY), unsafe_allow_html=True)

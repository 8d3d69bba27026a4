"""How it works: three formulas, whose symbols explain themselves."""

from __future__ import annotations

import streamlit as st

from pages.shared.glossary import explained

#: Title, formula with its terms of the glossary, what it does, where it stands in the paper.
STEPS = (
    (
        "1. Find the line",
        "{p} ← {p} − {pseudo_inverse|DₓF(p)⁺} {F|F(p)}",
        "Walk from any point along the gradient until the network says 0. A few such steps "
        "end on the level set.",
        "Eq. 4",
    ),
    (
        "2. Know how it moves",
        "{sample_network|p(θ)} = {p} − {pseudo_inverse|DₓF⁺} [{F|F(p; θ)} − {level|c}]",
        "Change the weights a little, and this point moves with the level set. So we know which "
        "change of the weights moves it where we want it.",
        "Eq. 9",
    ),
    (
        "3. Push it",
        "max{0, {epsilon} − sign({y}{F|F(x)}) {margin|d}({x}, {sample_network|p(θ)})}",
        "Put that place into a loss, and training moves the line itself. This one is 0 as soon as "
        "every point is as far from the line as it was asked to be.",
        "Eq. 12",
    ),
)  # fmt: skip


def how_it_works() -> None:
    """The three steps beside one another."""
    st.header("How it works", anchor=False)
    st.caption("Point at a symbol, or move to it with Tab, to read what it means.")
    with st.container(key="steps"):
        for title, formula, text, place in STEPS:
            with st.container(border=True):
                st.markdown(f"### {title}")
                st.html(f'<p class="levelset-formula">{explained(formula)}</p>')
                st.markdown(f"{text} :gray[({place})]")

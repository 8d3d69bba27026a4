"""Home: the method at work in the first picture, a way into each tool, and how it works."""

import streamlit as st

from levelset_core.paths import ASSETS
from pages.home.hero import hero
from pages.home.steps import how_it_works
from pages.home.tools import tools
from pages.shared.page import device_badge, page

LEAD = (
    "Four networks learn to tell blue from orange. The thick line, where a network says 0, is its "
    "**level set**. How far a point is from that line is its **input margin**: the height of its "
    "bar."
)

st.html(ASSETS / "home" / "page.css")
with st.container(key="home"), page("See, steer and trust the level sets of neural networks"):
    with st.container(horizontal=True, vertical_alignment="center", key="home_lead"):
        st.markdown(LEAD, width="stretch")
        st.page_link("playground/page.py", label="Draw your own", icon=":material/draw:")
    hero()
    tools()
    how_it_works()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "After Atzmon, Haim, Yariv, Israelov, Maron, Lipman: *Controlling Neural Level "
            "Sets*, NeurIPS 2019.",
            width="stretch",
        )
        device_badge("cpu")

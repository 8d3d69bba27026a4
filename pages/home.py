"""Home: what this is, in one screen, and a way into each tool."""

import streamlit as st

from pages.widgets.badges import device_badge

st.title("See, steer and trust the level sets of neural networks")
st.markdown(
    "A network F(x; θ) hides a shape in its **level set** S = {x : F(x; θ) = 0}: a decision "
    "boundary, a curve, a surface. Levelset Lab samples that shape, makes every sample a "
    "differentiable function of θ, and lets you move it: margins in input space, not in logits."
)
device_badge()

left, middle, right = st.columns(3)
with left.container(border=True, height="stretch"):
    st.markdown("#### Sample")
    st.latex(r"p \leftarrow p - D_xF(p)^{\dagger}\,F(p)")
    st.caption("Generalized Newton steps carry any point to the level set (Eq. 4).")
with middle.container(border=True, height="stretch"):
    st.markdown("#### Differentiate")
    st.latex(r"p(\theta) = p - D_xF^{\dagger}\,[F(p;\theta) - c]")
    st.caption("One fixed linear layer makes a sample's position a function of θ (Eq. 9).")
with right.container(border=True, height="stretch"):
    st.markdown("#### Steer")
    st.latex(r"\max\{0,\ \varepsilon - \mathrm{sign}(yF)\, d(x, p(\theta))\}")
    st.caption("Put p(θ) into any loss, and the optimizer moves the level set itself (Eq. 12).")

with st.container(border=True):
    text, action = st.columns([4, 1], vertical_alignment="center")
    text.markdown("#### 2D playground")
    text.markdown(
        "Draw points and watch the boundary, the margins and the SVM level sets train live. "
        "Compare losses side by side, take one iteration apart equation by equation."
    )
    action.page_link("pages/playground.py", label="Open the playground", icon=":material/draw:")

with st.container(border=True):
    text, action = st.columns([4, 1], vertical_alignment="center")
    text.markdown("#### Exact networks")
    text.markdown(
        "Draw a polygon or open a mesh and see the ReLU network whose zero level set it is "
        "(Theorem 1): built in milliseconds, checked on a million points."
    )
    action.page_link(
        "pages/exact_networks.py", label="Open exact networks", icon=":material/polyline:"
    )

st.caption(
    "After Atzmon, Haim, Yariv, Israelov, Maron, Lipman: *Controlling Neural Level Sets*, "
    "NeurIPS 2019."
)

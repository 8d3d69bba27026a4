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

TOOLS = (
    (
        "2D playground",
        "Draw points and watch the boundary, the margins and the SVM level sets train live. "
        "Compare losses, take one iteration apart equation by equation.",
        "pages/playground.py", "Open the playground", ":material/draw:",
    ),
    (
        "Reconstruction",
        "From a raw, incomplete, unoriented point cloud to a surface or a curve: watch it form, "
        "slide through its level sets, cut it, compare methods, export it.",
        "pages/reconstruction.py", "Open reconstruction", ":material/view_in_ar:",
    ),
    (
        "Exact networks",
        "Draw a polygon or open a mesh and see the ReLU network whose zero level set it is "
        "(Theorem 1): built in milliseconds, checked on a million points.",
        "pages/exact_networks.py", "Open exact networks", ":material/polyline:",
    ),
    (
        "Runs",
        "Everything that takes long goes on without you: its progress, its figures, its files. "
        "Resume what was cut off, compare two, download.",
        "pages/runs.py", "Open runs", ":material/list_alt:",
    ),
)  # fmt: skip
rows = [st.columns(2), st.columns(2)]
for place, (title, text, page, label, icon) in zip([*rows[0], *rows[1]], TOOLS, strict=True):
    with place.container(border=True, height="stretch"):
        st.markdown(f"#### {title}")
        st.markdown(text)
        st.page_link(page, label=label, icon=icon)

st.caption(
    "After Atzmon, Haim, Yariv, Israelov, Maron, Lipman: *Controlling Neural Level Sets*, "
    "NeurIPS 2019."
)

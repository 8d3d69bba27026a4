"""Home: what this is, in one screen, and a way into each tool."""

import streamlit as st

from pages.shared.badges import device_badge

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
    st.caption("Generalized Newton steps carry any point to the level set (Eq.\u00a04).")
with middle.container(border=True, height="stretch"):
    st.markdown("#### Differentiate")
    st.latex(r"p(\theta) = p - D_xF^{\dagger}\,[F(p;\theta) - c]")
    st.caption("One fixed linear layer makes a sample's position a function of θ (Eq.\u00a09).")
with right.container(border=True, height="stretch"):
    st.markdown("#### Steer")
    st.latex(r"\max\{0,\ \varepsilon - \mathrm{sign}(yF)\, d(x, p(\theta))\}")
    st.caption(
        "Put p(θ) into any loss, and the optimizer moves the level set itself (Eq.\u00a012)."
    )

TOOLS = (
    (
        "2D playground", "Draw points; watch boundary, margins and SVM level sets train live.",
        "playground/page.py", "Draw points", ":material/draw:",
    ),
    (
        "Reconstruction", "From a raw point cloud to a surface or a curve, live.",
        "reconstruction/page.py", "Reconstruct", ":material/view_in_ar:",
    ),
    (
        "Exact networks", "The ReLU network whose zero level set your polygon or mesh is.",
        "exact/page.py", "Build one", ":material/polyline:",
    ),
    (
        "Robustness", "Robust classifiers under honest attacks, and why a figure is what it is.",
        "robustness/page.py", "Attack one", ":material/shield:",
    ),
    (
        "Few samples", "Geometric SVM against cross-entropy and hinge on small training sets.",
        "few_samples/page.py", "Compare losses", ":material/scatter_plot:",
    ),
    (
        "Runs", "What takes long goes on without you: progress, files, resume.",
        "runs/page.py", "See the runs", ":material/list_alt:",
    ),
)  # fmt: skip
for place, (title, text, page, label, icon) in zip(st.columns(len(TOOLS)), TOOLS, strict=True):
    with place.container(border=True, height="stretch", vertical_alignment="distribute"):
        st.markdown(f"##### {title}\n\n{text}")
        st.page_link(page, label=label, icon=icon)

st.caption(
    "After Atzmon, Haim, Yariv, Israelov, Maron, Lipman: *Controlling Neural Level Sets*, "
    "NeurIPS 2019."
)

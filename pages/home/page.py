"""Home: what this is, in one screen, and a way into each tool."""

import streamlit as st

from pages.shared.page import device_badge, page

#: Title, formula, what it does.
STEPS = (
    (
        "Sample", r"p \leftarrow p - D_xF(p)^{\dagger}\,F(p)",
        "Generalized Newton steps carry any point to the level set (Eq.\u00a04).",
    ),
    (
        "Differentiate", r"p(\theta) = p - D_xF^{\dagger}\,[F(p;\theta) - c]",
        "One fixed linear layer makes a sample's position a function of θ (Eq.\u00a09).",
    ),
    (
        "Steer", r"\max\{0,\ \varepsilon - \mathrm{sign}(yF)\, d(x, p(\theta))\}",
        "Put p(θ) into any loss, and the optimizer moves the level set itself (Eq.\u00a012).",
    ),
)  # fmt: skip
#: Folder of the page -> title, what it is for, label and icon of the link.
TOOLS = {
    "playground": (
        "2D playground", "Draw points; watch boundary, margins and SVM level sets train live.",
        "Draw points", ":material/draw:",
    ),
    "reconstruction": (
        "Reconstruction", "From a raw point cloud to a surface or a curve, live.",
        "Reconstruct", ":material/view_in_ar:",
    ),
    "exact": (
        "Exact networks", "The ReLU network whose zero level set is your polygon or mesh.",
        "Build one", ":material/polyline:",
    ),
    "robustness": (
        "Robustness", "Attack robust classifiers, and see what explains each figure.",
        "Attack one", ":material/shield:",
    ),
    "few_samples": (
        "Few samples", "Geometric SVM against cross-entropy and hinge on small training sets.",
        "Compare losses", ":material/scatter_plot:",
    ),
    "runs": (
        "Runs", "Long jobs keep running when you close the page: progress, files, resume.",
        "See the runs", ":material/list_alt:",
    ),
}  # fmt: skip

with page("See, steer and trust the level sets of neural networks"):
    st.markdown(
        "A network F(x; θ) hides a shape in its **level set** S = {x : F(x; θ) = 0}: a decision "
        "boundary, a curve, a surface. Levelset Lab samples that shape, makes every sample a "
        "differentiable function of θ, and lets you move it: margins in input space, not in logits."
    )
    device_badge("cpu")
    for place, (title, formula, text) in zip(st.columns(len(STEPS)), STEPS, strict=True):
        with place.container(border=True, height="stretch"):
            st.markdown(f"#### {title}")
            st.latex(formula)
            st.caption(text)
    for place, (folder, tool) in zip(st.columns(len(TOOLS)), TOOLS.items(), strict=True):
        title, text, label, icon = tool
        with place.container(border=True, height="stretch", vertical_alignment="distribute"):
            st.markdown(f"##### {title}\n\n{text}")
            st.page_link(f"{folder}/page.py", label=label, icon=icon)
    st.caption(
        "After Atzmon, Haim, Yariv, Israelov, Maron, Lipman: *Controlling Neural Level Sets*, "
        "NeurIPS 2019."
    )

"""Can you trust 99%? Two networks that look alike under one attack and not under a stronger one,
in five short steps. Everything shown was measured before, but for what is done to one image.
"""

from __future__ import annotations

import streamlit as st

from levelset_core.glossary import GLOSSARY
from levelset_core.robustness.history import CLAIMS, SOURCE
from levelset_core.robustness.models import KnownModel
from levelset_core.robustness.twin import FACTOR, measured
from pages.robustness.address import VIEW
from pages.robustness.masking import finding_list
from pages.robustness.trust.pictures import (
    NETWORKS,
    attacked_digit,
    bars,
    claims,
    gradients,
    madry,
    percentage,
    share,
    unattacked,
)
from pages.shared.charts import CONFIG
from pages.shared.glossary import explained, term

STEP = "trust_step"
#: Where the last step leads: view, what the button says, its icon.
ONWARDS = (
    ("table", "To the table", ":material/table:"),
    ("explorer", "Attack an image yourself", ":material/search:"),
)


def trust_view(found: list[KnownModel]) -> None:
    """The step that the reader has come to."""
    step: int = st.session_state.get(STEP, 0)
    title, draw = STEPS[step]
    st.progress((step + 1) / len(STEPS), f"Can you trust 99%? Step {step + 1} of {len(STEPS)}")
    st.markdown(f"## {title}")
    draw()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back", key="trust_back", icon=":material/arrow_back:", disabled=step == 0,
            on_click=_move, args=(-1,),
        )  # fmt: skip
        last = step == len(STEPS) - 1
        if last:
            for view, title, icon in ONWARDS:
                st.button(
                    title, key=f"trust_to_{view}", icon=icon, on_click=_open, args=(view,),
                    type="primary" if view == "table" else "secondary",
                )  # fmt: skip
        st.button(
            "From the beginning" if last else "Next", key="trust_next",
            type="secondary" if last else "primary",
            icon=":material/replay:" if last else ":material/arrow_forward:",
            on_click=_move, args=(1,),
        )  # fmt: skip
        stored = measured()
        if not last:
            st.caption(
                f"Measured on {stored['date']} on {stored['images']} test images of MNIST, "
                f"ε = {stored['epsilon']:g}. To measure it again: `{stored['command']}`.",
                width="content",
            )


def _open(view: str) -> None:
    st.session_state[VIEW] = view
    st.session_state[STEP] = 0


def _move(by: int) -> None:
    """From where the reader is; a button pressed before its step is drawn counts too."""
    st.session_state[STEP] = (st.session_state.get(STEP, 0) + by) % len(STEPS)


def _alike() -> None:
    """Both stand the first attack."""
    left, right = st.columns([3, 2])
    left.plotly_chart(bars(list(NETWORKS), ["clean", "pgd-xent"]), config=CONFIG, key="trust_1")
    a, b = (percentage(share(name, "pgd-xent")) for name in NETWORKS)
    with right:
        _say(
            "Both networks read handwritten digits. An attacker may change every pixel by up to "
            "0.3, where black is 0 and white is 1. The digit is still easy to read. The attacker "
            "looks for a change that makes the network wrong.\n\n"
            "The usual attack is {pgd} (projected gradient descent) on {cross_entropy_loss}: in 40 "
            "small steps it makes the loss that the network was trained with as large as it "
            "can.\n\n"
            f"A still reads **{a}** of the attacked images correctly, B **{b}**. Such "
            "images are said to {stands|stand}. By this figure, both are robust, and B is the "
            "better one. Is it?"
        )
        if (found := madry()) is not None:
            attacked_digit(found, "xent")


def _stronger() -> None:
    """One does not stand the others."""
    left, right = st.columns([3, 2])
    attacks = ["pgd-xent", "pgd-margin", "pgd-strong", "autoattack"]
    left.plotly_chart(bars(list(NETWORKS), attacks), config=CONFIG, key="trust_2")
    a, b = (percentage(share(name, "autoattack")) for name in NETWORKS)
    first = percentage(measured()["networks"]["twin"]["stages"]["apgd-ce"])
    with right:
        _say(
            "The same images, the same 0.3 for every pixel (the {box} of an image), other "
            "attacks. {pgd_margin|Margin PGD} takes the same 40 steps, but makes the *difference "
            "of two {logits}* small instead of the loss large. {pgd_strong|Strong PGD} tries "
            "three losses, with steps that shrink. {autoattack} is the field's standard set of "
            "four attacks.\n\n"
            f"A keeps **{a}**. B keeps **{b}**: every image can be changed so that B is "
            "wrong. Those changes were there before; the first attack did not find them.\n\n"
            "AutoAttack gets through because it does not rely on one loss. Its first attack "
            f"follows cross-entropy and leaves {first}, the next one follows differences of "
            "logits."
        )
        if (found := unattacked()) is not None:
            attacked_digit(found, "margin")


def _why() -> None:
    """Gradients of one image, under both losses."""
    found = unattacked()
    left, right = st.columns([3, 2])
    if found is not None:
        with left:
            gradients(found)
    zeros = percentage(measured()["networks"]["twin"]["masking"]["zero_xent"], 0)
    honest = share("standard", "pgd-xent")
    with right:
        _say(
            "**B is a network that never saw an attack, with its outputs multiplied by "
            f"{FACTOR:g}.** "
            "The factor changes none of its answers. Without it, even the first attack breaks "
            f"{percentage(1 - honest, 0)} of the images.\n\n"
            "An attack follows the gradient: which way does each pixel have to change? "
            "{softmax|Softmax} turns such large outputs into exactly 1 and 0, so the loss is "
            "exactly 0, and "
            f"**its gradient is exactly zero** on {zeros} of the images. The attack has no "
            "direction to follow. The gradient of the {class_margin|output margin}, the difference "
            "of two outputs, is as good as ever.\n\n"
            "That is called {masking}: the network is no harder to fool, only harder to attack by "
            "one formula."
        )


def _named() -> None:
    """What is found in both, without knowing which is which."""
    columns = st.columns(2)
    for column, name in zip(columns, NETWORKS, strict=True):
        stored = measured()["networks"][name]["masking"]
        with column.container(border=True):
            st.markdown(f"**{NETWORKS[name]}**")
            finding_list(stored)
    images, examined = measured()["images"], stored["images"]
    with columns[0]:
        _say(
            "You need not know this in advance. **Examine**, below the table, looks for it and "
            "for some twenty other things that mislead attacks. It takes about a minute per "
            "network, and it examines your own model too: see **Your model**.\n\n"
            f"It looked at the first {examined} of the {images} images of steps 1 and 2, so its "
            "percentages differ a little from those."
        )
    with columns[1]:
        _say(
            "In words: B's outputs, its {logits}, are so large that {softmax} is exactly 0 or 1 "
            "({saturated}), and a loss that cannot change gives an attack nothing to follow. To "
            "get its gradient back, divide the logits by a {temperature}. The "
            "{class_margin|output margin} is a difference of two logits, without a unit; the "
            "input margin of the Playground is another thing, a distance."
        )


def _history() -> None:
    """Reported figures and what became of them."""
    left, right = st.columns([3, 2])
    left.plotly_chart(claims(), config=CONFIG, key="trust_5")
    words = {entry.symbol: key for key, entry in GLOSSARY.items()}
    methods = ", ".join(term(words[claim.name]) for claim in CLAIMS)
    left.caption(f"What the methods are: {methods}.", unsafe_allow_html=True)
    own = next(claim for claim in CLAIMS if claim.own)
    before, after = (percentage(v / 100, 2) for v in (own.reported, own.autoattack))
    place = 1 + sum(claim.autoattack > own.autoattack for claim in CLAIMS)
    with right:
        st.markdown(
            "Gradients can be masked by accident. These are figures from papers, and what "
            "AutoAttack left of the same networks later.\n\n"
            "The network of the paper that this program is about, *Controlling Neural Level Sets* "
            "(the thick orange line), was reported at "
            f"**{before}**, the highest of these. Its outputs are in the thousands, as "
            f"B's are. AutoAttack leaves **{after}**: place {place} of "
            f"{len(CLAIMS)}.\n\n"
            "**So: trust a figure as far as the strongest attack behind it**, and look at the "
            "gradients first. In the table that is the column AutoAttack.\n\n"
            f"[Source of both figures]({SOURCE})"
        )


STEPS = (
    ("Two networks, one test: both look robust", _alike),
    ("A stronger attack tells them apart", _stronger),
    ("Why: the first attack had nothing to follow", _why),
    ("Examine finds the masked network", _named),
    ("It happened in print", _history),
)


def _say(text: str) -> None:
    """Markdown with terms of the glossary, see :func:`pages.shared.glossary.explained`."""
    st.markdown(explained(text), unsafe_allow_html=True)

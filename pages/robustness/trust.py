"""Can you trust 99 %? Two networks that look alike under one attack and not under a stronger one,
in five short steps. Everything shown was measured before, but for what is done to one image.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch

from levelset_core.attacks import pgd
from levelset_core.robustness.history import CLAIMS, SOURCE
from levelset_core.robustness.models import KnownModel, known_models
from levelset_core.robustness.twin import EPSILON, FACTOR, gradient_of, masked, measured
from pages.robustness.charts import tidy
from pages.robustness.masking import finding_list
from pages.robustness.models import EXCERPT, network_of, test_images
from pages.server.people import my_runs
from pages.shared import charts
from pages.shared.charts import COLORS, CONFIG
from pages.shared.glossary import explained

STEP = "trust_step"
#: What they are called before it is known what they are, and their colour and pattern.
NETWORKS = {"madry": "Network A", "twin": "Network B"}
LOOKS = {"madry": (COLORS[0], ""), "twin": (COLORS[1], "/"), "standard": (COLORS[4], "x")}
ATTACKS = {
    "clean": "no attack", "pgd-xent": "cross-entropy PGD", "pgd-margin": "margin PGD",
    "pgd-strong": "strong PGD", "autoattack": "AutoAttack",
}  # fmt: skip
HEIGHT = 330


def trust_view(found: list[KnownModel]) -> None:
    """The step that the reader has come to."""
    step: int = st.session_state.get(STEP, 0)
    title, draw = STEPS[step]
    st.progress((step + 1) / len(STEPS), f"Can you trust 99 %? Step {step + 1} of {len(STEPS)}")
    st.markdown(f"## {title}")
    draw()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back", key="trust_back", icon=":material/arrow_back:", disabled=step == 0,
            on_click=_move, args=(-1,),
        )  # fmt: skip
        last = step == len(STEPS) - 1
        st.button(
            "From the beginning" if last else "Next", key="trust_next", type="primary",
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


def _move(by: int) -> None:
    """From where the reader is; a button pressed before its step is drawn counts too."""
    st.session_state[STEP] = (st.session_state.get(STEP, 0) + by) % len(STEPS)


def _alike() -> None:
    """Both stand the first attack."""
    left, right = st.columns([3, 2])
    left.plotly_chart(_bars(list(NETWORKS), ["clean", "pgd-xent"]), config=CONFIG, key="trust_1")
    a, b = (_share(name, "pgd-xent") for name in NETWORKS)
    with right:
        _say(
            "Both networks read handwritten digits. An attacker may change every pixel by up to "
            "0.3, where black is 0 and white is 1. The digit is still easy to read. The attacker "
            "looks for a change that makes the network wrong.\n\n"
            "The usual attack is {pgd} (projected gradient descent) on {cross_entropy_loss}: in 40 "
            "small steps it makes the loss that the network was trained with as large as it "
            "can.\n\n"
            f"A still reads **{a:.1%}** of the attacked images correctly, B **{b:.1%}**. One says: "
            "so many images {stands|stand}. By this figure, both are robust, and B is the better "
            "one. Is it?"
        )


def _stronger() -> None:
    """One does not stand the others."""
    left, right = st.columns([3, 2])
    attacks = ["pgd-xent", "pgd-margin", "pgd-strong", "autoattack"]
    left.plotly_chart(_bars(list(NETWORKS), attacks), config=CONFIG, key="trust_2")
    a, b = (_share(name, "autoattack") for name in NETWORKS)
    first = measured()["networks"]["twin"]["stages"]["apgd-ce"]
    with right:
        _say(
            "The same images, the same 0.3 for every pixel (the {box} of an image), other "
            "attacks. {pgd_margin|Margin PGD} takes the same 40 steps, but makes the *difference "
            "of two {logits}* small instead of the loss large. {pgd_strong|Strong PGD} tries "
            "three losses, with steps that shrink. {autoattack} is the field's standard set of "
            "four attacks.\n\n"
            f"A keeps **{a:.1%}**. B keeps **{b:.1%}**: every image can be changed so that B is "
            "wrong. Those changes were there before; the first attack did not find them.\n\n"
            "AutoAttack gets through as it does not rely on one loss. Its first attack follows "
            f"cross-entropy and leaves {first:.1%}, the next one follows differences of logits."
        )
        if (standard := _standard()) is not None:
            _attacked_digit(standard)


def _why() -> None:
    """Gradients of one image, under both losses."""
    standard = _standard()
    left, right = st.columns([3, 2])
    if standard is not None:
        with left:
            _gradients(standard)
    zeros = measured()["networks"]["twin"]["masking"]["zero_xent"]
    honest = _share("standard", "pgd-xent")
    with right:
        _say(
            f"**B is a network that never saw an attack, with its outputs times {FACTOR:g}.** "
            "Its answers are the same on every image. Without the factor, it loses "
            f"{1 - honest:.0%} of the images to the first attack already.\n\n"
            "An attack follows the gradient: which way does each pixel have to change? "
            "{softmax|Softmax} turns such large outputs into exactly 1 and 0, so the loss is "
            "exactly 0, and "
            f"**its gradient is exactly zero** on {zeros:.0%} of the images. The attack has no "
            "direction to go. The gradient of the {class_margin|output margin}, the difference of "
            "two outputs, is as good as ever.\n\n"
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
            "You need not know this beforehand. **Examine**, below the table, looks for it and "
            "for some twenty other things that mislead attacks, in about a minute, and says what "
            "it saw and what to do. Your own model too: see **Your model**.\n\n"
            f"Examine looked at the first {examined} of the {images} images of steps 1 and 2, so "
            "its percentages differ a little from those. The {class_margin|output margin} is a "
            "difference of two outputs, without a unit. It is not the input margin of the "
            "Playground, which is a distance."
        )


def _history() -> None:
    """Reported figures and what became of them."""
    left, right = st.columns([3, 2])
    left.plotly_chart(_claims(), config=CONFIG, key="trust_5")
    own = next(claim for claim in CLAIMS if claim.own)
    place = 1 + sum(claim.autoattack > own.autoattack for claim in CLAIMS)
    with right:
        st.markdown(
            "Gradients can be masked by accident. These are figures from papers, and what "
            "AutoAttack left of the same networks later.\n\n"
            "The network of the paper that this program is about, *Controlling Neural Level Sets* "
            "(the thick orange line), was reported at "
            f"**{own.reported:.2f} %**, the highest of these. Its outputs are in the thousands, as "
            f"B's are. AutoAttack leaves **{own.autoattack:.2f} %**: place {place}.\n\n"
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


# -- pictures -------------------------------------------------------------------------------------


def _share(name: str, attack: str) -> float:
    found: float = measured()["networks"][name]["robust"][attack]
    return found


def _bars(names: list[str], attacks: list[str]) -> go.Figure:
    figure = go.Figure()
    for name in names:
        colour, pattern = LOOKS[name]
        shares = [_share(name, attack) for attack in attacks]
        figure.add_bar(
            x=[ATTACKS[a] for a in attacks], y=shares, name=NETWORKS[name],
            marker={"color": colour, "pattern": {"shape": pattern}},
            text=[f"{share:.1%}" for share in shares], textposition="outside", cliponaxis=False,
            hovertemplate="%{x}: %{y:.1%}<extra>" + NETWORKS[name] + "</extra>",
        )  # fmt: skip
    figure.update_layout(barmode="group", showlegend=True)
    figure = tidy(figure, "Images still read correctly", HEIGHT)
    return figure.update_yaxes(range=[0, 1.12])


def _standard() -> KnownModel | None:
    return next((m for m in known_models(my_runs()) if m.id.endswith("4a_standard")), None)


@st.cache_data(max_entries=2, show_spinner=False)
def _broken_digit(digest: str, _standard: KnownModel) -> tuple[np.ndarray, np.ndarray, int, int]:
    """The first test image and what margin PGD makes of it, and what B takes them for."""
    x, y = test_images(EXCERPT).batch(slice(0, 1))
    network = masked(network_of(_standard))
    found = pgd(network, x, y, epsilon=EPSILON).images
    with torch.no_grad():
        before, after = network(torch.cat([x, found])).argmax(1).tolist()
    return x[0, 0].numpy(), found[0, 0].numpy(), before, after


def _attacked_digit(standard: KnownModel) -> None:
    """One image before and after margin PGD, as B reads it."""
    image, found, before, after = _broken_digit(standard.digest, standard)
    said = f"As it is: B reads {before}.", f"After margin PGD: B reads {after}."
    for column, picture, text in zip(st.columns(3), (image, found), said, strict=False):
        column.image(_large(picture), width="stretch", caption=text, alt=text)


def _large(picture: np.ndarray) -> np.ndarray:
    return np.repeat(np.repeat(picture, 6, 0), 6, 1)


def _gradients(standard: KnownModel) -> None:
    """An image, and what each pixel would have to do, for both networks and losses."""
    x, y = test_images(EXCERPT).batch(slice(0, 1))
    network = network_of(standard)
    shown: list[tuple[str, Any]] = [("the image", None)]
    for title, f, loss in (
        ("before the factor,\ncross-entropy", network, "xent"),
        (f"B, times {FACTOR:g},\ncross-entropy", masked(network), "xent"),
        (f"B, times {FACTOR:g},\nmargin", masked(network), "margin"),
    ):
        shown.append((title, gradient_of(f, x, y, loss)[0, 0].numpy()))
    for column, (title, values) in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            picture = x[0, 0].numpy() if values is None else _signed(values)
            largest = 0 if values is None else float(np.abs(values).max())
            size = f"{largest:,.0f}" if largest > 1 else f"{largest:.5f}"
            said = f"  \nlargest: **{size}**" if largest else "  \n**exactly zero**"
            alt = title if values is None else f"Gradient {title}"
            st.image(_large(picture), width="stretch", alt=alt)
            st.caption(title.replace("\n", "  \n") + said * (values is not None))
    st.caption(
        "Orange: brighter makes the network less sure of the right digit; blue: darker does. "
        "Grey: no matter. Each picture has its own scale: full colour is the figure below it."
    )


def _signed(values: np.ndarray) -> np.ndarray:
    """Blue below, orange above, grey at zero, (h, w, 3) in [0, 1]."""
    grey, low, high = np.array([0.85] * 3), np.array([0, 0.45, 0.7]), np.array([0.84, 0.37, 0])
    part = np.clip(values / (np.abs(values).max() or 1), -1, 1)[..., None]
    ends = np.where(part < 0, low, high)
    return grey + np.sqrt(np.abs(part)) * (ends - grey)


def _claims() -> go.Figure:
    """A line from what was reported to what AutoAttack left, a row a network."""
    rows = list(reversed(CLAIMS))
    names = [f"<b>{c.name}</b>" if c.own else c.name for c in rows]
    figure = go.Figure()
    for name, claim in zip(names, rows, strict=True):
        figure.add_scatter(
            x=[claim.reported, claim.autoattack], y=[name, name], mode="lines", showlegend=False,
            line={"color": COLORS[1] if claim.own else "#888888", "width": 4 if claim.own else 2},
            hoverinfo="skip",
        )  # fmt: skip
    for title, symbol, colour, values, place in (
        ("reported", "circle-open", COLORS[0], [c.reported for c in rows], "middle right"),
        ("AutoAttack", "square", COLORS[1], [c.autoattack for c in rows], "middle left"),
    ):
        figure.add_scatter(
            x=values, y=names, mode="markers+text", name=title, textposition=place,
            text=[f"{value:.2f}" for value in values], cliponaxis=False,
            marker={"symbol": symbol, "color": colour, "size": 10, "line": {"width": 2}},
            customdata=[c.paper for c in rows],
            hovertemplate="%{x:.2f} %<extra>" + title + ", %{customdata}</extra>",
        )  # fmt: skip
    figure.update_xaxes(range=[-9, 109], ticksuffix=" %", automargin=True)
    figure.update_yaxes(automargin=True)
    title = "Robust accuracy on MNIST, ε = 0.3: as reported, and under AutoAttack"
    return charts.tidy(figure, title, HEIGHT + 40, y=-0.12)

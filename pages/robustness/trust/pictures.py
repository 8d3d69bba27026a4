"""What "Can you trust 99%?" shows: bars of both networks, digits, gradients, figures in print."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch

from levelset_core.attacks import pgd
from levelset_core.robustness.history import CLAIMS
from levelset_core.robustness.models import KnownModel, known_models
from levelset_core.robustness.twin import EPSILON, FACTOR, gradient_of, masked, measured
from pages.robustness.charts import tidy
from pages.robustness.models import EXCERPT, network_of, test_images
from pages.server.people import my_runs
from pages.shared import charts
from pages.shared.charts import COLORS

#: What they are called before it is known what they are, and their colour and pattern.
NETWORKS = {"madry": "Network A", "twin": "Network B"}
LOOKS = {"madry": (COLORS[0], ""), "twin": (COLORS[1], "/"), "standard": (COLORS[4], "x")}
ATTACKS = {
    "clean": "no attack", "pgd-xent": "cross-entropy PGD", "pgd-margin": "margin PGD",
    "pgd-strong": "strong PGD", "autoattack": "AutoAttack",
}  # fmt: skip
HEIGHT = 420


def share(name: str, attack: str) -> float:
    """Of the images, how many stand an attack, in [0, 1]."""
    found: float = measured()["networks"][name]["robust"][attack]
    return found


def percentage(share: float, digits: int = 1) -> str:
    """As "97.4%", on one line."""
    return f"{100 * share:.{digits}f}%"


def bars(names: list[str], attacks: list[str]) -> go.Figure:
    """The shares of some networks under some attacks."""
    figure = go.Figure()
    for name in names:
        colour, pattern = LOOKS[name]
        shares = [share(name, attack) for attack in attacks]
        figure.add_bar(
            x=[ATTACKS[a] for a in attacks], y=shares, name=NETWORKS[name],
            marker={"color": colour, "pattern": {"shape": pattern}},
            text=[percentage(value) for value in shares], textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x}: %{y:.1%}<extra>" + NETWORKS[name] + "</extra>",
        )  # fmt: skip
    figure.update_layout(barmode="group", showlegend=True)
    figure = tidy(figure, "Images still read correctly", HEIGHT)
    return figure.update_yaxes(range=[0, 1.12])


def madry() -> KnownModel | None:
    """Network A."""
    return _bundled("madry")


def unattacked() -> KnownModel | None:
    """What network B is without its factor."""
    return _bundled("standard")


def _bundled(method: str) -> KnownModel | None:
    return next((m for m in known_models(my_runs()) if m.id.endswith(f"4a_{method}")), None)


@st.cache_data(max_entries=4, show_spinner=False)
def _broken_digit(
    digest: str, _model: KnownModel, loss: str
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """The first test image and what PGD makes of it, and what the network takes them for."""
    x, y = test_images(EXCERPT).batch(slice(0, 1))
    network = network_of(_model)
    if loss == "margin":
        network = masked(network)
    found = pgd(network, x, y, epsilon=EPSILON, loss=loss).images
    with torch.no_grad():
        before, after = network(torch.cat([x, found])).argmax(1).tolist()
    return x[0, 0].numpy(), found[0, 0].numpy(), before, after


def attacked_digit(model: KnownModel, loss: str) -> None:
    """One image before and after PGD on this loss: on A, or on B, whose model is masked.

    Args:
        model: the network, B without its factor.
        loss: "xent", on A, or "margin", on B.
    """
    image, found, before, after = _broken_digit(model.digest, model, loss)
    name, attack = ("A", ATTACKS["pgd-xent"]) if loss == "xent" else ("B", ATTACKS["pgd-margin"])
    said = f"As it is: {name} reads {before}.", f"After {attack}: {name} reads {after}."
    for column, picture, text in zip(st.columns(3), (image, found), said, strict=False):
        column.image(_large(picture), width="stretch", caption=text, alt=text)


def _large(picture: np.ndarray) -> np.ndarray:
    return np.repeat(np.repeat(picture, 6, 0), 6, 1)


def gradients(standard: KnownModel) -> None:
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
        "Grey: it makes no difference. Each picture has its own scale: full colour is the figure "
        "below it."
    )


def _signed(values: np.ndarray) -> np.ndarray:
    """Blue below, orange above, grey at zero, (h, w, 3) in [0, 1]."""
    grey, low, high = np.array([0.85] * 3), np.array([0, 0.45, 0.7]), np.array([0.84, 0.37, 0])
    part = np.clip(values / (np.abs(values).max() or 1), -1, 1)[..., None]
    ends = np.where(part < 0, low, high)
    return grey + np.sqrt(np.abs(part)) * (ends - grey)


def claims() -> go.Figure:
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
            text=[f"\u2002{value:.2f}\u2002" for value in values], cliponaxis=False,
            marker={"symbol": symbol, "color": colour, "size": 10, "line": {"width": 2}},
            customdata=[c.paper for c in rows],
            hovertemplate="%{x:.2f}%<extra>" + title + ", %{customdata}</extra>",
        )  # fmt: skip
    figure.update_xaxes(range=[-9, 109], ticksuffix="%", automargin=True)
    figure.update_yaxes(automargin=True, showgrid=False)  # lines would run through the figures
    title = "Robust accuracy on MNIST, ε = 0.3: as reported, and under AutoAttack"
    return charts.tidy(figure, title, HEIGHT, y=-0.12)

"""Table 1 of the paper with our figures: seen, run, extended and copied cell by cell."""

from __future__ import annotations

from typing import Any

import streamlit as st

from levelset_core.attacks import paper_attack
from levelset_core.glossary import GLOSSARY
from levelset_core.robustness.cells import all_cells
from levelset_core.robustness.models import METHOD_TITLES, KnownModel
from levelset_core.robustness.table import (
    COLUMNS,
    Entry,
    Row,
    attack_text,
    interval_text,
    percent,
    table_rows,
    trained_on_others,
)
from levelset_core.runs import Run
from pages.robustness.address import (
    EPSILON_RANGE,
    NORM,
    NORM_TITLES,
    TABLE_IMAGES,
    VIEW,
    first_of,
    first_table_epsilon,
    table_address,
)
from pages.robustness.cell_panel import cell_panel
from pages.robustness.export import copy_popover, paper_table
from pages.robustness.masking import masking_view
from pages.robustness.measuring import EVERY, active_runs, runs_in_work
from pages.robustness.models import DATA, image_sets
from pages.robustness.ranks import ranks_view
from pages.robustness.trust.steps import STEP
from pages.server.people import my_runs
from pages.shared.attempt import telling
from pages.shared.board import live_board
from pages.shared.front_end import front_end
from pages.shared.glossary import explained, hint
from pages.shared.image_data import data_size_title, data_title
from pages.shared.kept import kept, kept_menu

#: The cell chosen last, as model, attack and method, for when the table comes back.
PLACE = "robust_place"
KEY = "robust_grid"
ORIGINS = {"bundled": "bundled", "run": "trained here", "upload": "uploaded"}

_component = front_end("levelset_robust_table", "robustness/table")


def table_view(found: list[KnownModel]) -> None:
    """The table with its controls; while a run works, it is drawn again and again by itself."""
    by_data: dict[str, list[KnownModel]] = {}
    for model in found:
        for name in image_sets(model):
            by_data.setdefault(name, []).append(model)
    if not by_data:
        st.info("No data set on this machine has images of the shape that these models take.")
        return
    st.button(
        "New to this? **Can you trust 99%?** explains in five short steps what these figures say",
        key="table_trust", icon=":material/quiz:", on_click=_open_story,
        type="secondary" if STEP in st.session_state else "primary",
    )  # fmt: skip
    live_board(_board, active_runs, by_data, every=EVERY)


def _open_story() -> None:
    st.session_state[VIEW] = "trust"


def _board(working: list[Run], by_data: dict[str, list[KnownModel]]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sets = list(by_data)
        data = kept_menu(
            "Test images", sets, key=DATA, first=first_of(TABLE_IMAGES, sets),
            format_func=data_size_title, width=280,
        )  # fmt: skip
        models = by_data[data]
        norms = list(NORM_TITLES)
        norm = kept_menu(
            "Norm", norms, key="robust_norm", first=first_of(NORM, norms), width=90,
            format_func=NORM_TITLES.__getitem__, help=hint("linf", "l2"),
        )  # fmt: skip
        usual = paper_attack("pgd-margin", models[0].shape[0], norm=norm).epsilon
        key = f"robust_epsilon_{models[0].shape[0]}" + ("" if norm == "linf" else f"_{norm}")
        epsilon = st.number_input(
            "ε (L∞ box)" if norm == "linf" else "ε (L2 ball)", *EPSILON_RANGE[norm],
            kept(key, first_table_epsilon(data, sets, usual, norm)),
            step=usual / 6, format="%.3f", key=key, width=150,
            help="How much an attack may change every pixel (in L2: the whole image); black is 0, "
            "white is 1. The paper's is 0.3 for grey images and 0.031 in colour, both in L∞. "
            "Steps grow and shrink with it. Published figures are for the paper's.",
        )  # fmt: skip
        st.space("stretch")
        slot = st.container(horizontal=True, width="content")
    rows = table_rows(models, all_cells(my_runs(), models), data, float(epsilon), norm)
    chosen = _chosen(rows)
    with slot:
        paper_table()
        copy_popover(rows, data)
    st.caption(
        explained(
            "Each row is a network, each column an attack that may change an image by at most ε "
            "(its {box}). The large figure is the percentage of test images still classified "
            "correctly, beside it its {interval}. Below: the published figure for a network "
            "trained the same way. “paper”: from its Table 1, after 200 epochs; “authors' model”: "
            "measured by us on the network they published; “AutoAttack's list”: measured by "
            "AutoAttack's authors. Hover over a dotted name for its meaning; click a figure for "
            "how it was measured."
        )
        + _counts(rows),
        unsafe_allow_html=True,
    )
    others = [row.model.title for row in rows if trained_on_others(row.model, data)]
    if others:
        st.warning(
            f"{', '.join(others)}: trained on other images than {data_title(data)}, with other "
            "labels. The figures here do not measure what they learned.", icon=":material/warning:",
        )  # fmt: skip
    robust_grid(rows, chosen, table_address(data, sets, float(epsilon), usual, norm))
    ranks_view(rows, chosen)
    runs_in_work(working, "table")
    with telling():
        cell_panel(rows, chosen, data)
    masking_view(models, chosen.model, data, float(epsilon))


def _chosen(rows: list[Row]) -> Entry:
    """The cell that was clicked; among other models the one trained by the same method."""
    last, attack, method = st.session_state.get(PLACE, (None, "pgd-margin", None))
    if clicked := (st.session_state.get(KEY) or {}).get("chosen"):
        last, attack = map(str, clicked)
    alike = [row for row in rows if method and row.model.card.get("method") == method]
    row = next((row for row in rows if row.model.id == last), (alike or rows)[0])
    st.session_state[PLACE] = last, attack, row.model.card.get("method")
    return row.entries.get(attack, row.entries["pgd-margin"])


def usual_images(rows: list[Row]) -> int:
    """How many images most of the figures are about; 0 without any."""
    counts = [e.best.images for row in rows for e in row.entries.values() if e.best is not None]
    return max(set(counts), key=lambda n: (counts.count(n), n), default=0)


def _counts(rows: list[Row]) -> str:
    usual = usual_images(rows)
    known = [e.best for row in rows for e in row.entries.values() if e.best is not None]
    others = sorted({cell.images for cell in known} - {usual})
    if not usual:
        return ""
    text = f" Measured on {usual:,} images"
    return f"{text}; with * on {' or '.join(f'{n:,}' for n in others)}." if others else f"{text}."


def robust_grid(rows: list[Row], chosen: Entry, address: dict[str, Any]) -> None:
    """Draw the table, with the chosen cell marked; a click chooses another."""
    _component(
        key=KEY,
        data={
            "columns": [
                {
                    "title": c.title,
                    "text": c.text,
                    "about": GLOSSARY[c.attack.replace("-", "_")].sentence,
                }
                for c in COLUMNS
            ],
            "rows": [_row(row, usual_images(rows), _network_told(rows)) for row in rows],
            "chosen": [chosen.model.id, chosen.attack.attack],
            "address": address,
        },
        default={"chosen": None},
    )


def _network_told(rows: list[Row]) -> bool:
    """Whether each row tells its network: where all have the same one, hovering its name does."""
    return len({row.model.network_title for row in rows}) > 1


def _row(row: Row, usual: int = 0, network: bool = True) -> dict[str, Any]:
    model = row.model
    reference = ""
    if row.like is not None and row.like.epsilon:
        reference = f"paper: {METHOD_TITLES[row.like.method]} {row.like.epsilon:g}"
    text = f"{model.network_title} · " * network + ORIGINS[model.origin]
    epochs = model.card.get("all_epochs", model.card.get("epochs"))
    if isinstance(epochs, int | float):
        text += f" · {epochs:g} epoch" + ("" if epochs == 1 else "s")
    method = str(model.card.get("method"))
    known = [method] * (method in METHOD_TITLES) + ["convnet4"] * model.model.startswith("convnet4")
    about = "\n\n".join(map(_about, known))
    return {
        "id": model.id,
        "title": model.title,
        "text": text,
        "reference": reference,
        "about": about,
        "cells": [cell_values(entry, usual) for entry in row.entries.values()],
    }


def _about(key: str) -> str:
    """A name of the table and its words."""
    return f"{GLOSSARY[key].symbol}. {GLOSSARY[key].sentence}"


def cell_values(entry: Entry, usual: int = 0) -> dict[str, Any]:
    """What the front end shows of a place.

    Args:
        usual: how many images the table's other figures are about.
    """
    best, active = entry.best, entry.active
    reference = "" if entry.reference is None else entry.reference.short
    state, value, progress, text = "empty", "–", None, "not measured yet"
    interval, note = "", text
    if best is not None:
        state, value = "known", percent(best.accuracy)
        text = f"{interval_text(best)} · {best.images:,} images"
        few = "*" if usual and best.images != usual else ""
        interval, note = f"{few} {interval_text(best).replace(' to ', '–')}".strip(), ""
    if active is not None:
        state, progress = active.state, active.images / active.wanted
        if best is None:
            waits = "…" if active.state in ("queued", "running") else "–"
            value = percent(active.accuracy) if active.images else waits
        text = "waits in the queue"
        if active.state != "queued":
            word = "stopped at" if active.state == "stopped" else "attacked"
            text = f"{word} {active.images:,} of {active.wanted:,}"
        note = text
    name = f"{entry.model.title}, {attack_text(entry.attack)}:"
    label = f"{name} {value}%, {text}"
    own = ""
    if (run := entry.latest) is not None:
        own = f"your run: {run.standing:,} of {run.images:,} right"
        label += f"; {own}"
    if entry.reference is not None:
        label += f"; {entry.reference.text}"
    return {
        "attack": entry.attack.attack, "state": state, "value": value, "text": text,
        "interval": interval, "note": note,
        "own": own, "reference": reference, "progress": progress, "name": name, "label": label,
    }  # fmt: skip

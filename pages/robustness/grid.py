"""The table of robust accuracies as one looks at it; front end in assets/robust_table."""

from __future__ import annotations

from typing import Any

import streamlit as st

from levelset_core.robustness.cells import Cell
from levelset_core.robustness.models import METHOD_TITLES
from pages.robustness.cells import COLUMNS, Entry, Row, attack_text, interval_text, percent
from pages.shared.front_end import base_path, front_end

KEY = "robust_grid"
ORIGINS = {"bundled": "bundled", "run": "trained here", "upload": "uploaded"}

_component = front_end("levelset_robust_table", "robustness/table")


def robust_grid(rows: list[Row], chosen: Entry, address: dict[str, Any]) -> None:
    """Draw the table; a click chooses a cell, see :func:`chosen_place`.

    Args:
        rows: of the table.
        chosen: the cell marked.
        address: what the address is to hold, see :mod:`pages.robustness.address`.
    """
    _component(
        key=KEY,
        data={
            "base": base_path(),
            "columns": [{"title": c.title, "text": c.text} for c in COLUMNS],
            "rows": [_row(row) for row in rows],
            "chosen": [chosen.model.id, chosen.attack.attack],
            "address": address,
        },
        default={"chosen": None}, on_chosen_change=_nothing,
    )  # fmt: skip


def chosen_place() -> tuple[str, str] | None:
    """The model's id and the attack that were clicked, at the beginning of this run."""
    state = st.session_state.get(KEY)
    chosen = state.get("chosen") if state else None
    return (str(chosen[0]), str(chosen[1])) if chosen else None


def _nothing() -> None:
    """Component values need a callback to exist."""


def _row(row: Row) -> dict[str, Any]:
    model = row.model
    reference = ""
    if row.like is not None and row.like.epsilon:
        reference = f"paper: {METHOD_TITLES[row.like.method]} {row.like.epsilon:g}"
    text = f"{model.network_title} · {ORIGINS[model.origin]}"
    epochs = model.card.get("all_epochs", model.card.get("epochs"))
    if isinstance(epochs, int | float):
        text += f" · {epochs:g} epoch" + ("" if epochs == 1 else "s")
    return {
        "id": model.id,
        "title": model.title,
        "text": text,
        "reference": reference,
        "cells": [cell_values(entry) for entry in row.entries.values()],
    }


def cell_values(entry: Entry) -> dict[str, Any]:
    """What the front end shows of a place."""
    best, active = entry.best, entry.active
    reference = "" if entry.reference is None else entry.reference.short
    state, progress, text = "empty", None, "not measured yet"
    value = "–"
    if best is not None:
        state, value = "known", percent(best.accuracy)
        text = f"{interval_text(best)} · {best.images:,} images"
    if active is not None:
        state = active.state
        progress = active.images / active.wanted
        if best is None:
            waits = "…" if active.state in ("queued", "running") else "–"
            value = percent(active.accuracy) if active.images else waits
        text = _active_text(active)
    label = f"{entry.model.title}, {attack_text(entry.attack)}: {value} %, {text}"
    if entry.reference is not None:
        label += f"; {entry.reference.text}"
    return {
        "attack": entry.attack.attack, "state": state, "value": value, "text": text,
        "reference": reference, "progress": progress, "label": label,
    }  # fmt: skip


def _active_text(cell: Cell) -> str:
    if cell.state == "queued":
        return "waits in the queue"
    word = "stopped at" if cell.state == "stopped" else "attacked"
    return f"{word} {cell.images:,} of {cell.wanted:,}"

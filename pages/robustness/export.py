"""The table to take away: Markdown, CSV with how every figure came about, and the references."""

from __future__ import annotations

import csv
import io
from itertools import groupby

import streamlit as st

from levelset_core.robustness.cells import attack_command
from levelset_core.robustness.models import METHOD_TITLES, NETWORK_TITLES
from levelset_core.robustness.table import COLUMNS, Entry, Row, interval_text, percent
from levelset_core.robustness.table1 import PUBLISHED

DATA_TITLES = {"mnist": "MNIST", "cifar10": "CIFAR-10"}


def copy_popover(rows: list[Row], data: str) -> None:
    """Markdown and CSV of the table."""
    with st.popover("Copy", icon=":material/content_copy:"):
        st.caption("Accuracy in percent, 95% interval, images; references in brackets.")
        st.code(markdown(rows), language="markdown")
        st.download_button(
            "Download CSV", csv_text(rows, data), "robustness.csv", "text/csv",
            icon=":material/download:",
        )  # fmt: skip


def paper_table() -> None:
    """Every reference."""
    with st.popover("References", icon=":material/menu_book:"):
        st.caption(
            "Table 1 of the paper. Worst case and AutoAttack are not in it: 90.85 and 40.22 are "
            "AutoAttack's own figures for the authors' models; the others on MNIST we measured on "
            "the authors' published models (first 200 test images, ε = 0.3; worst case: 10 "
            "restarts of 100 steps of margin PGD alone)."
        )
        head = ["Method", "ε", *(c.title for c in COLUMNS)]
        for (data, model), rows in groupby(PUBLISHED, lambda row: (row.data, row.model)):
            lines = ["| " + " | ".join(head) + " |", "|:--|" + "--:|" * (len(head) - 1)]
            for row in rows:
                figures = (row.figure(c.attack) for c in COLUMNS)
                cells = [
                    METHOD_TITLES[row.method], f"{row.epsilon:g}" if row.epsilon else "–",
                    *("–" if figure is None else f"{figure:.2f}" for figure in figures),
                ]  # fmt: skip
                lines.append("| " + " | ".join(cells) + " |")
            st.markdown(f"**{DATA_TITLES[data]}, {NETWORK_TITLES[model]}**")
            st.markdown("\n".join(lines))


def markdown(rows: list[Row]) -> str:
    """The table as Markdown."""
    lines = ["| Model | " + " | ".join(c.title for c in COLUMNS) + " |"]
    lines.append("|---" * (len(COLUMNS) + 1) + "|")
    for row in rows:
        cells = " | ".join(_text(entry) for entry in row.entries.values())
        lines.append(f"| {row.model.title} | {cells} |")
    return "\n".join(lines)


def _text(entry: Entry) -> str:
    text = "–"
    if (best := entry.best) is not None:
        text = f"{percent(best.accuracy)} ({interval_text(best)}; {best.images})"
    return text if entry.reference is None else f"{text} [{entry.reference.figure:.2f}]"


def csv_text(rows: list[Row], data: str) -> str:
    """One line a figure, with the command that gives it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["model", "network", "attack", "epsilon", "step", "steps", "restarts", "accuracy", "low",
         "high", "standing", "images", "seed", "reference", "reference_epsilon",
         "reference_source", "seconds", "machine", "date", "command"]
    )  # fmt: skip
    for row in rows:
        for entry in row.entries.values():
            best, attack = entry.best, entry.attack
            known = entry.reference
            beside = ("", "", "") if known is None else (known.figure, known.epsilon, known.source)
            figures: list[object] = ["", "", "", "", "", ""]
            origin: list[object] = ["", "", "", ""]
            if best is not None:
                figures = [best.accuracy, *best.interval, best.standing, best.images, best.seed]
                asked = best.data, attack, best.images, best.seed, best.subset_seed
                command = attack_command(entry.model.file, *asked)
                origin = [best.seconds, best.machine, best.date, command]
            writer.writerow(
                [row.model.title, row.model.network_title, attack.attack, attack.epsilon,
                 attack.step, attack.steps, attack.restarts, *figures, *beside, *origin]
            )  # fmt: skip
    return out.getvalue()

"""Below the table: whether its rows can be told apart, on the same images."""

from __future__ import annotations

import streamlit as st

from levelset_core.robustness.cells import Cell
from levelset_core.robustness.ranks import Comparison, compare_sets
from levelset_core.robustness.table import COLUMNS, Entry, Row


def comparisons(rows: list[Row], attack: str) -> list[Comparison]:
    """Every pair of rows whose figures in a column say which images stand, on the images that
    they have in common.
    """
    known: dict[str, Cell] = {}
    for row in rows:
        best = row.entries[attack].best
        if best is not None and best.survivors is not None and best.subset_seed is None:
            known[row.model.title] = best
    images = min((cell.images for cell in known.values()), default=0)
    sets = {
        title: {place for place in cell.survivors or () if place < images}
        for title, cell in known.items()
    }
    return compare_sets(sets, images)


def ranks_view(rows: list[Row], chosen: Entry) -> None:
    """A sentence a pair of rows, of the chosen column."""
    attack = chosen.attack.attack
    found = comparisons(rows, attack) if attack != "clean" else []
    if not found:
        return
    title = next(column.title for column in COLUMNS if column.attack == attack)
    clear = sum(pair.clear for pair in found)
    label = f"{title}: {clear} of {len(found)} pairs can be told apart"
    if len(found) == 1:
        label = f"{title}: {found[0].first} {found[0].verdict} {found[0].second}"
    with st.expander(label, icon=":material/balance:"):
        st.markdown("\n".join(f"- {pair.sentence}" for pair in found))
        st.caption(
            "McNemar's exact test, two-sided. It looks at the images that only one of the two "
            "networks gets right: if both were equally good, each should have about half of them."
        )

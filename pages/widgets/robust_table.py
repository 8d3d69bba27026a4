"""Table 1 of the paper, with our figures."""

from __future__ import annotations

import streamlit as st

from levelset_core.runs.models import KnownModel


def table_view(found: list[KnownModel]) -> None:
    """Models times attacks."""
    rows = [
        {"Model": m.title, "Network": m.network_title, "Origin": m.origin, **_figures(m)}
        for m in found
    ]
    st.dataframe(rows, hide_index=True)


def _figures(model: KnownModel) -> dict[str, float | None]:
    figures = model.card.get("figures") or {}
    return {k: figures.get(k) for k in ("clean_accuracy", "robust_accuracy")}

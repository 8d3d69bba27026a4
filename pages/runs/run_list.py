"""The list of runs, with filters."""

from __future__ import annotations

from typing import Any

import streamlit as st

from levelset_core.runs import STATES, duration, kind_title
from pages.shared.run_controls import created_text, state_badge

#: Runs shown at first, and how many more at a click.
PAGE = 8


def run_filter(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that pass the filters by state and kind; only what occurs is offered."""
    states = [s for s in (*STATES, "damaged") if any(row["state"] == s for row in rows)]
    kinds = sorted({row["kind"] for row in rows} - {None})
    state = st.pills(
        "State", states, key="runs_state", selection_mode="multi",
        label_visibility="collapsed",
        format_func=lambda s: f"{s} {sum(row['state'] == s for row in rows)}",
    )  # fmt: skip
    st.space("stretch")
    kind = st.selectbox(
        "Kind", kinds, key="runs_kind", index=None, placeholder="All kinds",
        label_visibility="collapsed", format_func=kind_title, width=220,
    )  # fmt: skip
    return [
        row
        for row in rows
        if (not state or row["state"] in state) and (kind is None or row["kind"] == kind)
    ]


def run_list(rows: list[dict[str, Any]], chosen: str | None) -> None:
    """One card a run; its button opens it."""
    shown = st.session_state.setdefault("runs_shown", PAGE)
    with st.container(key="run_list", gap="xsmall"):
        for row in rows[:shown]:
            _card(row, row["id"] == chosen)
    if len(rows) > shown:
        st.button(f"Show more ({len(rows) - shown} older)", on_click=_show_more, width="stretch")


def _card(row: dict[str, Any], chosen: bool) -> None:
    with st.container(gap="xxsmall"):
        st.button(
            row["name"], key=f"open_{row['id']}", width="stretch",
            type="secondary" if chosen else "tertiary",
            icon=":material/chevron_right:" if chosen else None,
            help=None if row["problem"] else row["title"],
            on_click=_open, args=(row["id"],),
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            state_badge(row["state"])
            if row["problem"]:
                st.caption(row["problem"], width="stretch")
            else:
                st.caption(f"{created_text(row['created'])} · {_progress(row)}", width="stretch")
        if row["state"] == "running":
            st.progress(row["fraction"] or 0.0)


def _progress(row: dict[str, Any]) -> str:
    if row["state"] == "running" and row["seconds_left"] is not None:
        return f"{duration(row['seconds_left'])} left"
    if row["state"] in ("running", "queued"):
        return f"step {row['step']:,}"
    if not row["step"] and not row["seconds"]:
        return "not begun"
    share = "" if row["fraction"] in (None, 1.0) else f"{row['fraction']:.0%} in "
    return f"{share}{duration(row['seconds'])}"


def _open(run_id: str) -> None:
    st.query_params["run"] = run_id


def _show_more() -> None:
    st.session_state.runs_shown += PAGE

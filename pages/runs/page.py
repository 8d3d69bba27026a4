"""Runs: everything that takes long, while it works and after it: their list, and the chosen one."""

from typing import Any

import streamlit as st

from levelset_core.cluster import cluster_address, dashboard
from levelset_core.errors import LevelsetError
from levelset_core.runs import STATES, Run, RunStore, duration, kind_title, summary, tell_apart
from pages.runs.details import run_details
from pages.server.people import my_runs
from pages.shared.account import account, used
from pages.shared.board import live_board
from pages.shared.page import page
from pages.shared.run_controls import created_text, state_badge

#: Seconds between two looks at the folders.
EVERY = 2.0
#: Runs shown at first, and how many more at a click.
PAGE = 8
#: Pages that start runs, and where on them.
STARTS = {
    "reconstruction": "Reconstruction: choose points, then **Reconstruct**",
    "robustness": "Robustness: choose a figure of the table, then **Run**",
    "few_samples": "Few samples: **Run here**",
}


def board(found: list[Run]) -> None:
    """List and chosen run."""
    store = my_runs()
    runs = {run.id: run for run in found}
    rows = [summary(run) for run in runs.values()]
    for row, name in zip(rows, tell_apart([row["name"] for row in rows]), strict=True):
        row["name"] = name
    with page("Runs") as here:
        with here.row:
            account()
        used()
        if not rows:
            with here.row:
                _cluster()
            with st.container(border=True):
                st.markdown("## No runs yet")
                st.markdown(
                    "A run trains in a process of its own and keeps everything in a folder. You "
                    "can close the tab; if the server stops, the run goes on, or resumes where it "
                    "was."
                )
                for name, label in STARTS.items():
                    st.page_link(f"{name}/page.py", label=label, icon=":material/play_arrow:")
            return
        with here.row:
            passed = run_filter(rows)
            _cluster()
        lists(store, runs, rows, passed)


def lists(
    store: RunStore, runs: dict[str, Run], rows: list[dict[str, Any]], passed: list[dict[str, Any]]
) -> None:
    """The runs that pass the filter, and the chosen one beside them."""
    wanted = st.query_params.get("run")
    if wanted is not None and wanted not in runs:
        st.warning(f"There is no run {wanted!r}: it may have been deleted.")
        wanted = None
    active = [row["id"] for row in passed if row["state"] == "running"]
    chosen = wanted or next(iter([*active, *(row["id"] for row in passed)]), None)
    side, main = st.columns([2, 5], gap="medium")
    with side:
        run_list(passed, chosen)
        if not passed:
            st.info("No run passes the filter.")
    if chosen is not None:
        others = [runs[row["id"]] for row in rows if row["id"] != chosen and not row["problem"]]
        with main.container(border=True):
            try:
                run_details(store, runs[chosen], others, {row["id"]: row["name"] for row in rows})
            except (LevelsetError, OSError):
                st.info("This run changed while it was being read. One moment.")


def _cluster() -> None:
    """Where runs go, and Dask's own page of the work there."""
    if cluster_address() is None:
        return
    if link := dashboard():
        st.link_button("Cluster", link, icon=":material/hub:", help="Dask's dashboard.")
    else:
        st.warning(f"No Dask scheduler answers at {cluster_address()}: runs wait in the queue.")


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
        st.button(
            f"Show more ({len(rows) - shown} older)", width="stretch",
            on_click=st.session_state.update, kwargs={"runs_shown": shown + PAGE},
        )  # fmt: skip


def _card(row: dict[str, Any], chosen: bool) -> None:
    with st.container(gap="xxsmall"):
        st.button(
            row["name"], key=f"open_{row['id']}", width="stretch",
            type="primary" if chosen else "secondary",
            help=None if row["problem"] else row["title"],
            on_click=st.query_params.update, kwargs={"run": row["id"]},
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


live_board(board, my_runs().runs, every=EVERY, always=True)

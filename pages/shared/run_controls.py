"""One run's state, progress and the buttons that stop it and take it up again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import streamlit as st

from levelset_core.cluster import cluster_address
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError
from levelset_core.runs import (
    RESUMABLE,
    Run,
    RunStatus,
    RunStore,
    cores_for_runs,
    duration,
    has_room,
    progress_text,
    summary,
    why_waiting,
)
from pages.server.people import my_runs
from pages.shared.attempt import attempt, tell

#: How a state shows: its icon and colour.
STATES: dict[str, tuple[str, Literal["gray", "blue", "green", "red", "orange"]]] = {
    "queued": ("schedule", "gray"),
    "running": ("play_arrow", "blue"),
    "done": ("check", "green"),
    "failed": ("error", "red"),
    "cancelled": ("block", "gray"),
    "interrupted": ("pause", "orange"),
    "damaged": ("broken_image", "red"),
}


def state_badge(state: str) -> None:
    """The state as a badge, told by icon and word, not by colour alone."""
    icon, color = STATES[state]
    st.badge(state, icon=f":material/{icon}:", color=color)


def run_progress(run: Run, *, key: str) -> RunStatus | None:
    """State, progress with time left, and Cancel or Resume; for any page.

    Call it within a fragment that runs again every second or two. ``key`` keeps two of them on a
    page apart.

    Returns:
        The status shown; None where the folder is damaged or gone, which it says.
    """
    try:
        status = run.status()
    except LevelsetError as error:
        st.error(str(error), icon=":material/broken_image:")
        return None
    with st.container():  # one place for all states: what follows is not drawn twice in a change
        with st.container(horizontal=True, vertical_alignment="center"):
            state_badge(status.state)
            st.markdown(progress_text(status), width="stretch")
            _buttons(run, status, key)
        if status.state == "running" or status.fraction not in (None, 1.0):
            st.progress(status.fraction or 0.0)
        if status.state == "failed":
            st.error(status.message, icon=":material/error:")
        elif status.state == "done" and status.message:
            st.warning(status.message, icon=":material/warning:")
        elif status.state == "queued":
            st.caption(_waits(run))
        elif status.state == "interrupted" and status.message:
            st.caption(status.message)
        tell(f"{key}_error")
    return status


def queue_ahead(threads: int | None = None, device: str | None = None) -> str:
    """What a run that is started now waits for, in words; empty where it begins at once.

    Args:
        threads, device: of that run, with the defaults of :func:`levelset_core.runs.start`.
    """
    if cluster_address() is not None:
        return ""
    store = my_runs()
    working, waiting = store.at_work(), len(store.waiting())
    if not waiting and has_room(threads or cores_for_runs(), device or str(pick_device()), working):
        return ""
    before = _named(store, working)
    if waiting:
        before.append(f"{waiting} {'more ' if before else ''}in the queue")
    return f"Other runs come first: {', '.join(before)}. Yours then starts by itself."


def _waits(run: Run) -> str:
    store = my_runs(run.path.parent)
    if reason := why_waiting(run, store.at_work()):
        return reason
    if (address := cluster_address()) is not None:
        return f"Waits for a worker of the cluster at {address}: it starts by itself."
    busy = _named(store, store.at_work())
    before = f" Now at work: {', '.join(busy)}." if busy else ""
    return f"Waits in the queue: it starts by itself when a run before it ends.{before}"


def _named(store: RunStore, working: list[Run]) -> list[str]:
    """Runs at work by name, with the time left; those of others are only counted."""
    own = [summary(other) for other in working if store.sees(other)]
    busy = [f"“{other['name']}”{_left(other)}" for other in own]
    if others := len(working) - len(own):
        busy.append(f"{others} of other people")
    return busy


def _left(run: dict[str, Any]) -> str:
    return "" if run["seconds_left"] is None else f" ({duration(run['seconds_left'])} left)"


def _buttons(run: Run, status: RunStatus, key: str) -> None:
    store = my_runs(run.path.parent)
    if not store.mine(run):
        return
    if status.state in RESUMABLE:
        label = "Start" if not run.checkpoint_file.exists() else "Resume"
        st.button(
            label, key=f"{key}_resume", icon=":material/play_arrow:", type="primary",
            on_click=attempt, args=(f"{key}_error", store.submit, run),
        )  # fmt: skip
    elif status.active and run.cancel_requested:
        st.button(
            "Stop now", key=f"{key}_kill", icon=":material/stop:",
            help="It saves and stops after the current step. This button does not wait: the "
            "steps since the last checkpoint are lost.",
            on_click=attempt, args=(f"{key}_error", store.kill, run),
        )  # fmt: skip
    elif status.active:
        st.button(
            "Cancel", key=f"{key}_cancel", icon=":material/stop:",
            help="Saves and stops; it can be resumed later.",
            on_click=attempt, args=(f"{key}_error", store.cancel, run),
        )  # fmt: skip


def created_text(created: str) -> str:
    """The time a run was made, where the person is: "24 Nov, 15:03"."""
    try:
        zone = ZoneInfo(st.context.timezone or "UTC")
        moment = datetime.fromisoformat(created).astimezone(zone)
    except (ValueError, KeyError):
        return created
    year = "" if moment.year == datetime.now(UTC).year else f" {moment.year}"
    return f"{moment.day} {moment:%b}{year}, {moment:%H:%M}"

"""Who somebody is here: the door of a server with a login, and what an owner uses of a server."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from levelset_core.paths import runs_folder
from levelset_core.runs import usage
from pages.server.people import Person, has_login, mode, person


def at_the_door() -> bool:
    """Whether somebody has to log in first; says so, with the button for it."""
    if mode() != "login" or person().logged_in:
        return False
    with st.container(border=True, width=480):
        st.markdown("#### Log in")
        st.markdown("Runs, uploads and playgrounds are kept here for each person by name.")
        _login()
    return True


def account() -> None:
    """Who looks, what this owner uses, and the way out; nothing on a local machine."""
    who = person()
    if who.owner is None:
        return
    label = who.name if len(who.name) <= 30 else f"{who.name[:29]}…"
    with st.popover(label, icon=":material/person:", help="Who you are here"):
        st.markdown(_told(who))
        if who.logged_in:
            st.button("Log out", icon=":material/logout:", key="log_out", on_click=st.logout)
        elif has_login():
            _login()


def used() -> None:
    """One line: what the person uses of this server, and what each may use."""
    if (owner := person().owner) is not None:
        st.caption(_used(owner, str(runs_folder())))


@st.cache_data(ttl=5, max_entries=200, show_spinner=False)
def _used(owner: str, root: str) -> str:
    return usage(Path(root), owner).told()


def _told(who: Person) -> str:
    if who.logged_in:
        admin = " You are an admin: you see and change everybody's runs." if who.admin else ""
        return f"Your runs and uploads belong to `{who.owner}`; others do not see them.{admin}"
    return (
        "Your runs and uploads belong to this browser: others do not see them, and you see them "
        "nowhere else. If you clear its cookies, you lose them."
    )


def _login() -> None:
    st.button("Log in", icon=":material/login:", type="primary", key="log_in", on_click=st.login)

"""The 2D playground: draw points, watch level sets train."""

import streamlit as st

from pages.playground.charts import charts
from pages.playground.code_view import code_view
from pages.playground.compare_view import compare_view
from pages.playground.controls import hidden_controls, tell_unknown
from pages.playground.iteration_view import iteration_annotations, iteration_view, leave_iteration
from pages.playground.lessons.card import lesson_card
from pages.playground.lessons.view import lesson_view
from pages.playground.network_view import network_view
from pages.playground.opening import Opened, opened
from pages.playground.point_canvas import point_canvas
from pages.playground.progress import keep_progress
from pages.playground.settings import settings_panel
from pages.playground.share import share_view
from pages.playground.watching import watching_note
from pages.shared.page import Views, page, tabs

TABS: Views = {
    "charts": (":material/show_chart: Charts", charts),
    "iteration": (":material/footprint: One iteration", iteration_view),
    "network": (":material/hub: Network", network_view),
    "compare": (":material/compare: A and B", compare_view),
    "lessons": (":material/school: Lessons", lesson_view),
    "code": (":material/code: Code", code_view),
    "share": (":material/share: Share & keep", share_view),
}


#: What somebody who only watches may look at: the other views act on the session.
WATCHED = ("charts", "code")


def views_of(shown: Opened) -> Views:
    """What is below the canvas."""
    return {name: TABS[name] for name in (WATCHED if shown.watching else TABS)}


with page("Playground", unseen=True, device="cpu"):
    shown = opened()
    live = shown.session
    hidden = hidden_controls(live)
    if shown.watching:
        watching_note(live)
    elif "settings" not in hidden:
        lesson_card(live)
        settings_panel(live)
    if st.session_state.get("tab") == "iteration":
        point_canvas(shown, iteration_annotations(live), picking=True)
    else:
        if not shown.watching:
            leave_iteration(live)
        point_canvas(shown, [])
    if "below" not in hidden:
        tabs("Below the canvas", views_of(shown), live, key="tab")
    tell_unknown()
    keep_progress()

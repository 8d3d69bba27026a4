"""The 2D playground: draw points, watch level sets train."""

import streamlit as st

from levelset_core.errors import LevelsetError
from levelset_core.live import LiveSession, PlaygroundState, get_hub
from pages.playground.charts import charts
from pages.playground.code_view import code_view
from pages.playground.iteration_view import iteration_annotations, iteration_view, leave_iteration
from pages.playground.lesson_view import lesson_view
from pages.playground.network_view import network_view
from pages.playground.point_canvas import point_canvas
from pages.playground.settings import settings_panel
from pages.playground.share import share_view
from pages.shared.page import Views, page, tabs

TABS: Views = {
    "charts": (":material/show_chart: Charts", charts),
    "iteration": (":material/footprint: One iteration", iteration_view),
    "network": (":material/hub: Network", network_view),
    "lessons": (":material/school: Lessons", lesson_view),
    "code": (":material/code: Code", code_view),
    "share": (":material/share: Share & keep", share_view),
}


def current_session() -> LiveSession:
    """The session named in the address, else one from the state in the address, else a new one.

    A new one opens untrained, and its first steps are slow enough to be seen. ``?start=fast`` in
    the address trains at once at full speed, ``?start=paused`` waits for play.
    """
    session = get_hub().get(st.query_params.get("session") or st.session_state.get("session_id"))
    if session is None:
        state = PlaygroundState.default()
        link = st.query_params.get("s")
        if link:
            try:
                state = PlaygroundState.from_link(link)
            except LevelsetError as error:
                st.toast(f"{error} Here is the default instead.", icon=":material/link_off:")
        start = st.query_params.get("start")
        session = get_hub().create(
            state, playing=start == "fast", slow=start != "fast", opening=start is None
        )
    st.session_state.session_id = session.id
    return session


with page("Playground", unseen=True, device="cpu"):
    live = current_session()
    settings_panel(live)
    if st.session_state.get("tab") == "iteration":
        point_canvas(live, iteration_annotations(live), picking=True)
    else:
        leave_iteration(live)
        point_canvas(live, [])
    tabs("Below the canvas", TABS, live, key="tab")

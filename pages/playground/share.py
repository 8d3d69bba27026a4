"""Links, files and the trained network to take away."""

from __future__ import annotations

import streamlit as st

from levelset_core.data import write_points_csv
from levelset_core.data.points import points_from_file
from levelset_core.errors import LevelsetError
from levelset_core.live import LiveSession
from levelset_core.live.state import state_from_file
from levelset_core.networks import Activation, loading_snippet, save_mlp
from levelset_core.playground import OBJECTIVES
from pages.playground.links import links_view
from pages.playground.opening import own_copy
from pages.shared.attempt import attempt, tell
from pages.shared.uploads import prepare_uploads, read_upload


def share_view(session: LiveSession) -> None:
    """The links, then three columns: the whole state, the points, the network."""
    prepare_uploads()
    links_view(session)
    st.divider()
    for column, draw in zip(st.columns(3), (_state, _points, _network), strict=True):
        with column:
            draw(session)


def _state(session: LiveSession) -> None:
    st.markdown("**Everything, as a file**")
    st.caption("Points, settings and seed. Opened again, it starts from the same state.")
    st.download_button(
        "Download state (JSON)", session.state.to_json(), "playground.json", "application/json",
        width="stretch",
    )  # fmt: skip
    st.button("Work on a copy of my own", on_click=own_copy, args=(session,), width="stretch")
    st.file_uploader(
        "Open a state (JSON)", "json", key="state_file",
        on_change=attempt, args=("state_wrong", _take_state, session),
    )  # fmt: skip
    tell("state_wrong")


def _take_state(session: LiveSession) -> None:
    if (file := st.session_state.state_file) is not None:
        session.update(read_upload(state_from_file, file.name, [file]))
        st.session_state.overlays_version = st.session_state.get("overlays_version", 0) + 1


def _points(session: LiveSession) -> None:
    st.markdown("**Points, as CSV**")
    st.caption("One point per line: x, y, label. Labels are 1 (blue) and -1 (orange).")
    st.download_button(
        "Download points (CSV)", write_points_csv(session.state.points), "points.csv",
        "text/csv", width="stretch",
    )  # fmt: skip
    st.text_area("Paste CSV", key="csv_text", height=110, placeholder="0.5,0.2,1")
    st.button(
        "Use these points", on_click=attempt, args=("text_wrong", _take_points, session, "text"),
        width="stretch",
    )  # fmt: skip
    tell("text_wrong")
    st.file_uploader(
        "Open a CSV file", ["csv", "txt"], key="csv_file",
        on_change=attempt, args=("file_wrong", _take_points, session, "file"),
    )  # fmt: skip
    tell("file_wrong")


def _take_points(session: LiveSession, source: str) -> None:
    """Use the points, or say what is wrong and keep those on the canvas."""
    st.session_state.text_wrong = st.session_state.file_wrong = None
    given = st.session_state[f"csv_{source}"]
    if given is None:
        return
    name = "The text" if source == "text" else given.name
    content = given.encode() if source == "text" else given
    try:
        points = read_upload(points_from_file, name, [content])
    except LevelsetError as error:
        raise LevelsetError(f"{error} The points on the canvas are unchanged.") from error
    session.change(points=points, preset=None)


def _network(session: LiveSession) -> None:
    st.markdown("**The network**")
    panels = session.state.panels()
    titles = [OBJECTIVES[panel.objective].title for panel in panels]
    panel = 0 if len(panels) == 1 else titles.index(st.selectbox("Panel", titles))
    config = panels[panel]
    layers = "-".join(["2", *[str(config.width)] * config.depth, "1"])
    st.caption(f"An MLP {layers} with {config.activation} units, as it stands at this moment.")
    activation = Activation(config.activation)

    def weights() -> bytes:
        return save_mlp(
            session.call("weights", panel=panel), activation=activation.name,
            beta=activation.beta, frequency=activation.frequency,
        )  # fmt: skip

    st.download_button(
        "Download weights (safetensors)", weights, "levelset_mlp.safetensors",
        "application/octet-stream", width="stretch",
    )  # fmt: skip
    with st.expander("Load it elsewhere"):
        st.code(loading_snippet("levelset_mlp.safetensors"), language="python", wrap_lines=True)
    st.caption(
        "PNG and SVG of the picture: the two buttons above the canvas. A lesson in a web page: "
        "**Lessons**, then **Link and embed**."
    )

"""Entry: the server with its live route, and, within a script run, the pages.

``python -m levelset_core app`` (or ``streamlit run app.py``) imports this file once for the
server, then runs it as the script of every page.
"""

import gc
import threading
from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from levelset_core.live import get_hub
from levelset_core.runs import keep_spare
from levelset_core.runs.queue import cores_for_runs
from pages.widgets.arrays import array_routes
from pages.widgets.live_route import live_routes
from pages.widgets.run_route import run_routes

ROOT = Path(__file__).resolve().parent


def navigate() -> None:
    """The shell around every page."""
    st.set_page_config(page_title="Levelset Lab", page_icon="◐", layout="wide")
    st.html(ROOT / "assets" / "app.css")
    pages = [
        st.Page(ROOT / "pages" / "home.py", title="Levelset Lab", icon=":material/home:"),
        st.Page(ROOT / "pages" / "playground.py", title="Playground", icon=":material/draw:"),
        st.Page(
            ROOT / "pages" / "reconstruction.py",
            title="Reconstruction",
            icon=":material/view_in_ar:",
        ),
        st.Page(
            ROOT / "pages" / "exact_networks.py",
            title="Exact networks",
            icon=":material/polyline:",
        ),
        st.Page(ROOT / "pages" / "adversarial.py", title="Robustness", icon=":material/shield:"),
        st.Page(
            ROOT / "pages" / "generalization.py",
            title="Few samples",
            icon=":material/scatter_plot:",
        ),
        st.Page(ROOT / "pages" / "runs.py", title="Runs", icon=":material/list_alt:"),
    ]
    st.navigation(pages, position="top").run()


if get_script_run_ctx(suppress_warning=True) is not None:
    navigate()
else:
    # A folder called pages/ would make Streamlit list its files by itself until the first
    # st.navigation, and open a page without the shell around it.
    PagesManager.uses_pages_directory = False
    app = st.App(__file__, routes=[*live_routes(ROOT / "assets"), *array_routes(), *run_routes()])
    threading.Thread(target=get_hub().warm_up, daemon=True).start()
    keep_spare(cores_for_runs())
    # runner.postScriptGC is off (.streamlit/config.toml): what is imported by now never dies,
    # so leave it out of the collections that Python itself still makes.
    gc.collect()
    gc.freeze()

"""Entry: the server with its live route, and, within a script run, the pages.

``python -m levelset_core app`` (or ``streamlit run app.py``) imports this file once for the
server, then runs it as the script of every page.
"""

import gc
import threading
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from levelset_core.live import get_hub
from levelset_core.paths import ASSETS
from levelset_core.runs import keep_spare
from levelset_core.runs.queue import cores_for_runs
from pages.server.arrays import array_routes
from pages.server.live_route import live_routes
from pages.server.old_addresses import old_addresses
from pages.server.run_route import run_routes

ROOT = Path(__file__).resolve().parent
#: Folder in pages/, which is also the page's address -> title, icon.
PAGES = {
    "home": ("Levelset Lab", ":material/home:"),
    "playground": ("Playground", ":material/draw:"),
    "reconstruction": ("Reconstruction", ":material/view_in_ar:"),
    "exact": ("Exact networks", ":material/polyline:"),
    "robustness": ("Robustness", ":material/shield:"),
    "few_samples": ("Few samples", ":material/scatter_plot:"),
    "runs": ("Runs", ":material/list_alt:"),
}


def navigate() -> None:
    """The shell around every page."""
    st.set_page_config(page_title="Levelset Lab", page_icon="◐", layout="wide")
    st.html(ASSETS / "app.css")
    pages = [
        st.Page(ROOT / "pages" / name / "page.py", title=title, icon=icon, url_path=name)
        for name, (title, icon) in PAGES.items()
    ]
    st.navigation(pages, position="top").run()


if get_script_run_ctx(suppress_warning=True) is not None:
    navigate()
else:
    routes = [*live_routes(ASSETS), *array_routes(), *run_routes(), *old_addresses()]
    app = st.App(__file__, routes=routes)
    threading.Thread(target=get_hub().warm_up, daemon=True).start()
    keep_spare(cores_for_runs(), ["reconstruct"])
    # runner.postScriptGC is off (.streamlit/config.toml): what is imported by now never dies,
    # so leave it out of the collections that Python itself still makes.
    gc.collect()
    gc.freeze()

"""The shell around every page: Streamlit runs this script for whatever address is opened.

It lies in this folder, not beside it: Streamlit lists the files of a folder ``pages`` that lies
beside its script by itself, and says "Page not found" of the first address that a browser opens.
"""

from pathlib import Path

import streamlit as st

from levelset_core.paths import ASSETS
from pages.shared.account import at_the_door

#: Folder of the page, which is also its address -> title, icon.
PAGES = {
    "home": ("Levelset Lab", ":material/home:"),
    "playground": ("Playground", ":material/draw:"),
    "reconstruction": ("Reconstruction", ":material/view_in_ar:"),
    "exact": ("Exact networks", ":material/polyline:"),
    "robustness": ("Robustness", ":material/shield:"),
    "few_samples": ("Few samples", ":material/scatter_plot:"),
    "runs": ("Runs", ":material/list_alt:"),
}

folder = Path(__file__).resolve().parent
pages = [
    st.Page(folder / name / "page.py", title=title, icon=icon, url_path=name)
    for name, (title, icon) in PAGES.items()
]
# First: the navigation would fetch the page's own icon for the tab from another host.
st.set_page_config(page_icon="◐", layout="wide")
current = st.navigation(pages, position="hidden" if st.context.is_embedded else "top")
name = PAGES["home"][0]
title = name if current.title == name else f"{current.title} · {name}"
st.set_page_config(page_title=title)
st.html(ASSETS / "app.css")
if not at_the_door():
    current.run()

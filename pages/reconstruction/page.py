"""Surfaces and curves from raw points: watched live, inspected, compared, exported."""

import streamlit as st

from pages.reconstruction.input import input_panel
from pages.reconstruction.method import method_panel
from pages.reconstruction.workbench import workbench
from pages.shared.page import page

with page("Reconstruction", unseen=True, device="auto"):
    subject = input_panel()
    if subject is None:
        st.info("Choose a sample on the left, or open a file of points.", icon=":material/upload:")
    else:
        workbench(subject, method_panel(subject))

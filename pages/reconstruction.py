"""Surfaces and curves from raw points: watched live, inspected, compared, exported."""

import streamlit as st

from pages.widgets.badges import device_badge
from pages.widgets.reconstruction_input import input_panel
from pages.widgets.reconstruction_method import method_panel
from pages.widgets.reconstruction_workbench import workbench

subject = input_panel()
if subject is None:
    st.info("Choose a sample on the left, or open a file of points.", icon=":material/upload:")
else:
    choice = method_panel(subject)
    workbench(subject, choice)
with st.sidebar:
    device_badge()

"""Small facts that every page shows."""

import os

import streamlit as st

from levelset_core.device import describe_device, pick_device


def device_badge() -> None:
    """Where networks are trained and evaluated."""
    device = pick_device(os.environ.get("LEVELSET_DEVICE") or "cpu")
    st.badge(f"Runs on {describe_device(device)}", icon=":material/memory:", color="gray")

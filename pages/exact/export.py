"""An exact network to take away: safetensors, ONNX, and the Python that loads it."""

from __future__ import annotations

import streamlit as st

from levelset_core.exact import ExactNetwork
from levelset_core.exact.export import exact_onnx, exact_safetensors, exact_snippet

_FILE = "exact_network"


def exact_export(e: ExactNetwork, key: str) -> None:
    """Two files and a snippet."""
    left, right = st.columns([1, 2])
    with left:
        st.download_button(
            "Download weights (safetensors)", exact_safetensors(e), f"{_FILE}.safetensors",
            "application/octet-stream", width="stretch", key=f"{key}_safetensors",
        )  # fmt: skip
        st.download_button(
            "Download model (ONNX)", exact_onnx(e), f"{_FILE}.onnx",
            "application/octet-stream", width="stretch", key=f"{key}_onnx",
        )  # fmt: skip
        st.caption(
            f"Linear and ReLU layers {' – '.join(map(str, e.widths))} in float64, F < 0 inside."
        )
    with right:
        st.code(exact_snippet(e, f"{_FILE}.safetensors"), language="python")

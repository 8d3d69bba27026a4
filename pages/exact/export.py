"""An exact network to take away: safetensors, ONNX, and the Python that loads it."""

from __future__ import annotations

import streamlit as st

from levelset_core.exact.export import exact_onnx, exact_safetensors, exact_snippet
from pages.exact.work import ExactWork

_FILE = "exact_network"


def export_view(work: ExactWork) -> None:
    """Two files and a snippet."""
    e = work.exact
    assert e is not None
    left, right = st.columns([1, 2])
    with left:
        for label, content, ending in (
            ("Download weights (safetensors)", exact_safetensors(e), "safetensors"),
            ("Download model (ONNX)", exact_onnx(e), "onnx"),
        ):
            st.download_button(
                label, content, f"{_FILE}.{ending}", "application/octet-stream", width="stretch",
                key=f"{work.graph}_{ending}",
            )  # fmt: skip
        st.caption(
            f"Linear and ReLU layers {' – '.join(map(str, e.widths))} in float64, F < 0 inside."
        )
    right.code(exact_snippet(e, f"{_FILE}.safetensors"), language="python")

"""Shows the core functions that ran, from their source."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import streamlit as st

from levelset_core.levelsets import (
    follow_points,
    nearest_points,
    project,
    pseudo_inverse,
    sample_network,
)
from levelset_core.live import LiveSession
from levelset_core.playground import OBJECTIVES, PlaygroundTrainer


def code_view(live: LiveSession) -> None:
    """The functions behind the present objective, as this very program runs them."""
    functions: dict[str, Callable[..., Any]] = {}
    for config in live.state.panels():
        objective = OBJECTIVES[config.objective]
        functions[f"Loss: {objective.title} ({objective.equation})"] = objective.function
    functions["Nearest points"] = nearest_points
    functions["Points taken along"] = follow_points
    functions["Projection (Eq. 4)"] = project
    functions["Pseudo-inverse (Eq. 5)"] = pseudo_inverse
    functions["Sample network (Eq. 9)"] = sample_network
    functions["One training step"] = PlaygroundTrainer.__next__
    name = st.selectbox("Function", list(functions))
    function = functions[name]
    st.caption(f"`{function.__module__}.{function.__qualname__}`, the code that runs here:")
    st.code(inspect.getsource(function), language="python", wrap_lines=True)

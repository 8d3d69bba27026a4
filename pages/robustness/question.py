"""What is asked in the view Curves, and the button that measures what is not known yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from levelset_core.attacks import AttackConfig, paper_attack
from levelset_core.errors import LevelsetError
from levelset_core.robustness.models import KnownModel
from levelset_core.runs import duration
from pages.shared.image_data import here_or_download

#: Of Plotly.
CONFIG = {"displaylogo": False}
ERROR = "robust_curves_error"


@dataclass(frozen=True)
class Question:
    """What is asked on the page: of which models, on which images; a place for the button."""

    models: list[KnownModel]
    colours: dict[str, int]
    data: str
    images: int
    slot: DeltaGenerator

    @property
    def usual(self) -> AttackConfig:
        """The paper's margin attack for these images."""
        return paper_attack("pgd-margin", self.models[0].shape[0])


def measure_button(
    q: Question, names: list[str], work: float, start: Callable[..., None], *arguments: Any
) -> None:
    """Measures what is missing of the models named."""
    if not names:
        return
    label = names[0] if len(names) == 1 else f"{len(names)} models"
    with q.slot:
        if not here_or_download(q.data, "curves"):
            return
        st.caption(f"at most about {duration(work)} on one core", width="content")
        st.button(
            f"Measure {label}", key="curves_measure_button", type="primary",
            icon=":material/play_arrow:", on_click=_attempt, args=(start, (q, *arguments)),
            help=f"In the background: {', '.join(names)}.",
        )  # fmt: skip


def _attempt(start: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    st.session_state[ERROR] = None
    try:
        start(*arguments)
    except (LevelsetError, OSError) as error:
        st.session_state[ERROR] = str(error)

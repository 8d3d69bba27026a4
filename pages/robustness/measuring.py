"""Runs of the page Robustness: those at work, and the button that starts what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from levelset_core.attacks import AttackConfig, paper_attack
from levelset_core.errors import LevelsetError
from levelset_core.robustness.models import KnownModel
from levelset_core.runs import Run, duration
from levelset_core.runs.files import read_arrays
from pages.server.people import my_runs
from pages.shared.attempt import attempt
from pages.shared.image_data import here_or_download
from pages.shared.run_controls import run_progress

#: Seconds between two looks at runs that are not over.
EVERY = 1.0
#: Runs of these kinds belong to the page.
KINDS = ("attack", "masking", "transfer", "distances")
#: Runs shown with their progress at once.
MOST_RUNS = 3
#: Passes of one image through ConvNet-4a and back in a second, on one core of a CPU.
PASSES = 1000.0
ERROR = "robust_curves_error"


def active_runs() -> list[Run]:
    """Those of this page, the oldest first."""
    return [run for run in reversed(my_runs().of_kind(*KINDS)) if run.status().active]


def runs_in_work(runs: list[Run], key: str) -> None:
    """Their progress, and what waits; call it in a live board."""
    for run in runs[:MOST_RUNS]:
        with st.container(border=True, gap="xxsmall"):
            st.markdown(f"**{run.config.name}**")
            run_progress(run, key=f"{key}_{run.id}")
    if len(runs) > MOST_RUNS:
        st.caption(f"{len(runs) - MOST_RUNS} more wait in the queue: see the page Runs.")


def run_arrays(run: Run, artifact: str) -> dict[str, np.ndarray] | None:
    """The arrays that a run has written so far; None where they cannot be read."""
    path = run.artifacts / artifact
    try:
        return _arrays(path, path.stat().st_mtime_ns)
    except (LevelsetError, OSError):
        return None


@st.cache_resource(max_entries=100, show_spinner=False)
def _arrays(path: Path, changed: int) -> dict[str, np.ndarray]:
    return read_arrays(path)


@dataclass(frozen=True)
class Question:
    """What is asked on the page: of which models, on which images; a place for the button."""

    models: list[KnownModel]
    colours: dict[str, int]
    data: str
    images: int
    slot: DeltaGenerator
    norm: str = "linf"

    @property
    def usual(self) -> AttackConfig:
        """The paper's margin attack for these images, or its counterpart in L2."""
        return paper_attack("pgd-margin", self.models[0].shape[0], norm=self.norm)


def measure_button(q: Question, names: list[str], work: float, start: Callable[[], object]) -> None:
    """Measures what is missing of the models named."""
    if not names:
        return
    label = names[0] if len(names) == 1 else f"what is missing for {len(names)} models"
    with q.slot:
        if not here_or_download(q.data, "curves"):
            return
        st.caption(f"at most about {duration(work)} on one core", width="content")
        st.button(
            f"Measure {label}", key="curves_measure_button", type="primary",
            icon=":material/play_arrow:", on_click=attempt, args=(ERROR, start),
            help=f"In the background: {', '.join(names)}.",
        )  # fmt: skip

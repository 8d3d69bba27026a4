"""Before training: what the points are, which would be left out, how long it will take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np
import streamlit as st

from levelset_core.data import inliers
from levelset_core.data.facts import CloudFacts, facts_of
from levelset_core.errors import LevelsetError
from levelset_core.reconstruction.preparation.survey import Survey, survey
from levelset_core.runs import duration
from pages.reconstruction.input import Subject
from pages.reconstruction.method import METHODS
from pages.server.people import my_runs

#: Points whose outliers are found within a second.
AT_ONCE = 60_000
#: Seconds of preparation and extraction where no run has shown them yet: at least, and a point.
LEAST, POINT = 15.0, 1.5e-4


@st.cache_data(max_entries=16, show_spinner=False)
def _inliers(digest: str, ratio: float, _points: np.ndarray) -> np.ndarray:
    return inliers(_points, ratio=ratio)


@st.cache_data(max_entries=16, show_spinner=False)
def _survey(digest: str, ratio: float | None, _subject: Subject) -> Survey:
    return survey(_subject.cloud.select(kept_points(_subject, ratio)))


@st.cache_data(max_entries=16, show_spinner=False)
def _facts(digest: str, _subject: Subject) -> CloudFacts:
    return facts_of(_subject.cloud)


def kept_points(subject: Subject, ratio: float | None) -> np.ndarray:
    """Which points a run would keep, (n,) bool; all of them without a ratio."""
    if ratio is None:
        return np.ones(len(subject.cloud), dtype=bool)
    return _inliers(subject.digest, ratio, subject.cloud.points)


def known(subject: Subject, ratio: float | None) -> bool:
    """Whether the outliers are known, or so soon found that a picture can wait for them."""
    few = len(subject.cloud) <= AT_ONCE or ratio is None or subject.kind != "surface"
    return few or (subject.digest, ratio) in st.session_state.get("looked_at", set())


def look_again(subject: Subject, ratio: float | None) -> None:
    """Draw the page anew, now that the outliers are known."""
    st.session_state.setdefault("looked_at", set()).add((subject.digest, ratio))
    st.rerun()


def first_look(subject: Subject, ratio: float | None, choice: dict[str, Any]) -> Iterator[str]:
    """What there is to say before the first run, a sentence each, the quickest first."""
    facts = _facts(subject.digest, subject)
    if subject.kind == "surface":
        size = " × ".join(f"{length:.4g}" for length in facts.extent)
        yield f":material/straighten: {len(subject.cloud):,} points, {size}. Unit: {facts.unit}."
        yield f":material/visibility: {_survey(subject.digest, ratio, subject).told}"
        if ratio is not None:
            yield f":material/filter_alt: {_dropped(subject, ratio)}"
    else:
        yield f":material/straighten: {facts}"
    yield f":material/timer: {takes(subject, choice)}"


def _dropped(subject: Subject, ratio: float) -> str:
    count = int((~kept_points(subject, ratio)).sum())
    if not count:
        return "No point would be left out as an outlier."
    return (
        f"{count:,} of {len(subject.cloud):,} points would be left out as outliers, orange in the "
        "picture; **Outliers** on the left makes them more or fewer."
    )


def takes(subject: Subject, choice: dict[str, Any]) -> str:
    """How long a reconstruction takes: its training, and as much besides as the last one took."""
    method = METHODS[subject.kind][choice["method"]]
    training = choice["changes"].get("seconds")
    besides, how = LEAST + POINT * len(subject.cloud), "roughly"
    for run in my_runs().of_kind(method.kind):
        with suppress(LevelsetError):
            status = run.status()
            if status.state == "done" and status.started_at and status.updated_at:
                besides = max(status.updated_at - status.started_at - status.seconds, 1.0)
                how = "about"
                break
    if training is None:
        return f"{method.title} takes {how} {duration(besides)}."
    return (
        f"Takes {how} {duration(training + besides)}: {duration(training)} of training, the rest "
        "before and after it."
    )

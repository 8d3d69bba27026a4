"""Before training: what the points seem to be, and which of them would be left out."""

from __future__ import annotations

import numpy as np
import streamlit as st

from levelset_core.data import inliers
from levelset_core.geometry.meshes import in_space
from levelset_core.reconstruction.survey import Survey, survey
from pages.reconstruction.input import Subject
from pages.shared import viewer3d as v


@st.cache_data(max_entries=16, show_spinner="Looking for outliers…")
def _inliers(digest: str, ratio: float, _points: np.ndarray) -> np.ndarray:
    return inliers(_points, ratio=ratio)


@st.cache_data(max_entries=16, show_spinner="Looking at the points…")
def _survey(digest: str, ratio: float | None, _subject: Subject) -> Survey:
    return survey(_subject.cloud.select(kept_points(_subject, ratio)))


def kept_points(subject: Subject, ratio: float | None) -> np.ndarray:
    """Which points a run would keep, (n,) bool; all of them without a ratio."""
    if ratio is None:
        return np.ones(len(subject.cloud), dtype=bool)
    return _inliers(subject.digest, ratio, subject.cloud.points)


def first_look(subject: Subject, ratio: float | None) -> str:
    """One or two sentences about a cloud in space before the first run, "" for curves."""
    if subject.kind != "surface":
        return ""
    dropped = int((~kept_points(subject, ratio)).sum())
    told = _survey(subject.digest, ratio, subject).told
    if ratio is None:
        return told
    return f"{told} {dropped:,} of {len(subject.cloud):,} points would be left out as outliers."


def left_out(subject: Subject, ratio: float | None) -> list[v.Layer]:
    """The points that would be left out, as a layer of their own."""
    if subject.kind != "surface" or (kept := kept_points(subject, ratio)).all():
        return []
    red = np.tile(np.array([[214, 69, 65]], dtype=np.uint8), (int((~kept).sum()), 1))
    points = in_space(subject.cloud.points[~kept])
    return [v.Points("outliers", "Left out as outliers", points, colours=red)]

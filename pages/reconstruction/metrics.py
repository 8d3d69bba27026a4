"""The table of every method tried on this cloud."""

from __future__ import annotations

from typing import Any

import streamlit as st

from levelset_core.runs import Run
from pages.reconstruction.input import Subject
from pages.reconstruction.results import titles_of

#: Column -> key of the comparison.
METRICS = {
    "Point to surface": "point_to_surface",
    "Chamfer L1 × 1000": "chamfer_l1",
    "Chamfer L2 × 1000": "chamfer_l2",
    "Hausdorff": "hausdorff",
    "Normal consistency": "normal_consistency",
    "F-score": "f_score",
}

#: Column -> what it is, said where it is shown.
FORMULAS = {
    "Chamfer L1 × 1000": (
        "Chamfer Lp is 1000 (mean over x of min over y |x − y|p + the same the other way), as in "
        "Table 2."
    ),
    "F-score": "F-score: within 0.25 % of the diagonal.",
}


def metrics_view(subject: Subject, runs: list[Run]) -> None:
    """All finished runs on this cloud, with their times, ready to copy."""
    titles = titles_of(runs)
    rows = [row for run in runs if (row := _row(run, titles[run.id])) is not None]
    if not rows:
        st.info("The table fills as soon as a run on these points has finished.")
        return
    columns = [c for c in rows[0] if any(row.get(c) is not None for row in rows)]
    st.dataframe([{c: row.get(c) for c in columns} for row in rows], hide_index=True)
    against = "the truth" if subject.truth is not None else "the points themselves"
    told = [f"Against {against}, 30,000 samples of each, in the units of the points."]
    told += [words for column, words in FORMULAS.items() if column in columns]
    st.caption(" ".join([*told, "Seconds: of training, without preparation and extraction."]))
    with st.popover("Copy", icon=":material/content_copy:"):
        st.caption("Tab-separated: paste it into a spreadsheet.")
        lines = ["\t".join(columns)]
        lines += ["\t".join(_text(row.get(c)) for c in columns) for row in rows]
        st.code("\n".join(lines), language=None)


def _row(run: Run, title: str) -> dict[str, Any] | None:
    result = run.result()
    if result is None or run.status().state != "done":
        return None
    comparison = result.get("comparison", {})
    sizes = {
        "Faces": result.get("faces"), "Pieces": result.get("components", result.get("pieces")),
        "Length": _rounded(result.get("length")),
    }  # fmt: skip
    return {
        "Method": title,
        "Seconds": _rounded(result.get("seconds")),
        "Steps": result.get("steps"),
        **{column: _rounded(comparison.get(key)) for column, key in METRICS.items()},
        **sizes,
        "Seed": run.config.seed,
    }


def _rounded(value: Any) -> Any:
    """Four significant digits: more would be noise of the sampling."""
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _text(value: Any) -> str:
    return "" if value is None else str(value)

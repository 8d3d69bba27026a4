"""Results in words and numbers: lines above the viewer, training charts, table of methods."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import streamlit as st

from levelset_core.reconstruction.bundle import is_bundled
from levelset_core.runs import Run, get_kind
from pages.reconstruction.input import Subject
from pages.reconstruction.results import Result, titles_of
from pages.shared.charts import CONFIG, metric_names, metrics_figure
from pages.shared.glossary import caption, hint
from pages.shared.tables import named_table

#: What the first look shows, by the kind of run.
PREVIEWS = {
    "reconstruct": "the surface between inside and outside, by how often the points surround "
    "a place (their winding number)",
    "curve": "the smooth curve through the points in their order",
}


#: Characters of a line beside an open sidebar.
WIDE = 150


def notes_view(results: list[Result]) -> int:
    """Draw the lines about the results; returns how many there are."""
    lines = 0
    with st.container(gap=None):
        for result in results:
            name = f"**{result.title}**: " if len(results) > 1 else ""
            for icon, text in notes_of(result):
                about = hint("winding_number") if "winding number" in text else None
                st.caption(f":material/{icon}: {name}{text}", help=about)
                lines += 1 + len(name + text) // WIDE
    return lines


def notes_of(result: Result) -> Iterator[tuple[str, str]]:
    """Icon and sentence."""
    kind = result.run.config.kind
    early = result.shape is not None and not result.final and not result.shape.step
    if early and kind in PREVIEWS:
        yield "visibility", f"A preview before training: {PREVIEWS[kind]}."
    told = (result.run.result() or {}) if result.final else {}
    if is_bundled(result.run):
        text = f"Stored with the program: {told.get('steps', 0):,} steps of training."
        yield (
            "inventory_2",
            f"{text} Turn it, choose another level, cut it, or colour it by its distance to the "
            "truth.",
        )
    if note := told.get("note"):
        yield "warning", f":orange[{note}]"
    sentences = [told["survey"]["told"]] if told.get("survey") else []
    if sentences := [*sentences, *told.get("solid", {}).get("told", [])]:
        yield "construction", " ".join([*sentences, "Lengths are in the units of the points."])
    if "gaps" in told:
        yield ("conversion_path" if told["gaps"] else "line_curve"), describe(told)


def describe(told: dict[str, Any]) -> str:
    """A curve's result in words, lengths and places in the units of the points."""
    pieces, closed = told["pieces"], told["closed"]
    if pieces == 1:
        kind = "One closed curve" if closed else "One open curve"
    else:
        kind = f"{pieces} pieces, {closed} of them closed"
    sentences = [f"{kind}, length {told['length']:.4g}."]
    for gap in told["gaps"]:
        sentences.append(
            f"No data over {gap['length']:.3g} of it, from {_place(gap['start'])} to "
            f"{_place(gap['end'])}: closed smoothly."
        )
    if told["ends"]:
        sentences.append(f"Ends at {', '.join(_place(end) for end in told['ends'])}.")
    return " ".join(sentences)


def _place(point: list[float]) -> str:
    return f"({', '.join(f'{x:.2f}' for x in point)})"


#: Seconds between two looks at the metrics of runs that are not over: while charts are redrawn
#: the browser shows no new surface.
EVERY = 3.0


def training_view(results: list[Result]) -> None:
    """Charts of one run, or of two over each other."""
    runs, rows = [result.run for result in results], _rows(results)
    active = any(run.status().active for run in runs)
    names = metric_names(runs, rows, expected=active)
    if not names:
        if any(get_kind(run.config.kind).metrics for run in runs):
            st.info("No step was taken yet: the charts fill when the run goes on.")
        else:
            st.info("This method has no steps to chart.")
        return
    # Seconds of a stored one are another machine's.
    axis = "step" if any(is_bundled(run) for run in runs) else "seconds"
    figure = metrics_figure(names, [result.title for result in results], rows, axis)
    figure.update_layout(uirevision="_".join(run.id for run in runs))
    st.plotly_chart(figure, key="training_charts", config=CONFIG)
    if "near" in names:
        caption(
            "{eq13|Loss}: what training makes small. X: the points of the cloud. d(p, X): the "
            "distance from a place p to the nearest of them. F should be 0 on the cloud, and near "
            "it |F| should be this distance, so these two means fall."
            + (
                " The mean over the samples of S₀ falls and then rises again. As long as they are "
                "on their way to S₀, |F| makes up for the distance. Once they lie on it (converged "
                "part: the share of them that does), F is 0 and the distance is left. It ends near "
                "the gap between two points, since S₀ also runs where there is no point. "
                "{residual|Newton residual}: how far |F| of these samples still is from 0."
                if "projected" in names
                else ""
            )
        )


def _rows(results: list[Result]) -> list[list[dict[str, Any]]]:
    """The runs' metrics; those of a moment ago if a run goes on."""
    ids = [result.run.id for result in results]
    now, active = time.monotonic(), any(result.run.status().active for result in results)
    seen, before, rows = st.session_state.get("training_rows", (0.0, None, []))
    if not active or ids != before or now >= seen + EVERY:
        rows = [result.run.metrics(limit=400) for result in results]
        st.session_state.training_rows = now, ids, rows
    return rows


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
    "Point to surface": "**Point to surface**: mean distance, both ways.",
    "Chamfer L1 × 1000": "**Chamfer**: from every sample to the nearest sample of the other shape, "
    "the mean of both ways added up, in {l1} or in {l2}, times 1000, as in the paper's Table 2.",
    "Hausdorff": "**Hausdorff**: the largest distance of all.",
    "Normal consistency": "**Normal consistency**: how well directions of the surface agree, 1 is "
    "the best.",
    "F-score": "**F-score**: the share of samples that lie within 0.25% of the diagonal of the "
    "other shape, 1 is the best.",
    "Seconds": "**Seconds**: of training, without preparation and extraction.",
}


def metrics_view(subject: Subject, runs: list[Run]) -> None:
    """All finished runs on this cloud, with their times, ready to copy."""
    titles = titles_of(runs)
    rows = [row for run in runs if (row := _row(run, titles[run.id])) is not None]
    if not rows:
        st.info("The table fills as soon as a run on these points has finished.")
        return
    columns = [c for c in rows[0] if any(row.get(c) is not None for row in rows)]
    cells = [["–" if row.get(c) is None else f"{row[c]}" for c in columns] for row in rows]
    named_table("Finished runs on these points", columns, cells, wide=True)
    against = "the truth" if subject.truth is not None else "the points themselves"
    words = [
        f"Compared with {against}, 30,000 samples of each. Distances are in the units of the "
        "points: smaller is better."
    ]
    words += [formula for column, formula in FORMULAS.items() if column in columns]
    caption(" ".join(words))
    with st.popover("Copy", icon=":material/content_copy:"):
        st.caption("Tab-separated: paste it into a spreadsheet.")
        lines = ["\t".join(columns)]
        lines += [
            "\t".join("" if row.get(c) is None else str(row[c]) for c in columns) for row in rows
        ]
        st.code("\n".join(lines), language=None)


def _row(run: Run, title: str) -> dict[str, Any] | None:
    result = run.result()
    if result is None or run.status().state != "done":
        return None
    comparison = result.get("comparison", {})
    row = {
        "Method": title,
        # A stored one was trained elsewhere.
        "Seconds": None if is_bundled(run) else result.get("seconds"),
        "Steps": result.get("steps"),
        **{column: comparison.get(key) for column, key in METRICS.items()},
        "Faces": result.get("faces"),
        "Pieces": result.get("components", result.get("pieces")),
        "Length": result.get("length"),
        "Seed": run.config.seed,
    }
    # Four significant digits: more would be noise of the sampling.
    return {c: float(f"{x:.4g}") if isinstance(x, float) else x for c, x in row.items()}

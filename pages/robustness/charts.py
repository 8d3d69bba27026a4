"""The charts of the view Curves, and how all charts of robust accuracy look."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from levelset_core.attacks import beyond_chance
from levelset_core.robustness.cells import Cell
from levelset_core.robustness.kinds.distances import DISTANCES
from levelset_core.robustness.measurements import largest
from levelset_core.robustness.models import KnownModel
from levelset_core.robustness.table import published_row
from levelset_core.robustness.table1 import BLACK_BOX
from levelset_core.runs import Run
from pages.robustness.measuring import run_arrays
from pages.shared import charts
from pages.shared.charts import COLORS, faint, look

HEIGHT = 360
STAGE_TITLES = {"apgd-ce": "APGD-CE", "apgd-t": "APGD-T", "fab-t": "FAB-T", "square": "Square"}
BINS = 24


def tidy(figure: go.Figure, title: str, height: int) -> go.Figure:
    """A chart of shares: an axis from 0 to 100%, the legend below."""
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(range=[-0.03, 1.06], tickformat=".0%", nticks=6, automargin=True)
    return charts.tidy(figure, title, height)


def curve_figure(
    models: list[KnownModel],
    colours: dict[str, int],
    lines: dict[str, dict[float, Cell]],
    axis: str,
    mark: float,
    title: str,
) -> go.Figure:
    """Robust accuracy over something, a line a model, with 95% intervals."""
    figure = go.Figure()
    for model in models:
        points = sorted(lines[model.id].items())
        if not points:
            continue
        shares = [cell.standing / cell.images for _, cell in points]
        style = look(colours[model.id])
        figure.add_scatter(
            x=[x for x, _ in points], y=shares, name=model.title, mode="lines+markers", **style,
            error_y={
                "array": [c.interval[1] - y for (_, c), y in zip(points, shares, strict=True)],
                "arrayminus": [y - c.interval[0] for (_, c), y in zip(points, shares, strict=True)],
                "thickness": 1, "width": 3,
            },
            customdata=[[c.images, c.seed] for _, c in points],
            hovertemplate=f"{axis} %{{x:g}}: %{{y:.1%}}<br>%{{customdata[0]}} images, seed "
            f"%{{customdata[1]}}<extra>{model.title}</extra>",
        )  # fmt: skip
    figure.add_vline(x=mark, line={"color": "#888888", "dash": "dot", "width": 1})
    known = [x for line in lines.values() for x in line]
    figure.update_xaxes(title_text=axis, range=[-0.01 * mark, max([1.75 * mark, *known])])
    if "steps" in axis:
        ticks = sorted(set(known)) or [1, 10, 100]
        figure.update_xaxes(
            type="log", range=[-0.08, 2.08], tickvals=ticks, ticktext=[f"{x:g}" for x in ticks]
        )
    if not figure.data:
        figure.add_annotation(
            text="Not measured yet", xref="paper", yref="paper", x=0.25, y=0.5, showarrow=False,
            font={"size": 14, "color": "#888888"},
        )  # fmt: skip
    figure.update_layout(showlegend=True)
    return tidy(figure, f"Robust accuracy, {title}", HEIGHT)


def add_points(
    figure: go.Figure,
    model: KnownModel,
    colour: int,
    points: dict[float, Cell],
    name: str,
) -> None:
    """Figures of another attack on the same axis, as diamonds in the model's colour."""
    shares = [cell.standing / cell.images for cell in points.values()]
    figure.add_scatter(
        x=list(points), y=shares, mode="markers", showlegend=False, name=name,
        marker={"symbol": "diamond-open", "size": 11, "line": {"width": 2},
                "color": look(colour)["line"]["color"]},
        customdata=[[cell.images] for cell in points.values()],
        hovertemplate="ε %{x:g}: %{y:.1%}<br>%{customdata[0]} images<extra>"
        f"{model.title}, {name}</extra>",
    )  # fmt: skip


def add_least(
    figure: go.Figure, model: KnownModel, colour: int, least: np.ndarray, end: float
) -> None:
    """The share of the images whose nearest adversarial image is farther, of distances (n,)."""
    places = np.concatenate([[0.0], np.sort(least[(least > 0) & (least <= end)])])
    shares = [(least > place).mean() for place in places]
    figure.add_scatter(
        x=[*places, end], y=[*shares, shares[-1]], mode="lines", showlegend=False,
        line={"color": look(colour)["line"]["color"], "width": 1, "shape": "hv"},
        hovertemplate=f"nearest found farther than %{{x:.3f}}: %{{y:.1%}}<br>{len(least)} images"
        f"<extra>{model.title}</extra>",
    )  # fmt: skip


def waterfall_figure(
    shown: list[tuple[KnownModel, Cell]], clean: dict[str, Cell | None]
) -> tuple[go.Figure, float]:
    """What stands, and what each part of AutoAttack takes away: a panel a model; where the axis
    begins.
    """
    columns = 2 if len(shown) == 4 else min(3, len(shown))
    rows = -(-len(shown) // columns)
    titles = [f"{model.title} · {cell.images:,} images" for model, cell in shown]
    figure = make_subplots(
        rows=rows, cols=columns, subplot_titles=titles, shared_yaxes=True,
        horizontal_spacing=0.03, vertical_spacing=0.3 / rows,
    )  # fmt: skip
    lowest = 1.0
    for k, (model, cell) in enumerate(shown):
        own = clean.get(model.id)
        at = 1.0 if own is None or own.accuracy is None else own.accuracy
        bars = [("no attack", at, "absolute", f"{100 * at:.1f}")]
        for stage, share in cell.stages.items():
            text = f"−{100 * (at - share):.1f}" if share < at else "0"
            bars.append((STAGE_TITLES.get(stage, stage), share - at, "relative", text))
            at = share
        bars.append(("left", at, "total", f"{100 * at:.1f}"))
        names, values, kinds, texts = map(list, zip(*bars, strict=True))
        lowest = min(lowest, at)
        figure.add_waterfall(
            x=names, y=values, measure=kinds, text=texts, textposition="outside",
            cliponaxis=False, showlegend=False,
            decreasing={"marker": {"color": COLORS[1]}}, totals={"marker": {"color": COLORS[0]}},
            increasing={"marker": {"color": COLORS[0]}},
            connector={"line": {"color": "#888888", "width": 1}},
            hovertemplate="%{x}: %{text}%<extra></extra>",
            row=k // columns + 1, col=k % columns + 1,
        )  # fmt: skip
    low = max(0.0, np.floor(10 * (lowest - 0.1)) / 10) if lowest > 0.3 else 0.0
    tidy(figure, "", 60 + (330 if rows == 1 else 225 * rows))
    figure.update_layout(title=None)
    ticks = np.linspace(low, 1, 6)
    room = 0.1 * (1 - low)  # below a bar that ends there its figure needs some
    figure.update_yaxes(range=[low - room, 1.06], tickformat=".0%", tickvals=ticks)
    return figure, float(low)


def read_distances(run: Run) -> dict[str, np.ndarray] | None:
    """The arrays of a finished run; None where they cannot be read."""
    return run_arrays(run, DISTANCES)


def distances_with(runs: list[Run], name: str) -> tuple[Run, dict[str, np.ndarray]] | None:
    """The finished run about the most images that has an array of this name, and its arrays: not
    all do, as runs before 2026-12 searched less.
    """
    whole = {run.id: arrays for run in runs if name in (arrays := read_distances(run) or {})}
    best = largest(run for run in runs if run.id in whole)
    return None if best is None else (best, whole[best.id])


def distance_figure(
    shown: list[tuple[KnownModel, dict[str, np.ndarray]]],
    colours: dict[str, int],
    measure: str,
    mark: float | None,
) -> go.Figure:
    """Histograms of the distances to the boundary, over one another."""
    found = {}
    for model, arrays in shown:
        own = arrays[measure][arrays["right"].astype(bool)]
        found[model.id] = own[np.isfinite(own)], len(own)
    largest = max((float(d.max()) for d, _ in found.values() if len(d)), default=1.0)
    edges = np.linspace(0, largest * 1.001, BINS + 1)
    figure = go.Figure()
    for model, _ in shown:
        distances, count = found[model.id]
        shares = np.histogram(distances, edges)[0] / max(1, count)
        style = look(colours[model.id])
        median = f", median {np.median(distances):.3g}" if len(distances) else ""
        lost = f", {count - len(distances)} not found" if len(distances) < count else ""
        figure.add_scatter(
            x=np.repeat(edges, 2), y=[0, *np.repeat(shares, 2), 0], mode="lines",
            name=f"{model.title}{median}{lost}", line=style["line"], fill="tozeroy",
            fillcolor=faint(style["line"]["color"], 0.12),
            hovertemplate="at %{x:.3f}: %{y:.1%}<extra>" + model.title + "</extra>",
        )  # fmt: skip
    if mark is not None:
        figure.add_vline(
            x=mark, line={"color": "#888888", "dash": "dot", "width": 1},
            annotation_text=f"ε = {mark:g}", annotation_position="top",
        )  # fmt: skip
    tidy(figure, "Distance from the image to the decision boundary", 370)
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title_text="distance", rangemode="tozero")
    figure.update_yaxes(title_text="share of the images", range=None, rangemode="tozero")
    return figure


def black_box_figure(models: list[KnownModel], result: dict[str, Any], data: str) -> go.Figure:
    """Target x source for both losses, of a result about these models and perhaps others. In
    brackets: what is published for this data set; ▼: another network's images break more than one's
    own.
    """
    names = [model.title for model in models]
    digests = [model["digest"] for model in result["models"]]
    places = [digests.index(model.digest) for model in models]
    titles = {"pgd-xent": "Cross-entropy PGD", "pgd-margin": "Margin PGD"}
    figure = make_subplots(
        rows=1, cols=2, subplot_titles=list(titles.values()), shared_yaxes=True,
        horizontal_spacing=0.03,
    )  # fmt: skip
    for column, loss in enumerate(titles):
        whole = result["matrix"][loss]
        matrix = [[whole[t][s] for s in places] for t in places]
        texts = [
            [
                _told(row[s], s == t, beyond_chance(row[t] - row[s], result["images"]),
                      _published(models[t], source, data, column))
                for s, source in enumerate(models)
            ]
            for t, row in enumerate(matrix)
        ]  # fmt: skip
        figure.add_heatmap(
            z=matrix, x=names, y=names, zmin=0, zmax=1, colorscale="Cividis", xgap=2, ygap=2,
            text=texts, texttemplate="%{text}", textfont={"size": 13},
            showscale=column == 1, colorbar={"tickformat": ".0%", "thickness": 12},
            hovertemplate="attacked on %{x}, shown to %{y}: %{z:.1%}<extra></extra>",
            row=1, col=column + 1,
        )  # fmt: skip
    figure.update_xaxes(title_text="attacked on (source)", type="category")
    figure.update_yaxes(type="category", autorange="reversed")
    figure.update_yaxes(title_text="shown to (target)", col=1)
    figure.update_layout(
        height=160 + 62 * len(models), margin={"l": 0, "r": 8, "t": 36, "b": 0}, uirevision="keep"
    )
    return figure


def _told(share: float, own: bool, misleads: bool, known: float | None) -> str:
    """What stands in a cell of the matrix, light on dark cells: the theme has one grey for all."""
    text = f"{100 * share:.1f}"
    text = f"<b>{text}</b>" if own else text
    text += " ▼" if misleads else ""
    text = text if known is None else f"{text}<br>[{known:.2f}]"
    return f'<span style="color:{"#ffffff" if share < 0.5 else "#111111"}">{text}</span>'


def _published(target: KnownModel, source: KnownModel, data: str, column: int) -> float | None:
    """The paper's figure for two networks trained like these on this data set."""
    rows = published_row(target, data), published_row(source, data)
    if rows[0] is None or rows[1] is None or rows[0].data != "mnist":
        return None
    place = [(row.method, row.epsilon) for row in rows if row is not None]
    figures = BLACK_BOX.get(place[0], {}).get(place[1])
    return None if figures is None else figures[column]

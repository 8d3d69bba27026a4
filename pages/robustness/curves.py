"""Curves: accuracy over epsilon and steps, AutoAttack's waterfall, distances, the black-box matrix.

Every view shows what runs have found so far for the chosen models, and has a button for the rest.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from levelset_core.attacks import AttackConfig, over_epsilon, over_steps, paper_attack
from levelset_core.data.images import is_here
from levelset_core.robustness.cells import Cell, all_cells, start_cells
from levelset_core.robustness.measurements import measurements
from levelset_core.robustness.models import KnownModel
from levelset_core.robustness.table import (
    autoattack_points,
    best_cell,
    curve_cells,
    missing_attacks,
    passes,
)
from levelset_core.runs import Run
from pages.robustness.address import NORM, NORM_TITLES, TABLE_IMAGES, first_of
from pages.robustness.boundaries import black_box_view, distances_view
from pages.robustness.charts import (
    add_least,
    add_points,
    curve_figure,
    distances_with,
    waterfall_figure,
)
from pages.robustness.measuring import (
    ERROR,
    EVERY,
    PASSES,
    Question,
    active_runs,
    measure_button,
    runs_in_work,
)
from pages.robustness.models import DATA, choose_models, image_sets, test_images
from pages.server.people import my_runs
from pages.shared.attempt import tell, telling
from pages.shared.board import live_board
from pages.shared.charts import CONFIG
from pages.shared.glossary import caption
from pages.shared.image_data import data_title
from pages.shared.kept import kept_choice, kept_menu, view_choice

IMAGES = (50, 100, 200, 500, 1000)
STRONG = "pgd-strong"
PAPER = {"pgd-margin": "the paper's margin PGD", "pgd-xent": "the paper's cross-entropy PGD"}
#: What the chart over epsilon has besides its curves, where it was measured.
OTHERS = {
    "autoattack": "Open diamonds: {autoattack}.",
    "least": "Thin steps: the share of images whose nearest adversarial image, as far as any "
    "search found one, is farther than ε.",
}
#: Pixels of what stands over a chart.
HEAD = 44
#: Side of the box that turns every image into plain grey.
GREY = 0.5
#: By model's id, what is known of its curve.
Lines = dict[str, dict[float, Cell]]


def curves_view(found: list[KnownModel]) -> None:
    """The chosen view; while a run works, it is drawn again and again by itself."""
    live_board(_board, active_runs, found, every=EVERY)


def _board(working: list[Run], found: list[KnownModel]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        labels = {name: label for name, (label, _) in VIEWS.items()}
        view = view_choice(
            "Chart", labels, key="robust_curve", default="epsilon", parameter="curve"
        )
        sets = list(dict.fromkeys(name for m in found for name in image_sets(m)))
        if not sets:
            st.info("No data set on this machine has images of the shape that these models take.")
            return
        st.space("stretch")
        data = kept_menu(
            "Test images", sets, key=DATA, first=first_of(TABLE_IMAGES, sets),
            format_func=data_title, width=230, label_visibility="collapsed",
        )  # fmt: skip
        norms = list(NORM_TITLES)
        norm = kept_menu(
            "Norm", norms, key="robust_norm", first=first_of(NORM, norms), width=80,
            format_func=NORM_TITLES.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
        images = st.selectbox(
            "Images", IMAGES, index=1, key="curves_images", width=240,
            format_func=lambda n: f"Measure on the first {n:,}", label_visibility="collapsed",
        )  # fmt: skip
    fitting = [m for m in found if data in image_sets(m)]
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = choose_models(fitting, f"curves_models_{fitting[0].shape[0]}")
        st.space("stretch")
        slot = st.container(horizontal=True, vertical_alignment="center", width="content")
    if not chosen:
        st.info("Choose one model or more.")
        return
    colours = {m.id: k for k, m in enumerate(fitting)}
    with telling():
        if is_here(data):
            images = min(images, len(test_images(data)))
        VIEWS[view][1](Question(chosen, colours, data, images, slot, norm))
    tell(ERROR)
    runs_in_work(working, "curves")


# -- over epsilon, over steps ----------------------------------------------------------------


def _over_epsilon(q: Question) -> None:
    lines, others = _curves(q, over_epsilon, "ε", q.usual.epsilon)
    also = "".join(f" {OTHERS[name]}" for name in others)
    caption(
        f"Left: {{pgd_strong}}, three starts of {paper_attack(STRONG, 1).steps} shrinking steps"
        f"{_images_text(lines)}.{also} Right: {{pgd}} as in the paper, {q.usual.steps} steps of "
        "equal length; larger ε, longer steps. It is too weak beyond the ε that a network was "
        "trained with. Small bars: {interval|95% intervals}. Dashed vertical line: the usual ε."
    )
    if sentence := end_sentence(q.models, lines):
        st.caption(sentence)


def _over_steps(q: Question) -> None:
    base = q.usual
    lines, _ = _curves(q, over_steps, "PGD steps", base.steps)
    caption(
        f"ε = {base.epsilon:g}{_images_text(lines)}. Left: {{pgd_strong}}, steps per start. Right: "
        f"{{pgd}} as in the paper; with fewer than its {base.steps} steps each one is longer, so "
        "that they reach as far. If a curve is still falling at its end, more steps would break "
        "more images."
    )


def end_sentence(models: list[KnownModel], lines: Lines) -> str:
    """What is left at the end of the strong curves, and why something is."""
    ends = {m.title: max(lines[m.id].items()) for m in models if lines.get(m.id)}
    if not ends:
        return ""
    last = max(epsilon for epsilon, _ in ends.values())
    left = {
        title: cell for title, (epsilon, cell) in ends.items() if epsilon == last and cell.standing
    }
    if not left:
        return f"At ε = {last:g} nothing is left."
    told = ", ".join(f"{c.standing:,} of {c.images:,} of {title}" for title, c in left.items())
    sentence = f"At ε = {last:g} still stand: {told}."
    if last < GREY:
        return f"{sentence} The curve ends before every image is within reach."
    return (
        f"{sentence} At that ε every image can be turned into the same plain grey. So no network "
        "can get more than the images of one class right: if more than a tenth are left, the "
        "attack is blind; if fewer are, it needs more steps."
    )


def _curves(
    q: Question, curve: Callable[[str, int, str], dict[float, AttackConfig]], axis: str, mark: float
) -> tuple[Lines, list[str]]:
    """Both charts and the button; the lines of the strong one, and its :data:`OTHERS`."""
    cells = all_cells(my_runs(), q.models)
    left, right = st.columns(2)
    with right.container(height=HEAD, border=False):
        paper = kept_choice("Attack of the paper", PAPER, key="curves_paper")
    with left.container(height=HEAD, border=False):
        st.markdown("**Strong PGD**, the attack to trust here")
    missing: dict[str, list[AttackConfig]] = {}
    others: list[str] = []
    strong: Lines = {}
    for place, name in ((left, STRONG), (right, paper)):
        own = curve(name, q.models[0].shape[0], q.norm)
        lines: Lines = {}
        for model in q.models:
            line = lines[model.id] = curve_cells(cells, model, own, q.data)
            if wanting := missing_attacks(cells, model, own, q.data, q.images, line):
                missing[model.id] = missing.get(model.id, []) + wanting
        title = PAPER.get(name, "strong PGD")
        figure = curve_figure(q.models, q.colours, lines, axis, mark, title)
        if name == STRONG:
            strong = lines
            if axis == "ε":
                others = _add_others(figure, q, cells, strong)
        place.plotly_chart(figure, key=f"curves_{axis}_{name}", config=CONFIG)
    _attack_button(q, missing)
    return strong, others


def _add_others(figure: go.Figure, q: Question, cells: list[Cell], strong: Lines) -> list[str]:
    """AutoAttack at every epsilon that it was measured at, and the curve of least distances; which
    of :data:`OTHERS` there were.
    """
    added = set()
    ends = [0.0, *(max(line) for line in strong.values() if line)]
    for model in q.models:
        points = autoattack_points(cells, model, q.data, q.norm)
        if points:
            add_points(figure, model, q.colours[model.id], points, "AutoAttack")
            added.add("autoattack")
        runs = measurements(my_runs(), "distances", [model], data=q.data)
        if (known := distances_with(runs, f"least_{q.norm}")) is not None:
            arrays = known[1]
            least = np.where(arrays["right"].astype(bool), arrays[f"least_{q.norm}"], 0.0)
            add_least(figure, model, q.colours[model.id], least, max(ends))
            added.add("least")
    return [name for name in OTHERS if name in added]


def _images_text(lines: Lines) -> str:
    """As ", on 200 images"; nothing where there are none."""
    counts = {cell.images for line in lines.values() for cell in line.values()}
    if not counts:
        return ""
    least, most = min(counts), max(counts)
    return f", on {least:,} images" if least == most else f", on {least:,} to {most:,} images"


def _attack_button(q: Question, missing: dict[str, list[AttackConfig]]) -> None:
    """Does the attacks that are missing of each model, unless some work already."""
    if any(run.config.kind == "attack" for run in active_runs()):
        return
    work = sum(passes(a) for own in missing.values() for a in own) * q.images / PASSES
    measure_button(
        q, [m.title for m in q.models if m.id in missing], work, lambda: _start_attacks(q, missing)
    )


def _start_attacks(q: Question, missing: dict[str, list[AttackConfig]]) -> None:
    for model in q.models:
        if attacks := missing.get(model.id):
            start_cells(
                my_runs(), model, attacks, data=q.data, images=q.images,
                name=f"{model.title}: curve of {len(attacks)} attacks",
            )  # fmt: skip


# -- AutoAttack ------------------------------------------------------------------------------


def _waterfall(q: Question) -> None:
    attack = paper_attack("autoattack", q.models[0].shape[0], norm=q.norm)
    cells = all_cells(my_runs(), q.models)
    found = {m.id: best_cell(cells, m, attack, q.data) for m in q.models}
    shown = [(m, cell) for m in q.models if (cell := found[m.id]) is not None and cell.stages]
    clean = {
        m.id: best_cell(
            [c for c in cells if c.run_id == cell.run_id and c.images == cell.images],
            m, paper_attack("clean", 1), q.data,
        )
        for m, cell in shown
    }  # fmt: skip
    if shown:
        figure, low = waterfall_figure(shown, clean)
        st.plotly_chart(figure, key="curves_waterfall", config=CONFIG)
        caption(
            "Percent of images classified correctly: without an attack, then after each part of "
            "{autoattack}. A part sees only the images that the ones before it left. {apgd_ce}, "
            "{apgd_t} and {fab_t} follow gradients; {square} does not: if it breaks more than a "
            "few images, the gradients misled the others."
            + (f" The axis begins at {low:.0%}." if low else "")
        )
    else:
        st.info("No AutoAttack yet on these models: measure one here, or in the table.")
    missing = {
        m.id: [attack]
        for m in q.models
        if (cell := found[m.id]) is None or not cell.stages or cell.images < q.images
    }
    _attack_button(q, missing)


VIEWS: dict[str, tuple[str, Callable[[Question], None]]] = {
    "epsilon": ("Over ε", _over_epsilon),
    "steps": ("Over steps", _over_steps),
    "waterfall": ("AutoAttack waterfall", _waterfall),
    "distances": ("Distances", distances_view),
    "black-box": ("Black box", black_box_view),
}

"""Curves: accuracy over epsilon and steps, AutoAttack's waterfall, distances, the black-box matrix.

Every view shows what runs have found so far for the chosen models, and has a button for the rest.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from levelset_core.attacks import AttackConfig, over_epsilon, over_steps, paper_attack
from levelset_core.data.images import is_here
from levelset_core.robustness.cells import Cell, all_cells, start_cells
from levelset_core.robustness.models import KnownModel
from levelset_core.robustness.table import best_cell, curve_cells, missing_attacks, passes
from levelset_core.runs import Run, RunStore
from pages.robustness.address import TABLE_IMAGES, first_of
from pages.robustness.boundaries import black_box_view, distances_view
from pages.robustness.charts import curve_figure, waterfall_figure
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
from pages.shared.attempt import tell, telling
from pages.shared.board import live_board
from pages.shared.charts import CONFIG
from pages.shared.image_data import data_title
from pages.shared.kept import kept_menu, view_choice

IMAGES = (50, 100, 200, 500, 1000)
LOSSES = {"pgd-margin": "margin PGD", "pgd-xent": "cross-entropy PGD"}


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
        VIEWS[view][1](Question(chosen, colours, data, images, slot))
    tell(ERROR)
    runs_in_work(working, "curves")


# -- over epsilon, over steps ----------------------------------------------------------------


def _over_epsilon(q: Question) -> None:
    attacks = {loss: over_epsilon(loss, q.models[0].shape[0]) for loss in LOSSES}
    images = _curves(q, attacks, "ε", q.usual.epsilon)
    end = (
        "At ε = 0.5 an attack can turn every image into plain grey, which has one class. If "
        "clearly more than a tenth of the images survive there, the attack is blind."
        if max(attacks["pgd-margin"]) >= 0.5
        else "If a curve levels off far above 0, the attack may be blind: see the verdicts below "
        "the table."
    )
    st.caption(
        f"PGD as in the paper, {q.usual.steps} steps that grow with ε{images}. Bars: 95 % "
        f"intervals. The line marks the paper's ε. {end}"
    )


def _over_steps(q: Question) -> None:
    base = q.usual
    attacks = {loss: over_steps(loss, q.models[0].shape[0]) for loss in LOSSES}
    images = _curves(q, attacks, "PGD steps", base.steps)
    st.caption(
        f"ε = {base.epsilon:g}{images}. With fewer steps than the paper's {base.steps}, each is "
        "longer, so that they reach as far. If a curve still falls at its end, more steps would "
        "break more images."
    )


def _curves(
    q: Question, attacks: dict[str, dict[float, AttackConfig]], axis: str, mark: float
) -> str:
    """Both charts and the button; says how many images the charts are about, if any."""
    cells = all_cells(RunStore(), q.models)
    missing: dict[str, list[AttackConfig]] = {}
    counts: set[int] = set()
    for place, (loss, own) in zip(st.columns(2), attacks.items(), strict=True):
        lines: dict[str, dict[float, Cell]] = {}
        for model in q.models:
            line = lines[model.id] = curve_cells(cells, model, own, q.data)
            counts |= {cell.images for cell in line.values()}
            if wanting := missing_attacks(cells, model, own, q.data, q.images, line):
                missing[model.id] = missing.get(model.id, []) + wanting
        figure = curve_figure(q.models, q.colours, lines, axis, mark, LOSSES[loss])
        place.plotly_chart(figure, key=f"curves_{axis}_{loss}", config=CONFIG)
    _attack_button(q, missing)
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
                RunStore(), model, attacks, data=q.data, images=q.images,
                name=f"{model.title}: curve of {len(attacks)} attacks",
            )  # fmt: skip


# -- AutoAttack ------------------------------------------------------------------------------


def _waterfall(q: Question) -> None:
    attack = paper_attack("autoattack", q.models[0].shape[0])
    cells = all_cells(RunStore(), q.models)
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
        st.caption(
            "Percent of the images that are classified correctly: without attack, then after each "
            "part of AutoAttack's standard version. Each part sees only the images that the parts "
            "before it left. Square uses no gradients: if it breaks more than a few images, the "
            "gradients misled the other parts." + (f" The axis begins at {low:.0%}." if low else "")
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

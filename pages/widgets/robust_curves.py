"""Curves: accuracy over epsilon and steps, AutoAttack's waterfall, distances, the black-box matrix.

Every view shows what runs have found so far for the chosen models, and has a button for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from levelset_core.attacks import AttackConfig, chance_of, over_epsilon, over_steps, paper_attack
from levelset_core.data.images import IMAGE_SETS, is_here
from levelset_core.errors import LevelsetError
from levelset_core.runs import RunStore, duration
from levelset_core.runs.cells import Cell, all_cells, start_cells
from levelset_core.runs.measurements import measurements, start_measurement
from levelset_core.runs.models import KnownModel
from pages.widgets.image_data import data_title, here_or_download
from pages.widgets.kept import kept_menu
from pages.widgets.robust_address import TABLE_IMAGES, first_of
from pages.widgets.robust_cells import passes, same_question
from pages.widgets.robust_curve_charts import (
    black_box_figure,
    curve_figure,
    distance_figure,
    read_distances,
    waterfall_figure,
)
from pages.widgets.robust_models import DATA, choose_models, image_sets, test_images
from pages.widgets.robust_progress import EVERY, PASSES, active_runs, runs_in_work
from pages.widgets.view_choice import view_choice

IMAGES = (50, 100, 200, 500, 1000)
LOSSES = {"pgd-margin": "margin PGD", "pgd-xent": "cross-entropy PGD"}
#: Passes of one image that :func:`levelset_core.attacks.attack_points` and Newton take at most.
DISTANCE_PASSES = 170
CONFIG = {"displaylogo": False}
ERROR = "robust_curves_error"
BEING_MEASURED = "Being measured."


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


def curves_view(found: list[KnownModel]) -> None:
    """The chosen view; while a run works, it is drawn again and again by itself."""
    active = bool(active_runs())
    st.fragment(_board, run_every=EVERY if active else None)(found, active)


def _board(found: list[KnownModel], active: bool) -> None:
    if bool(active_runs()) != active:
        st.rerun()  # begins or ends the looking
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
    try:
        if is_here(data):
            images = min(images, len(test_images(data)))
        VIEWS[view][1](Question(chosen, colours, data, images, slot))
    except LevelsetError as error:
        st.error(str(error), icon=":material/error:")
    if message := st.session_state.get(ERROR):
        st.error(message, icon=":material/error:")
    runs_in_work("curves")


# -- over epsilon, over steps ----------------------------------------------------------------


def _over_epsilon(q: Question) -> None:
    attacks = {loss: over_epsilon(loss, q.models[0].shape[0]) for loss in LOSSES}
    _curves(q, attacks, "ε", q.usual.epsilon)
    st.caption(
        f"PGD as in the paper, {q.usual.steps} steps that grow with ε. Bars: 95 % intervals. The "
        "line marks the paper's ε. A curve that does not come down to 0 hides something."
    )


def _over_steps(q: Question) -> None:
    base = q.usual
    attacks = {loss: over_steps(loss, q.models[0].shape[0]) for loss in LOSSES}
    _curves(q, attacks, "PGD steps", base.steps)
    st.caption(
        f"ε = {base.epsilon:g}. Fewer steps than the paper's {base.steps} are longer, so that they "
        "reach as far. A curve that still falls at its end: the attack is not done yet."
    )


def _curves(
    q: Question, attacks: dict[str, dict[float, AttackConfig]], axis: str, mark: float
) -> None:
    cells = all_cells(RunStore(), q.models)
    missing: dict[str, list[AttackConfig]] = {}
    for place, (loss, own) in zip(st.columns(2), attacks.items(), strict=True):
        lines: dict[str, dict[float, Cell]] = {}
        for model in q.models:
            lines[model.id] = curve_cells(cells, model, own, q.data)
            if wanting := missing_attacks(cells, model, own, q.data, q.images):
                missing[model.id] = missing.get(model.id, []) + wanting
        figure = curve_figure(q.models, q.colours, lines, axis, mark, LOSSES[loss])
        place.plotly_chart(figure, key=f"curves_{axis}_{loss}", config=CONFIG)
    work = sum(passes(a) for own in missing.values() for a in own) * q.images / PASSES
    _measure_button(
        q, [m.title for m in q.models if m.id in missing], work, _start_attacks, missing
    )


def best_cell(cells: list[Cell], model: KnownModel, attack: AttackConfig, data: str) -> Cell | None:
    """The figure about the most images."""
    return max(_answers(cells, model, attack, data), key=lambda c: c.images, default=None)


def curve_cells(
    cells: list[Cell], model: KnownModel, attacks: dict[float, AttackConfig], data: str
) -> dict[float, Cell]:
    """What is known of a curve, by its axis: figures about as many images each where there are
    such, or else the one about the most: a point about others would jut out of the curve.
    """
    found = {x: _answers(cells, model, attack, data) for x, attack in attacks.items()}
    found = {x: own for x, own in found.items() if own}
    counts = [{c.images for c in own} for own in found.values()]
    images = max(set.intersection(*counts), default=0) if counts else 0
    return {x: max(own, key=lambda c: (c.images == images, c.images)) for x, own in found.items()}


def missing_attacks(
    cells: list[Cell], model: KnownModel, attacks: dict[float, AttackConfig], data: str, images: int
) -> list[AttackConfig]:
    """What a curve about so many images, or more, still needs."""
    line = curve_cells(cells, model, attacks, data)
    counts = {c.images for c in line.values()}
    if len(line) == len(attacks) and len(counts) == 1 and min(counts) >= images:
        return []
    return [
        attack
        for attack in attacks.values()
        if all(c.images != images for c in _answers(cells, model, attack, data))
    ]


def _answers(cells: list[Cell], model: KnownModel, attack: AttackConfig, data: str) -> list[Cell]:
    return [
        c
        for c in cells
        if c.known and c.digest == model.digest and c.images and same_question(c, attack, data)
    ]


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
        st.plotly_chart(waterfall_figure(shown, clean), key="curves_waterfall", config=CONFIG)
        st.caption(
            "Percent of the images that stand: as they are, then after each part of AutoAttack's "
            "standard version, which sees only what the parts before left. Square uses no "
            "gradients: what falls only there was hidden by them. Mind where the axis begins."
        )
    else:
        st.info("No AutoAttack yet on these models: measure one here, or in the table.")
    missing = {
        m.id: [attack]
        for m in q.models
        if (cell := found[m.id]) is None or not cell.stages or cell.images < q.images
    }
    work = len(missing) * passes(attack) * q.images / PASSES
    names = [m.title for m in q.models if m.id in missing]
    _measure_button(q, names, work, _start_attacks, missing)


# -- distances -------------------------------------------------------------------------------

MEASURES = {
    "attack_linf": "L∞, along a PGD direction",
    "newton_linf": "L∞, Newton",
    "attack_l2": "L₂, along a PGD direction",
}


def _distances(q: Question) -> None:
    measure = st.segmented_control(
        "Distance", list(MEASURES), format_func=MEASURES.__getitem__, default="attack_linf",
        key="curves_measure", required=True, label_visibility="collapsed",
    )  # fmt: skip
    shown, missing, results = [], [], []
    for model in q.models:
        runs = measurements(RunStore(), "distances", [model], data=q.data)
        done = [r for r in runs if r.status().state == "done"]
        best = max(done, key=lambda r: r.config.settings["images"], default=None)
        if best is not None and (arrays := read_distances(best)) is not None:
            shown.append((model, arrays))
            results.append(best.result() or {"models": best.config.settings["models"]})
        enough = best is not None and best.config.settings["images"] >= q.images
        if not enough and not any(r.status().active for r in runs):
            missing.append(model)
    if shown:
        mark = q.usual.epsilon if str(measure).endswith("linf") else None
        figure = distance_figure(shown, q.colours, str(measure), mark)
        st.plotly_chart(figure, key=f"curves_distances_{measure}", config=CONFIG)
        st.caption(
            "How far the decision boundary is from each image that is classified rightly: upper "
            "bounds, as it may come nearer elsewhere. Along a PGD direction: false position "
            "between the image and where growing PGD breaks it (Sec. 3.2). Newton: generalized "
            f"Newton with the step of least L∞ length, Eq. 4. {_obtained(results)}"
        )
    else:
        waits = any(run.config.kind == "distances" for run in active_runs())
        st.info(BEING_MEASURED if waits else "How far the boundary of every image is.")
    work = len(missing) * DISTANCE_PASSES * q.images / PASSES
    _measure_button(q, [m.title for m in missing], work, _start_distances, missing)


def _start_distances(q: Question, missing: list[KnownModel]) -> None:
    for model in missing:
        start_measurement(RunStore(), "distances", [model], data=q.data, images=q.images)


# -- black box -------------------------------------------------------------------------------


def _black_box(q: Question) -> None:
    if len(q.models) < 2:
        st.info("A black-box attack needs two models: choose one more.")
        return
    runs = measurements(RunStore(), "transfer", q.models, data=q.data, attack=q.usual)
    done = [run for run in runs if run.status().state == "done"]
    best = max(done, key=lambda run: int(run.config.settings["images"]), default=None)
    result = None if best is None else best.result()
    waits = any(run.status().active for run in runs)
    if result is not None:
        figure = black_box_figure(q.models, result)
        st.plotly_chart(figure, key="curves_black_box", config=CONFIG)
        st.caption(
            f"Percent of {result['images']} images that the target still gets right after "
            f"{q.usual.steps} steps of PGD on the source, ε = {q.usual.epsilon:g}; images that are "
            "wrong as they are count as broken. On the diagonal: the white-box attack. ▼: lower "
            f"than it by more than chance ({chance_of(result['images'])} images), so that the "
            f"target's own gradients mislead. In brackets: as published. {_obtained([result])}"
        )
    else:
        st.info(BEING_MEASURED if waits else "Images attacked on one model, shown to the others.")
    enough = result is not None and result["images"] >= q.images
    names = [] if enough or waits else ["all pairs"]
    work = 2 * len(q.models) * q.usual.steps * q.images / PASSES
    _measure_button(q, names, work, _start_black_box)


def _start_black_box(q: Question) -> None:
    start_measurement(
        RunStore(), "transfer", q.models, data=q.data, images=q.images, attack=q.usual
    )


def _obtained(results: list[dict[str, Any]]) -> str:
    """How results of measurements came about; which models' where they differ."""
    told: dict[str, list[str]] = {}
    for r in results:
        where = r.get("source") or IMAGE_SETS.get(str(r.get("data")), r.get("data"))
        how = (
            f"on {r.get('date')}, {r.get('machine')}, seed {r.get('seed')}, the first "
            f"{r.get('images')} images of: {where}"
        )
        told.setdefault(how, []).append(r["models"][0]["title"])
    if len(told) == 1:
        return f"Measured {next(iter(told))}."
    return " ".join(f"{', '.join(titles)}: measured {how}." for how, titles in told.items())


# -- the button ------------------------------------------------------------------------------


def _measure_button(
    q: Question, names: list[str], work: float, start: Callable[..., None], *arguments: Any
) -> None:
    """Measures what is missing of the models named."""
    busy = any(run.config.kind == "attack" for run in active_runs())
    if not names or (busy and start is _start_attacks):
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


VIEWS: dict[str, tuple[str, Callable[[Question], None]]] = {
    "epsilon": ("Over ε", _over_epsilon),
    "steps": ("Over steps", _over_steps),
    "waterfall": ("AutoAttack waterfall", _waterfall),
    "distances": ("Distances", _distances),
    "black-box": ("Black box", _black_box),
}

"""One cell of the table: how its figure was obtained, and the buttons that get or extend one."""

from __future__ import annotations

import streamlit as st

from levelset_core.data.images import IN_TURNS, is_here
from levelset_core.robustness.cells import Cell, attack_command, start_cells
from levelset_core.robustness.table import (
    COLUMNS,
    Entry,
    Row,
    attack_text,
    first_upper,
    interval_text,
    passes,
    percent,
)
from levelset_core.runs import duration
from pages.robustness.keeping import downloads
from pages.robustness.measuring import PASSES
from pages.robustness.models import test_images
from pages.server.people import my_runs
from pages.shared.attempt import attempt, tell
from pages.shared.glossary import caption, term
from pages.shared.image_data import here_or_download
from pages.shared.kept import kept
from pages.shared.run_controls import queue_ahead, run_progress

IMAGES = (50, 100, 200, 500, 1000, 2000, 5000, 10_000)
USUAL = 200
SCOPES = {"cell": "This cell", "row": "Its whole row", "column": "Its whole column"}
ERROR = "robust_start_error"
#: Key of the box for images drawn at random.
DRAWN = "robust_drawn"


def cell_panel(rows: list[Row], entry: Entry, data: str) -> None:
    """Below the table: the chosen cell."""
    title = next(c.title for c in COLUMNS if c.attack == entry.attack.attack)
    with st.container(border=True):
        left, right = st.columns([3, 2], gap="large")
        with left:
            st.markdown(f"## {entry.model.title} · {title}")
            _how(entry, data)
        with right:
            _start_form(rows, entry, data)


def _how(entry: Entry, data: str) -> None:
    trained = f" Trained by run `{entry.model.id}`." if entry.model.origin == "run" else ""
    attack = attack_text(entry.attack).replace("DLR", "{dlr}").replace("PGD", "{pgd}", 1)
    caption(f"{first_upper(attack)}.{trained}")
    best = entry.best
    if entry.reference is not None:
        st.markdown(f"Reference: {entry.reference.text}.")
    if best is None:
        st.markdown("Not measured yet on this machine.")
    else:
        where = "stored with the network" if best.state == "card" else f"run `{best.run_id}`"
        outcome = "read correctly" if entry.attack.attack == "clean" else "withstood the attack"
        st.markdown(
            f"Measured: **{percent(best.accuracy, 2)}%**. {best.standing:,} of {best.images:,} "
            f"images{_drawn(best)} {outcome}; {term('interval')} {interval_text(best)}%.",
            unsafe_allow_html=True,
        )
        st.caption(f"{first_upper(best.source)}. Seed {best.seed}, {_when(best)}, {where}.")
        if entry.latest is not None:
            st.markdown(_your_run(entry.latest, best))
        for warning in best.warnings:
            st.warning(warning, icon=":material/warning:")
    if entry.active is not None and entry.active.state == "stopped" and entry.active.run_id:
        run_progress(my_runs().get(entry.active.run_id), key="robust_stopped")
    subset_seed = None
    if (cell := best or entry.active) is not None:
        images, seed, subset_seed = cell.wanted, cell.seed, cell.subset_seed
        st.caption("The command of this figure:" if best else "The command of the run in progress:")
    else:
        images, seed = _chosen(data)
        subset_seed = seed if kept(DRAWN, False) else None
        st.caption(
            "What Run does, as a command:" if is_here(data) else "As a command, with the download:"
        )
    known = data if best is None else best.data
    command = attack_command(entry.model.file, known, entry.attack, images, seed, subset_seed)
    st.code(command, language="bash", wrap_lines=True)
    downloads(entry)
    if best is not None and _in_other_order(best, data):
        where = "On this machine" if is_here(data) else "In a download"
        st.caption(f"{where} the images come in another order, so the first ones differ.")


def _your_run(own: Cell, best: Cell) -> str:
    """What the last run found, beside the figure that the table keeps."""
    low, high = own.interval
    agree = low <= best.interval[1] and best.interval[0] <= high
    end = "agrees with" if agree else "**differs** from"
    return (
        f":green[:material/check_circle:] Your last run is done: **{own.standing:,} of "
        f"{own.images:,} right**{_drawn(own)} ({percent(own.accuracy, 2)}%, 95% interval "
        f"{interval_text(own)}%), seed {own.seed}, {duration(own.seconds)}, run "
        f"`{own.run_id}`. It {end} the figure above, which comes from more images and so stays "
        "in the table."
    )


def _drawn(cell: Cell) -> str:
    return "" if cell.subset_seed is None else f" drawn by seed {cell.subset_seed}"


def _in_other_order(cell: Cell, data: str) -> bool:
    source = test_images(data).source if is_here(data) else ""
    return bool(cell.source) and (IN_TURNS in cell.source) != (IN_TURNS in source)


def _when(cell: Cell) -> str:
    parts = [duration(cell.seconds) if cell.seconds else "", cell.machine, cell.date]
    return ", ".join(part for part in parts if part)


def _start_form(rows: list[Row], entry: Entry, data: str) -> None:
    if not here_or_download(data, "table"):
        return
    choices = _choices(data)
    chosen, first = _chosen(data)
    scope = st.segmented_control(
        "Measure", list(SCOPES), format_func=SCOPES.__getitem__, default="cell",
        key="robust_scope", required=True,
    )  # fmt: skip
    number, where = st.columns(2)
    images = number.selectbox(
        "Images", choices, index=choices.index(chosen), key=f"robust_images_{choices[-1]}",
        format_func=lambda n: f"first {n:,}",
    )  # fmt: skip
    seed = int(where.number_input("Seed", 0, 2**31 - 1, first, key="robust_seed"))
    drawn = st.checkbox(
        "Drawn at random by the seed", kept(DRAWN, False), key=DRAWN,
        help="As many images, drawn from all test images instead of the first ones. Such a figure "
        "is not ranked against one of the first images.",
    )  # fmt: skip
    subset_seed = seed if drawn else None
    scoped = _in_scope(rows, entry, str(scope))
    wanted = [e for e in scoped if _is_new(e, images, seed, subset_seed)]
    extended = sum(_extends(e, data, images, seed, subset_seed) for e in wanted)
    label = f"Extend to {images:,}" if extended else "Run"
    if len(wanted) > 1:
        label = f"Run {len(wanted)} cells" + (f", extend {extended} of them" if extended else "")
    st.button(
        label, type="primary", icon=":material/play_arrow:", key="robust_run", disabled=not wanted,
        on_click=attempt, args=(ERROR, _start, wanted, data, images, seed, subset_seed),
        width="stretch",
    )  # fmt: skip
    if wanted:
        work = sum(passes(e.attack) * images for e in wanted) / PASSES
        st.caption(
            f"Runs in the background; you may close the page. It takes at most about "
            f"{duration(work)} on one core, less where images break early. {queue_ahead()}"
        )
    else:
        st.caption(_nothing_new(scoped))
    tell(ERROR)


def _choices(data: str) -> list[int]:
    count = len(test_images(data)) if is_here(data) else IMAGES[-1]
    return [n for n in IMAGES if n < count] + [count]


def _chosen(data: str) -> tuple[int, int]:
    """How many images, and the seed, as the widgets stand."""
    choices = _choices(data)
    usual = USUAL if USUAL in choices else choices[0]
    return kept(f"robust_images_{choices[-1]}", usual, choices), int(kept("robust_seed", 0))


def _in_scope(rows: list[Row], entry: Entry, scope: str) -> list[Entry]:
    if scope == "row":
        return next(list(r.entries.values()) for r in rows if r.model.id == entry.model.id)
    if scope == "column":
        return [row.entries[entry.attack.attack] for row in rows]
    return [entry]


def _is_new(entry: Entry, images: int, seed: int, subset_seed: int | None) -> bool:
    """Whether there is no such figure yet, nor is one on its way."""
    for cell in (entry.best, entry.active, entry.latest):
        if cell is None or cell.state == "card":
            continue
        same = cell.seed == seed or entry.attack.attack == "clean"
        same = same and cell.subset_seed == subset_seed
        if same and cell.wanted >= images:
            return False
    return True


def _nothing_new(entries: list[Entry]) -> str:
    states = {entry.active.state for entry in entries if entry.active is not None}
    if not states:
        return "Measured: choose more images or another seed."
    if states == {"stopped"}:
        return "Stopped before its end: the button beside its figure resumes it."
    return "It is running, or waits in the queue."


def _extends(entry: Entry, data: str, images: int, seed: int, subset_seed: int | None) -> bool:
    best = entry.best
    return (
        best is not None
        and best.state == "done"
        and best.subset_seed is subset_seed is None
        and (best.seed, best.data) == (seed, data)
        and 0 < best.images < images
        and entry.attack.attack != "clean"
    )


def _start(
    entries: list[Entry], data: str, images: int, seed: int, subset_seed: int | None
) -> None:
    for entry in entries:
        start_cells(
            my_runs(), entry.model, [entry.attack], data=data, images=images, seed=seed,
            subset_seed=subset_seed,
        )  # fmt: skip

"""One run: progress, metrics, settings, results, files; and the same of another beside it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import streamlit as st

from levelset_core.runs import Run, RunStore, byte_size, get_kind, kind_title
from pages.runs.names import hint_of, name_of, note_of, value_text
from pages.server.run_route import artifact_address, zip_address
from pages.shared.attempt import attempt, tell
from pages.shared.charts import AXES, CONFIG, metric_names, metrics_figure
from pages.shared.run_controls import created_text, run_progress
from pages.shared.tables import named_table

#: Rows drawn: a panel is not wider in pixels, and the charts are drawn again every other second.
ROWS = 500
#: Longer lists of settings or results are only counted.
MOST_ENTRIES = 4
#: A folder with more files than this is only counted.
MOST_FILES = 12


def run_details(store: RunStore, run: Run, others: list[Run], names: dict[str, str]) -> None:
    """Everything about ``run``, beside one of ``others`` if the person chooses one.

    ``names`` tell all runs apart, by id.
    """
    if problem := run.problem():
        st.markdown(f"## {run.id}")
        st.error(f"This folder cannot be read. {problem}", icon=":material/broken_image:")
        if store.mine(run):
            _delete(store, run, st.container(horizontal=True))
        return
    st.markdown(f"## {_plain(names[run.id])}")
    c = run.config
    st.caption(
        f"{kind_title(c.kind)} · {created_text(c.created)} · {c.device}, "
        f"{c.threads} thread{'s' if c.threads > 1 else ''} · seed {c.seed} · `{run.id}`"
        f"{_whose(store, run)}"
    )
    run_progress(run, key=f"run_{run.id}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        other = st.selectbox(
            "Compare with", [None, *(o.id for o in others)], key=f"compare_{run.id}",
            format_func=lambda i: _label(i, others, names), width=320,
        )  # fmt: skip
        axis = st.segmented_control(
            "Over", list(AXES), format_func={"step": "Steps", "seconds": "Time"}.__getitem__,
            default="step", key="runs_axis", required=True,
        )  # fmt: skip
        st.space("stretch")
        st.link_button("Download zip", zip_address(run), icon=":material/download:")
        actions = st.container(horizontal=True, width="content")
    if store.mine(run):
        _share(store, run, actions)
        _delete(store, run, actions)
    shown = [run, *(o for o in others if o.id == other)]
    titles = [names[r.id] for r in shown]
    _metrics(shown, titles, axis or "step")
    for note in dict.fromkeys(filter(None, map(note_of, shown))):
        st.caption(note)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.markdown("### Settings")
        _table("Settings", [_settings(r) for r in shown], titles, run.config.kind)
    with right:
        results = [r.result() or {} for r in shown]
        if any(results):
            st.markdown("### Result")
            _table("Result", results, titles, run.config.kind)
        _files(run)


def _metrics(shown: list[Run], titles: list[str], axis: str) -> None:
    rows = [r.metrics(ROWS) for r in shown]
    if not any(rows):
        if not any(get_kind(r.config.kind).metrics for r in shown):
            st.info("Runs of this kind have no curves. The result appears below.")
            return
        st.info("The charts fill as soon as the run takes its first steps.")
        return
    names = metric_names(shown, rows)
    if not names:
        st.info("Runs of this kind have no curves; the result appears below.")
        return
    figure = metrics_figure(names, titles, rows, axis)
    st.plotly_chart(figure, key=f"metrics_{'_'.join(r.id for r in shown)}", config=CONFIG)


def _table(name: str, columns: list[dict[str, Any]], labels: list[str], kind: str) -> None:
    """Values side by side; in bold where two differ. What a name means comes on hover."""
    flat = [_flat(values) for values in columns]
    keys = list(dict.fromkeys(key for values in flat for key in values))
    if not keys:
        st.caption("None.")
        return
    named_table(
        name, ["Name", *labels],
        [[name_of(key), *(value_text(key, v.get(key, "–")) for v in flat)] for key in keys],
        bold=[len({repr(v.get(key)) for v in flat}) > 1 for key in keys], header=len(labels) > 1,
        words=[hint_of(key, kind) for key in keys],
    )  # fmt: skip


def _settings(run: Run) -> dict[str, Any]:
    c = run.config
    limits = {"steps": c.steps, "seconds": c.seconds}
    common = {"seed": c.seed, "device": c.device, "threads": c.threads}
    return {**{k: v for k, v in limits.items() if v is not None}, **common, **c.settings}


def _files(run: Run) -> None:
    paths = sorted(p for p in run.artifacts.rglob("*") if p.is_file() and p.name[0] != ".")
    if not paths:
        return
    st.markdown("### Files")
    small = [p for p in paths if p.parent != run.artifacts]
    folders = Counter(p.parent.relative_to(run.artifacts) for p in small)
    many = {folder: count for folder, count in folders.items() if count > MOST_FILES}
    for folder, count in many.items():
        st.caption(f"{count:,} files in {folder}, the parts of the work: all are in the zip.")
    for path in paths:
        if path.parent.relative_to(run.artifacts) in many:
            continue
        name = path.relative_to(run.artifacts)
        st.link_button(
            f"{name} ({byte_size(path.stat().st_size)})", artifact_address(run, path),
            icon=":material/download:", type="tertiary",
        )  # fmt: skip


def _whose(store: RunStore, run: Run) -> str:
    """An admin sees whose it is; others that it is not theirs."""
    if store.viewer.owner is None or run.owner == store.viewer.owner:
        return ""
    if store.viewer.admin:
        return f" · of {run.owner or 'this machine'}"
    return " · shared by somebody else, to look at only"


def _share(store: RunStore, run: Run, place: Any) -> None:
    """On a server with owners: whether everybody may look at it."""
    if store.viewer.owner is None:
        return
    key = f"public_{run.id}"
    with place:
        st.toggle(
            "Public", run.public, key=key, help="Everybody here may look at it and download it.",
            on_change=lambda: store.share(run, bool(st.session_state[key])),
        )  # fmt: skip


def _delete(store: RunStore, run: Run, place: Any) -> None:
    """Asks twice: a button, then a sentence that says what is lost."""
    with place:
        if st.button("Delete", icon=":material/delete:", disabled=run.alive, key="run_delete"):
            st.session_state.run_deleting = run.id
    if st.session_state.get("run_deleting") != run.id:
        return
    size = byte_size(sum(p.stat().st_size for p in run.path.rglob("*") if p.is_file()))
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"Delete this run and its files ({size}) **for good**?", width="stretch")
        st.button(
            "Delete for good", type="primary", key="run_delete_sure",
            on_click=_delete_now, args=(store, run),
        )  # fmt: skip
        st.button(
            "Keep it", key="run_keep",
            on_click=st.session_state.update, kwargs={"run_deleting": None},
        )  # fmt: skip
    tell("run_delete_error")


def _delete_now(store: RunStore, run: Run) -> None:
    attempt("run_delete_error", store.delete, run)
    if not st.session_state.run_delete_error:
        st.session_state.run_deleting = None
        st.query_params.pop("run", None)


def _label(run_id: str | None, others: list[Run], names: dict[str, str]) -> str:
    if run_id is None:
        return "No other run"
    run = next(o for o in others if o.id == run_id)
    return f"{names[run.id]}, {created_text(run.config.created)}"


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values under names like "attack.epsilon" and "models.1.title"."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            if len(value) > MOST_ENTRIES:
                flat[f"{prefix}{key}"] = f"{len(value)} entries"
            else:
                flat |= _flat({str(k): v for k, v in enumerate(value, 1)}, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _plain(text: str) -> str:
    """Text as it is, whatever of it Markdown would take as a sign."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-!|$~:" else c for c in text)

"""How to reconstruct: the methods, their settings, and the start of a run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from levelset_core import runs
from levelset_core.geometry.curves.chains import ENDS
from levelset_core.reconstruction import ReconstructionConfig
from levelset_core.reconstruction.config import PRESETS, SURFACES
from levelset_core.reconstruction.shapes import CLOUD, TRUTH, cloud_bytes, shape_bytes
from levelset_core.runs import Started, kind_modules
from pages.reconstruction.input import Subject
from pages.shared.attempt import attempt, tell


@dataclass(frozen=True)
class Method:
    """A way to reconstruct.

    Attributes:
        title: for the menu and the table.
        kind: of the run.
        config: of the run's settings, from seconds, resolution and seed.
        seconds: to train, unless the person says otherwise; None: it takes what it takes.
        note: one sentence.
    """

    title: str
    kind: str
    config: Callable[[dict[str, Any]], dict[str, Any]]
    seconds: int | None
    note: str


def _plain(**fixed: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Of a baseline: what tells it from its siblings, and those changes that it has a use for."""

    def config(changes: dict[str, Any]) -> dict[str, Any]:
        return fixed | {k: v for k, v in changes.items() if k in ("seconds", "seed")}

    return config


def _preset(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def config(changes: dict[str, Any]) -> dict[str, Any]:
        # What a preset gives steps alone, the page gives seconds.
        usual = ReconstructionConfig.preset(name)
        steps = usual.steps if usual.seconds is not None else None
        return ReconstructionConfig.preset(name, steps=steps, **changes).to_dict()

    return config


_ALL: dict[str, dict[str, Method]] = {
    "surface": {
        "quick": Method(
            "Level set, quick", "reconstruct", _preset("quick"), 60,
            "A small network, with sines and cosines of the coordinates as inputs. The points that "
            "it samples on its level set are kept from one step to the next.",
        ),
        "balanced": Method(
            "Level set, balanced", "reconstruct", _preset("balanced"), 300,
            "The same with a larger network and a finer grid.",
        ),
        "paper": Method(
            "The paper's network", "reconstruct", _preset("paper"), 600,
            "8 layers of 512 and the settings of Sec. 5.3: made for a GPU and hours of training.",
        ),
        "poisson": Method(
            "Screened Poisson", "poisson", _plain(), None,
            "The classical baseline (Kazhdan and Hoppe, 2013), with estimated normals.",
        ),
        **{
            name: Method(
                title, "atlasnet", _plain(atlas=name), 60,
                "Patches fitted by the Chamfer loss, as in the comparison of Table 2.",
            )
            for name, title in (
                ("atlasnet-1-sphere", "AtlasNet, 1 sphere"),
                ("atlasnet-1-patch", "AtlasNet, 1 patch"),
                ("atlasnet-25-patches", "AtlasNet, 25 patches"),
            )
        },
    },
    "curve": {
        "curve": Method(
            "Level set", "curve", _preset("curve"), 50,
            "Two outputs: the curve is where both are 0. F starts from a smooth curve through the "
            "points in their order. 1,000 steps at most.",
        ),
        "curve-paper": Method(
            "The paper's network", "curve", _preset("curve-paper"), 300,
            "The same with the paper's width and sample counts.",
        ),
    },
}  # fmt: skip


#: What this program can run, by the kind of the subject.
METHODS = {
    subject: {name: method for name, method in methods.items() if method.kind in kind_modules()}
    for subject, methods in _ALL.items()
}


def method_panel(subject: Subject, place: DeltaGenerator) -> dict[str, Any]:
    """The choice in the sidebar: what :func:`start` takes.

    Args:
        place: beside the points, for what is to be decided about them.
    """
    methods = METHODS[subject.kind]
    with st.sidebar:
        st.markdown("## Method")
        name = st.selectbox(
            "Method", list(methods), format_func=lambda n: methods[n].title,
            label_visibility="collapsed", key=f"method_{subject.kind}",
        )  # fmt: skip
        method = methods[name]
        st.caption(method.note)
        if method.kind == "poisson" and find_spec("open3d") is None:
            st.caption(
                ":material/info: Open3D is not installed here, so this one cannot run. AtlasNet is "
                'another method to compare with; or `pip install "levelset-lab[poisson]"`.'
            )
        changes: dict[str, Any] = {}
        if method.seconds is not None:
            changes["seconds"] = float(
                st.number_input(
                    "Seconds", 5, 86_400, method.seconds, key=f"seconds_{name}",
                    help="Time for training. Preparation and extraction come on top.",
                )
            )  # fmt: skip
            if name in PRESETS and subject.kind == "surface":
                with place:
                    changes |= _of_points(name)
            with st.expander("Settings", icon=":material/tune:"):
                changes |= _settings(subject, name)
    return {"method": name, "changes": changes}


#: What "Outliers" offers: how many times what is usual around it an outlier is away.
RATIOS = (math.inf, 8.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0, 1.5)


def _of_points(name: str) -> dict[str, Any]:
    """What follows from the points: where the surface ends, which points are none of it."""
    usual = ReconstructionConfig.preset(name)
    surface = st.segmented_control(
        "Surface", SURFACES, default=usual.surface, required=True, key=f"surface_{name}",
        help="Open ends where the data ends; auto takes what the points seem to be.",
    )  # fmt: skip
    ratio = st.select_slider(
        "Outliers", RATIOS, usual.outlier_ratio if usual.outliers else math.inf,
        key=f"outliers_{name}",
        format_func=lambda ratio: "keep all" if math.isinf(ratio) else f"over {ratio:g}×",
        help="Points further away than so many times what is usual around them are left out "
        "before training. To the right more are; the picture shows them in orange.",
    )  # fmt: skip
    if math.isinf(ratio):
        return {"surface": surface, "outliers": False}
    return {"surface": surface, "outliers": True, "outlier_ratio": ratio}


def _settings(subject: Subject, name: str) -> dict[str, Any]:
    changes: dict[str, Any] = {"seed": int(st.number_input("Seed", 0, 2**31 - 1, 0, key="seed"))}
    if name not in PRESETS:
        return changes
    usual = ReconstructionConfig.preset(name)
    changes["resolution"] = int(
        st.number_input(
            "Grid of the result", 16, 512, usual.resolution, key=f"grid_{name}",
            help="Nodes along the longest side.",
        )
    )  # fmt: skip
    if subject.kind == "curve":
        changes["outliers"] = st.checkbox(
            "Remove outliers first", usual.outliers, key=f"outliers_{name}"
        )
        changes["ends"] = st.segmented_control(
            "Ends",
            ENDS,
            default=usual.ends,
            required=True,
            key=f"ends_{name}",
            help="Auto decides from the points and closes a gap where that looks natural.",
        )
    if subject.cloud.normals is not None and subject.kind == "surface":
        use = st.checkbox("Use the normals of the file", key="use_normals")
        changes["normals_weight"] = 1.0 if use else 0.0
    return changes


def start_title(yourself: bool) -> str:
    """What the button that starts a run is called, see :func:`start_button`."""
    return "Reconstruct it yourself" if yourself else "Reconstruct"


def start_button(subject: Subject, choice: dict[str, Any], *, yourself: bool = False) -> None:
    """Start a run.

    Args:
        yourself: what is shown came with the program.
    """
    method = METHODS[subject.kind][choice["method"]]
    st.button(
        start_title(yourself),
        type="primary", icon=":material/play_arrow:", key="start",
        help=f"{method.title}: runs in a process of its own; you may close the page.",
        on_click=attempt, args=("start_error", _start, subject, choice),
    )  # fmt: skip
    tell("start_error")
    if message := st.session_state.pop("start_told", None):
        st.toast(message, icon=":material/info:")


def _start(subject: Subject, choice: dict[str, Any]) -> None:
    run, new = start(subject, **choice)
    if not new:
        st.session_state.start_told = (
            f"This very reconstruction is {run.status().state} already. It is shown; no second one "
            "was started."
        )
    st.query_params["run"] = st.session_state.arrived = run.id
    st.session_state.shown_runs = [run.id]


def start(subject: Subject, method: str, changes: dict[str, Any]) -> Started:
    """Make the run and put it in the queue; or the one that does the same already, and False.

    Raises:
        LevelsetError: the cloud or the settings do not fit.
    """
    chosen = METHODS[subject.kind][method]
    if subject.kind == "curve" and subject.cloud.points.shape[1] == 2:
        changes = {**changes, "outputs": 1}
    about = {
        "method": method, "label": subject.label, "digest": subject.digest, "up": subject.up,
        "source": subject.source,
    }  # fmt: skip
    settings = {"config": chosen.config(changes), "about": about}
    inputs = {CLOUD: cloud_bytes(subject.cloud)}
    if subject.truth is not None:
        inputs[TRUTH] = shape_bytes(subject.truth)
    return runs.start(
        chosen.kind, settings, inputs, name=f"{subject.label}: {chosen.title}",
        seed=int(changes.get("seed", 0)),
    )  # fmt: skip

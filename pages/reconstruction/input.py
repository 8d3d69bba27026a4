"""What to reconstruct: a sample, a file, or the cloud of a run, with damage added on request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from levelset_core.data import PointCloud, check_spread
from levelset_core.data.damage import Damage, damage
from levelset_core.data.samples import SAMPLES, load_sample
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, Polyline
from levelset_core.reconstruction.shapes import TRUTH, Shape, read_cloud, read_shape
from levelset_core.runs import Run
from pages.reconstruction.upload import upload_panel
from pages.server.people import my_runs

DEFAULT = "bunny"
UPLOAD = "upload"


@dataclass(frozen=True, eq=False)
class Subject:
    """A cloud to reconstruct.

    Attributes:
        cloud: the raw points.
        truth: what they were drawn from, if that is known.
        kind: "surface" or "curve".
        label: what people call it, damage included.
        up: the axis that points up, "y" or "z".
        digest: of the points; runs of the same points belong together.
        source: where it comes from, plain values, for a run's settings.
    """

    cloud: PointCloud
    truth: Shape | None
    kind: str
    label: str
    up: Literal["y", "z"]
    digest: str
    source: dict[str, Any]


def input_panel() -> tuple[Subject | None, DeltaGenerator]:
    """The choice in the sidebar.

    Returns:
        The subject, None with a sentence on the page where there is nothing yet; and the place in
        the sidebar for what is to be decided about its points.
    """
    _arrive()
    # First: the browser shows some seven, and one's own must not be the one below the edge.
    options = [UPLOAD, *(name for name, sample in SAMPLES.items() if sample.available())]
    if "run_subject" in st.session_state:
        options.append("run")
    if st.session_state.get("cloud") not in options:
        st.session_state.cloud = DEFAULT
    with st.sidebar:
        st.markdown("## Points")
        name = st.selectbox(
            "Cloud", options, options.index(st.session_state.cloud), key="cloud",
            format_func=_title, label_visibility="collapsed",
        )  # fmt: skip
        try:
            subject = _choose(name)
            place = st.container()
            return subject and _damaged(subject), place
        except LevelsetError as error:
            st.error(str(error), icon=":material/error:")
            return None, st.container()


def _arrive() -> None:
    """A page opened with ``?run=`` takes up that run's input, once."""
    run_id = st.query_params.get("run")
    if run_id is None or st.session_state.get("arrived") == run_id:
        return
    st.session_state.arrived = run_id
    try:
        run = my_runs().get(run_id)
        source = run.config.settings["about"]["source"]
        subject = subject_of(run)
    except (LevelsetError, KeyError, TypeError) as error:
        st.toast(f"The run of this link cannot be shown: {error}", icon=":material/link_off:")
        return
    how = source.get("damage") or {}
    if source.get("sample") in SAMPLES:
        st.session_state.cloud = source["sample"]
        for field, factor in _FACTORS.items():
            st.session_state[f"damage_{field}"] = how.get(field, _UNDAMAGED[field]) * factor
    else:
        st.session_state.run_subject = subject
        st.session_state.cloud = "run"


def subject_of(run: Run) -> Subject:
    """The subject that a run works on, from its own folder.

    Raises:
        LevelsetError: its input is missing or damaged.
    """
    about = run.config.settings["about"]
    truth = read_shape(run.inputs / TRUTH) if (run.inputs / TRUTH).exists() else None
    kind = "curve" if run.config.kind == "curve" else "surface"
    told = (about[name] for name in ("label", "up", "digest", "source"))
    return Subject(read_cloud(run), truth, kind, *told)


def _title(name: str) -> str:
    if name == "run":
        return f"{st.session_state.run_subject.label} (of a run)"
    return "Your own file…" if name == UPLOAD else SAMPLES[name].title


def _choose(name: str) -> Subject | None:
    if name == "run":
        return cast("Subject", st.session_state.run_subject)
    if name == UPLOAD:
        return _uploaded()
    sample = SAMPLES[name]
    st.caption(sample.note)
    cloud, truth = _sample(name)
    return _subject(cloud, truth, sample.kind, sample.title, sample.up, {"sample": name})


def _uploaded() -> Subject | None:
    opened = upload_panel()
    with st.container(horizontal=True):
        kind = st.segmented_control(
            "It is a", ["surface", "curve"], default="surface", key="upload_kind", required=True
        )
        up = st.segmented_control("Up", ["y", "z"], default="z", key="upload_up", required=True)
    if opened is None:
        return None
    cloud, truth = opened
    label = cloud.source
    return _subject(cloud, truth, kind or "surface", label, up or "z", {"file": label})


@st.cache_resource(max_entries=8, show_spinner=False)
def _sample(name: str) -> tuple[PointCloud, Mesh | Polyline]:
    return load_sample(name)


def _subject(
    cloud: PointCloud, truth: Mesh | Polyline | None, kind: str, label: str, up: str,
    source: dict[str, Any],
) -> Subject:  # fmt: skip
    check_spread(cloud, kind)
    known = None
    if truth is not None:
        known = Shape((truth,)) if isinstance(truth, Mesh) else Shape((), (truth,))
    axis = cast("Literal['y', 'z']", up)
    return Subject(cloud, known, kind, label, axis, digest_of(cloud), source)


def digest_of(cloud: PointCloud) -> str:
    """A name for exactly these points."""
    return hashlib.blake2b(cloud.points.tobytes(), digest_size=12).hexdigest()


# -- damage ----------------------------------------------------------------------------------

_UNDAMAGED = {"keep": 1.0, "noise": 0.0, "holes": 0, "outliers": 0.0}
#: What the sliders show, over what the core takes.
_FACTORS = {"keep": 100, "noise": 100, "holes": 1, "outliers": 100}


def _damaged(subject: Subject) -> Subject:
    now: dict[str, Any] = {}
    for field, factor in _FACTORS.items():
        value = st.session_state.get(f"damage_{field}", factor * _UNDAMAGED[field])
        now[field] = int(value) if field != "noise" else float(value)
        st.session_state[f"damage_{field}"] = now[field]
    with st.expander("Damage it", icon=":material/healing:"):
        st.caption(
            "Makes the points worse on purpose, to see what the method still does with them."
        )
        noise = st.slider(
            "Noise, % of the diagonal", 0.0, 3.0, now["noise"], 0.1, key="damage_noise",
            help="How far points are moved at random: the standard deviation in every coordinate, "
            "in percent of the diagonal of the box around all points.",
        )  # fmt: skip
        holes = st.slider("Holes", 0, 20, now["holes"], key="damage_holes")
        outliers = st.slider("Outliers, %", 0, 50, now["outliers"], key="damage_outliers")
        keep = st.slider("Points kept, %", 1, 100, now["keep"], key="damage_keep")
        st.button("Undo all damage", on_click=_undo, icon=":material/undo:")
    how = Damage(keep / 100, noise / 100, holes, outliers / 100)
    if how.none:
        return subject
    cloud = damage(subject.cloud, how)
    return replace(
        subject, cloud=cloud, label=f"{subject.label}, {how}", digest=digest_of(cloud),
        source={**subject.source, "damage": how.to_dict()},
    )  # fmt: skip


def _undo() -> None:
    for field, factor in _FACTORS.items():
        st.session_state[f"damage_{field}"] = type(_UNDAMAGED[field])(factor * _UNDAMAGED[field])

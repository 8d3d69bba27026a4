"""The Explorer: one image under attack, its level set points, and the plane through it."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
import torch
from torch import Tensor, nn

from levelset_core.attacks import (
    LevelPoint,
    MarginProfile,
    Trajectory,
    cross_section,
    make_axes,
    margin_profile,
    nearest_level_points,
    paper_attack,
    pgd_trajectory,
    random_direction,
)
from levelset_core.attacks.fast import for_attacks
from levelset_core.errors import LevelsetError
from levelset_core.parallel import torch_threads
from levelset_core.random import torch_generator
from levelset_core.robustness.models import KnownModel
from pages.robustness.address import address, first_epsilon
from pages.robustness.models import choose_model, network_of
from pages.robustness.subject import Subject, choose_subject
from pages.server.arrays import store
from pages.shared.attempt import telling
from pages.shared.front_end import front_end
from pages.shared.glossary import explained, term
from pages.shared.kept import kept_choice
from pages.shared.tables import named_table

LOSSES = {"margin": "Margin", "xent": "Cross-entropy"}
STARTS = {"random": "Random start", "image": "Start at x"}
SECONDS = {"random": "Up: random", "attack": "Up: other attack"}
#: Largest epsilon and its step on the slider, by channels; digits shown.
EPSILONS = {1: (0.5, 0.01, 2), 3: (0.1, 0.001, 3)}
#: The plane reaches so many epsilons from the image; places along a side, and how much finer
#: the picture is.
REACH, PLACES, FINER = 1.5, 31, 5
NAMES = {
    "root": "this attack", "attack": "any-box attack", "linf": "Newton, L∞",
    "l2": "Newton, L2",
}  # fmt: skip
DISTANCES_NOTE = (
    '<p class="levelset-note">The picture is a plane through the image: to the right, the '
    "attack; upwards, a second direction. Colours are the network's answers. The box of ε is a "
    "cube in the space of all pixels; this plane cuts it askew, so it is no square here.</p>"
    f'<p class="levelset-note">{term("class_margin", "Fʲ")}: the logit of the image\'s class j '
    "minus the largest other one. p: a place where Fʲ = 0. "
    f"{term('false_position', 'This attack')}: where the line to its last step "
    f"crosses the boundary. {term('any_box', 'Any-box attack')}: the same, with the smallest ε "
    f"that succeeds. {term('newton', 'Newton')}: steps from x, whatever ε. {term('rho')}: x − p at "
    "the one pixel in which Fʲ changes most.</p>"
)
MISSING = {
    "root": "No zero of Fʲ on the way.",
    "attack": "No attack changes the sign of Fʲ.",
    "linf": "Newton found no zero within [0, 1].",
    "l2": "Newton found no zero within [0, 1].",
}
_explorer = front_end("levelset_explorer", "robustness/explorer")
_section = front_end("levelset_section", "robustness/section")


def explorer_view(found: list[KnownModel]) -> None:
    """Choose on the left, look on the right."""
    st.markdown(
        explained(
            "An attack ({pgd}) changes every pixel by at most ε, in small steps. Move **ε**, or "
            "play the **steps**: once the curve Fʲ falls below 0, the network is fooled."
        ),
        unsafe_allow_html=True,
    )
    left, main = st.columns([1, 3.8], gap="medium")
    with telling():
        with left:
            model = choose_model(found, "explorer_model")
            subject = choose_subject(model)
        with main:
            if isinstance(subject, str):
                st.info(subject)
            else:
                attack_view(model, subject)


@st.fragment
def attack_view(model: KnownModel, subject: Subject) -> None:
    """Everything about one image; a slider moved runs this part of the page alone."""
    network = _fast(model.digest, network_of(model))
    middle, right = st.columns([2, 1], gap="medium")
    with middle, st.container(horizontal=True, vertical_alignment="center"):
        attacks = {loss: f"{title} PGD" for loss, title in LOSSES.items()}
        loss = kept_choice("Attack by", attacks, key="explorer_loss")
        start = kept_choice("Start", STARTS, key="explorer_start")
    epsilon, settled, key = _wanted(model)
    about = (model.digest, subject.digest, epsilon, start)
    with torch_threads(1):
        attacked, profile = _attacked(*about, loss, network, subject)
        nearest = _nearest(model.digest, subject.digest, network, subject)
    data = _explorer_data(model, subject, attacked, {"root": profile.root, **nearest}, epsilon)
    data["along"] = {
        "distance": _rounded(profile.distance), "margin": _rounded(profile.margin),
        "root": _finite(profile.root.linf),
    }  # fmt: skip
    data["key"] = "-".join(map(str, (*about, loss)))
    # Safari refuses more than a hundred changes of the address in 30 seconds.
    data["address"] = address(model.id, subject.place, epsilon) if settled else None
    with middle:
        _explorer(key=key, data=data, default={"wanted": None})
    with right:
        _section_view(about, loss, network, subject, attacked, profile, data, settled)


@st.cache_resource(max_entries=12, show_spinner=False)
def _fast(digest: str, _network: nn.Module) -> nn.Module:
    return for_attacks(_network).eval()


def _wanted(model: KnownModel) -> tuple[float, bool, str]:
    """Epsilon as the slider stands, whether it rests there, and the key of the component."""
    channels = model.shape[0]
    largest, _, digits = EPSILONS.get(channels, EPSILONS[3])
    key = f"explorer_{channels}"
    wanted = (st.session_state.get(key) or {}).get("wanted") or {}
    last = f"{key}_epsilon"  # for when the component comes back
    if last not in st.session_state:
        usual = paper_attack("pgd-margin", channels).epsilon
        st.session_state[last] = first_epsilon(model.id, usual)
    epsilon = st.session_state[last] = float(wanted.get("epsilon", st.session_state[last]))
    return round(min(max(epsilon, 0.0), largest), digits), bool(wanted.get("settled", True)), key


@st.cache_resource(max_entries=400, show_spinner=False)
def _attacked(
    digest: str, about: str, epsilon: float, start: str, loss: str, _network: nn.Module,
    _subject: Subject,
) -> tuple[Trajectory, MarginProfile]:  # fmt: skip
    attack = paper_attack("pgd-margin", _subject.image.shape[0], epsilon)
    attacked = pgd_trajectory(
        _network, _subject.image, _subject.label, epsilon=epsilon, step=attack.step,
        steps=attack.steps, loss=loss, random_start=start == "random",
        generator=torch_generator(0),
    )  # fmt: skip
    return attacked, margin_profile(_network, attacked)


@st.cache_resource(max_entries=200, show_spinner=False)
def _nearest(
    digest: str, about: str, _network: nn.Module, _subject: Subject
) -> dict[str, LevelPoint]:
    return nearest_level_points(_network, _subject.image, _subject.label)


def _explorer_data(
    model: KnownModel, subject: Subject, attacked: Trajectory, found: dict[str, LevelPoint],
    epsilon: float,
) -> dict[str, Any]:  # fmt: skip
    """What the front end draws; all pixels travel as one array."""
    largest, step, digits = EPSILONS.get(model.shape[0], EPSILONS[3])
    frames = [attacked.image[None], attacked.points]
    levels = []
    for name, level in found.items():
        frame = None
        if level.point is not None:
            frame = sum(len(f) for f in frames)
            frames.append(level.point[None])
        levels.append(
            {"name": NAMES[name], "missing": MISSING[name], "frame": frame, "pixel": level.axis,
             **{k: _finite(getattr(level, k)) for k in ("linf", "l2", "rho")}}
        )  # fmt: skip
    pixels = torch.cat(frames).flatten(1).numpy().astype(np.float32)
    logits = torch.cat([attacked.image_logits[None], attacked.logits])
    return {
        "shape": list(subject.image.shape),
        "subject": f"{model.digest}{subject.digest}", "classes": list(subject.classes),
        "label": subject.label, "label_name": subject.label_name,
        "epsilon": epsilon, "epsilon_max": largest, "epsilon_step": step, "digits": digits,
        "frames": store.publish(pixels), "logits": _rounded(logits),
        "margins": _rounded(attacked.margins), "image_margin": attacked.image_margin,
        "first_broken": attacked.first_broken, "levels": levels,
    }  # fmt: skip


# -- the plane -------------------------------------------------------------------------------


def _section_view(
    about: tuple[str, str, float, str], loss: str, network: nn.Module, subject: Subject,
    attacked: Trajectory, profile: MarginProfile, data: dict[str, Any], settled: bool,
) -> None:  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        second = kept_choice("Second direction", SECONDS, key="explorer_second")
        draw = st.session_state.setdefault("explorer_draw", 1)
        if second == "random" and st.button(
            "", icon=":material/casino:", help="Another random direction", key="explorer_another"
        ):
            draw = st.session_state.explorer_draw = draw + 1
    shown = st.session_state.get("explorer_section")
    key = (*about, loss, second, draw)
    if shown is None or (shown["made_of"] != key and settled):
        try:
            with torch_threads(1):
                shown = {"made_of": key, **_plane(*key, network, subject, attacked, profile)}
        except LevelsetError:
            st.info("There is no plane: the attack does not move, or moves as the other does.")
            st.session_state.explorer_section = None
            return
        st.session_state.explorer_section = shown
    plane = {k: v for k, v in shown.items() if k != "made_of"}
    name = "-".join(map(str, shown["made_of"]))
    _section(key="section", data={"digits": data["digits"], **plane, "key": name})
    _distances(data["levels"])


def _distances(levels: list[dict[str, Any]]) -> None:
    """The distances of all level set points."""
    rows = []
    for level in levels:
        figures = [level["linf"], level["l2"], level["rho"]]
        rows.append([level["name"], *("–" if v is None else f"{v:.3f}" for v in figures)])
    named_table("Distances to p", ["Distance to p", "L∞", "L2", "ρ"], rows)
    st.html(DISTANCES_NOTE)


@st.cache_data(max_entries=100, show_spinner=False)
def _plane(
    digest: str, about: str, epsilon: float, start: str, loss: str, second: str, draw: int,
    _network: nn.Module, _subject: Subject, _attacked_image: Trajectory, _profile: MarginProfile,
) -> dict[str, Any]:  # fmt: skip
    x, label = _subject.image, _subject.label
    first = _attacked_image.points[-1] - x
    if second == "attack":
        other = "xent" if loss == "margin" else "margin"
        end, _ = _attacked(digest, about, epsilon, start, other, _network, _subject)
        direction = end.points[-1] - x
    else:
        direction = random_direction(x, draw)
    axes = make_axes(first, direction)
    reach = REACH * epsilon
    section = cross_section(
        _network, x, label, axes, bounds=(-reach, reach, -reach, reach), resolution=PLACES
    )
    centres = section.region_centres(FINER)
    root = _profile.root.linf
    return {
        "label": label, "bounds": list(section.bounds), "epsilon": epsilon,
        "grid": store.publish(section.classes(FINER)),
        "own": [_rounded(line) for line in section.boundary(finer=2)],
        "others": [
            _rounded(line)
            for k, _, _ in centres if k != label
            for line in section.boundary(k, finer=2)
        ],
        "box": _rounded(axes.box_outline(epsilon)),
        "path": _rounded(axes.coordinates(_attacked_image.points - x)),
        "names": [{"name": _subject.classes[k], "place": [a, b]} for k, a, b in centres],
        "root": [root, 0.0] if np.isfinite(root) else None,
        "label_u": "along the attack (L∞ distance from x)",
        "label_v": "random direction" if second == "random" else f"{LOSSES[other].lower()} attack",
    }  # fmt: skip


def _rounded(values: Tensor | np.ndarray) -> list[Any]:
    return list(np.asarray(values, dtype=np.float64).round(5).tolist())


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None

"""Can a model's figures be trusted? A line a model, and the findings and evidence of one."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from levelset_core.attacks import AttackConfig, chance_of, findings_in, paper_attack
from levelset_core.attacks.signs.of_attacks import LOSS_GAP
from levelset_core.data.images import data_set_of, is_here, same_first_images
from levelset_core.robustness.measurements import measurements, newest, start_measurement
from levelset_core.robustness.models import KnownModel
from levelset_core.runs import Run
from pages.robustness.charts import tidy
from pages.server.people import my_runs
from pages.shared.attempt import attempt, tell
from pages.shared.charts import COLORS, CONFIG, look
from pages.shared.glossary import caption, hint
from pages.shared.tables import named_table

#: Images that a model is examined on.
IMAGES = 100
#: Networks that images are attacked on to be shown to it, at most.
MOST_OTHERS = 4
ERROR = "robust_masking_error"
#: A network that keeps a smaller share under attack is not robust.
LOST = 0.05
#: Figures of findings whose names say too little, in words.
EVIDENCE = {
    "median margin": "output margin, in the median", "largest margin": "largest output margin",
    "zero gradients of cross-entropy": "images where cross-entropy has a gradient of exactly zero",
    "zero gradients of F": "images where F has a gradient of exactly zero",
    "standing, xent": "images that withstand cross-entropy PGD",
    "standing, margin": "images that withstand margin PGD",
    "standing under cross-entropy PGD": "images that withstand cross-entropy PGD",
    "standing under margin PGD": "images that withstand margin PGD",
}  # fmt: skip
#: How the names of shares of images begin.
SHARES = ("standing", "zero gradients", "accuracy", "clean accuracy", "with other pixels")
#: Of bars.
SHAPES = ["", "/", "x", ".", "-"]
LOG_TICKS = [m * 10.0**e for e in (-4, -3, -2, -1) for m in (1, 2, 5)] + [1.0]


def masking_view(models: list[KnownModel], chosen: KnownModel, data: str, epsilon: float) -> None:
    """The verdicts of all models, and the evidence for the one chosen in the table."""
    attack = paper_attack("pgd-margin", chosen.shape[0], epsilon)
    st.markdown("## Can these figures be trusted?")
    caption(
        f"Found on the first {IMAGES} images only, so the shares differ from the table's. A "
        "tick means that nothing misled the attacks, as {masking|masked gradients} do. It does "
        "not mean that the network is robust."
    )
    missing = []
    for model in models:
        found, pending = _examined(model, data, attack)
        icon = ":material/search:"
        text = "Not examined yet." if pending is None else "Being examined."
        if found is not None:
            icon, text = _in_short(found)
        elif pending is None:
            missing.append(model)
        name = f"**{model.title}**" if model.id == chosen.id else model.title
        st.markdown(f"{icon} {name}: {text}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Examine" if len(missing) < 2 else f"Examine {len(missing)} models",
            key="robust_examine", icon=":material/search:",
            disabled=not missing or not is_here(data),
            on_click=attempt, args=(ERROR, _start, missing, models, data, attack),
            help="Nothing is left to examine." if not missing
            else "Looks at outputs, gradients and pixels, then tries stronger and stronger "
            f"attacks, with and without gradients, on {IMAGES} images: about a minute for each "
            "network on one core."
            + ("" if is_here(data) else " The images have to be downloaded first."),
        )  # fmt: skip
        st.caption(
            ("" if missing else "All models are examined, or being examined. ")
            + "After Athalye et al. (2018), AutoAttack's flags and the indicators of Pintor et al. "
            "(2022): what makes an attack's figures worthless."
        )
    tell(ERROR)
    found, _ = _examined(chosen, data, attack)
    if found is not None:
        _evidence(chosen, found)


def _in_short(found: dict[str, Any]) -> tuple[str, str]:
    """An icon, and the verdict, or the names of what was found."""
    if not found["signs"]:
        # Its figures are the evidence below; here they would stand beside those of the table.
        return ":material/check:", _nothing_found(found).split(". ")[0] + "."
    names = [f.name for f in findings_in(found) if f.name]
    text = f"**{', '.join(names)}**. {found['signs'][0]}" if names else str(found["verdict"])
    return ":orange[:material/warning:]", text


def _nothing_found(found: dict[str, Any]) -> str:
    """What that means: praise for the figures is none for the network."""
    robust, images = found["robust"], found["images"]
    judged = robust.get("judged", robust["margin"])
    if judged < LOST:
        return (
            "No sign of masked gradients: the figures are right, and the network is **not robust**"
            f". The strongest attack leaves {judged:.0%} of {images} images."
        )
    return (
        f"No sign of masked gradients. Of {images} images, {robust['xent']:.0%} withstand "
        f"cross-entropy PGD, {robust['margin']:.0%} margin PGD, and {judged:.0%} the strongest "
        "attack tried."
    )


def finding_list(found: dict[str, Any]) -> None:
    """Every finding with its sentence, its figures and what to do; or that there is none."""
    findings = findings_in(found)
    if not findings:
        st.markdown(f":green[:material/check_circle:] {_nothing_found(found)}")
    for finding in findings:
        name = f"**{finding.name}**: " if finding.name else ""
        lines = [f":orange[:material/warning:] {name}{finding.sentence}"]
        if finding.advice:
            lines.append(f":material/arrow_forward: What to do: {finding.advice}")
        st.markdown("  \n".join(lines))
        if finding.evidence:
            rows = [[_named(k), _figure(k, v)] for k, v in finding.evidence.items()]
            about = f"Measured: {finding.name}" if finding.name else "Measured"
            named_table(about, ["Measured", "Value"], rows)


def _named(key: str) -> str:
    """What a figure of the evidence is, in words."""
    name = EVIDENCE.get(key, key)
    return name[0].upper() + name[1:]


def _figure(key: str, value: float | str | None) -> str:
    if value is None:
        return "not a number"
    if isinstance(value, str):
        return value
    share = key.startswith(SHARES) and 0 <= value <= 1
    return f"{value:.1%}" if share else f"{value:,.4g}"


def _examined(
    model: KnownModel, data: str, attack: AttackConfig
) -> tuple[dict[str, Any] | None, Run | None]:
    """What was found, from a run or else from the model's card; and a run that is not over."""
    runs = measurements(my_runs(), "masking", [model], data=data, attack=attack)
    result, pending = newest(runs)
    if pending is not None and not pending.status().active:
        pending = None
    found = result["masking"] if result else None
    card = model.card.get("masking")
    if found is None and isinstance(card, dict) and card.get("epsilon") == attack.epsilon:
        found = card if same_first_images(data_set_of(str(card.get("data", ""))), data) else None
    return found, pending


def _start(
    missing: list[KnownModel], models: list[KnownModel], data: str, attack: AttackConfig
) -> None:
    for model in missing:
        others = [m for m in models if m.id != model.id][:MOST_OTHERS]
        start_measurement(
            my_runs(), "masking", [model, *others], data=data, images=IMAGES, attack=attack
        )


def _evidence(model: KnownModel, found: dict[str, Any]) -> None:
    with st.expander(f"Evidence for {model.title}", icon=":material/fact_check:", expanded=True):
        if found["signs"]:
            finding_list(found)
        black = found["black_box"].values()
        figures = (
            ("Zero gradients, cross-entropy", f"{found['zero_xent']:.1%}", hint("saturated")),
            ("Zero gradients, margin", f"{found['zero_margin']:.1%}", hint("class_margin")),
            ("Median size of a logit", f"{found['logit_scale']:,.1f}", hint("logits")),
            ("Right, white box", f"{found['white_box']:.1%}", hint("white_box")),
            (
                "Right, black box",
                f"{min(black):.1%}" if black else "no other model", hint("black_box"),
            ),
        )  # fmt: skip
        for place, (label, value, about) in zip(st.columns(5), figures, strict=True):
            place.metric(label, value, help=about)
        images, scale = found["images"], found["temperature"]
        scaled = f"; scaled logits are divided by {scale:,.0f}" if scale > 1 else ""
        charts = {
            "losses": _losses(found),
            "steps": _line(found["by_steps"], "PGD steps"),
            "epsilon": _line(found["by_epsilon"], "ε"),
        }
        for place, (key, figure) in zip(st.columns(3), charts.items(), strict=True):
            place.plotly_chart(figure, key=f"masking_{key}", config=CONFIG)
        st.caption(
            f"Robust accuracy on {images} images, ε = {found['epsilon']:g}, attacked on the margin "
            f"unless it says otherwise{scaled}. If gradients are honest, none is zero; "
            f"cross-entropy leaves at most {LOSS_GAP:.0%} more than the margin; more steps or a "
            "larger ε never help the network; nothing is left at ε = 1; and no black box breaks "
            f"more than the white box. Differences of up to {chance_of(images)} images may be "
            "chance."
        )


def _losses(found: dict[str, Any]) -> go.Figure:
    names = {
        "xent": "cross-entropy", "xent, scaled logits": "scaled logits", "margin": "margin",
        "strong": "strong", "judged": "lowest",
    }  # fmt: skip
    names = {name: title for name, title in names.items() if name in found["robust"]}
    figure = go.Figure()
    figure.add_bar(
        x=list(names.values()), y=[found["robust"][name] for name in names],
        marker={"color": COLORS[: len(names)], "pattern": {"shape": SHAPES[: len(names)]}},
        text=[f"{found['robust'][name]:.1%}" for name in names], textposition="outside",
        cliponaxis=False, hovertemplate="%{x}: %{y:.1%}<extra></extra>",
    )  # fmt: skip
    return tidy(figure, "Robust accuracy by loss", 230)


def _line(values: dict[str, float], axis: str) -> go.Figure:
    points = sorted((float(k), v) for k, v in values.items())
    figure = go.Figure()
    figure.add_scatter(
        x=[k for k, _ in points], y=[v for _, v in points], mode="lines+markers", **look(0),
        hovertemplate=f"{axis} %{{x:g}}: %{{y:.1%}}<extra></extra>",
    )  # fmt: skip
    ticks = [k for k, _ in points] if points[0][0] >= 1 else LOG_TICKS
    figure.update_xaxes(
        title_text=axis, type="log", tickvals=ticks, ticktext=[f"{k:g}" for k in ticks]
    )
    return tidy(figure, f"Over {axis}", 230)

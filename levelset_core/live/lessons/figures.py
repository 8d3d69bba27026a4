"""The figures that goals of lessons may ask for, and how each is measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from levelset_core.playground import Measurement, PlaygroundTrainer

Measure = Callable[[PlaygroundTrainer, Measurement], float | str | None]


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        about: what it is, in plain words.
        measure: (trainer, measurement) -> its value; None where there is none.
        is_text: whether it is a name and not a number.
    """

    about: str
    measure: Measure
    is_text: bool = False


def _setting(name: str, about: str) -> Figure:
    return Figure(about, lambda t, m: float(getattr(t.config, name)))


def _choice(name: str, about: str) -> Figure:
    return Figure(about, lambda t, m: str(getattr(t.config, name)), is_text=True)


def _kept(trainer: PlaygroundTrainer, m: Measurement) -> float:
    return float((m.margins >= trainer.config.epsilon).mean())


def _detour(trainer: PlaygroundTrainer, m: Measurement) -> float | None:
    """How many times as far as the nearest point Newton's foot is, at the worst point."""
    newton, nearest = np.abs(m.newton), np.abs(m.margins)
    known = np.isfinite(newton) & np.isfinite(nearest) & (nearest > 1e-3)
    return float((newton[known] / nearest[known]).max()) if known.any() else None


def _dead_units(trainer: PlaygroundTrainer, m: Measurement) -> float:
    """Share of the hidden units whose output is the same at all points: nothing trains them."""
    dead: list[Tensor] = []
    value = trainer.x
    layers = list(trainer.network.layers)
    with torch.no_grad():
        for layer in layers[:-1]:
            value = trainer.network.activation(layer(value))
            dead.append((value == value[:1]).all(0))
    return float(torch.cat(dead).float().mean()) if dead and len(trainer.x) > 1 else 0.0


#: By name, as goals write them.
FIGURES: dict[str, Figure] = {
    "step": Figure("training steps taken", lambda t, m: float(m.step)),
    "loss": Figure("the loss of the last step", lambda t, m: t.loss),
    "points": Figure("number of points", lambda t, m: float(len(m.margins))),
    "accuracy": Figure("share of the points on their side", lambda t, m: m.accuracy),
    "held_out": Figure("the same of fresh points of the data set", lambda t, m: m.held_out),
    "margin_min": Figure("smallest distance of a point to the boundary", lambda t, m: m.margin_min),
    "margin_median": Figure("the median of these distances", lambda t, m: m.margin_median),
    "margin_kept": Figure("share of the points that keep the distance epsilon", _kept),
    "newton_min": Figure(
        "distance to Newton's foot at the point with the smallest margin",
        lambda t, m: m.newton_there,
    ),
    "newton_detour": Figure(
        "how many times as far as the nearest point of the boundary Newton's foot is, at worst",
        _detour,
    ),
    "output_min": Figure("smallest output margin y F(x)", lambda t, m: float(m.outputs.min())),
    "output_median": Figure(
        "median output margin y F(x)", lambda t, m: float(np.median(m.outputs))
    ),
    "beyond_levels": Figure(
        "share of the points beyond their own level, y F(x) >= 1",
        lambda t, m: float((m.outputs >= 1).mean()),
    ),
    "converged": Figure("share of the Newton projections that arrived", lambda t, m: m.converged),
    "dead_units": Figure("share of the hidden units that answer every point alike", _dead_units),
    "motion_error": Figure(
        "relative error of the sample network's prediction of the boundary's next motion",
        lambda t, m: t.motion().error if t.loss is not None else None,
    ),
    "largest_epsilon": Figure(
        "the largest epsilon that these points allow",
        lambda t, m: t.points.largest_margin(m.norm),
    ),
    "objective": _choice("objective", "name of the loss"),
    "distance": _choice("metric", "the distance in force: l2, linf or rho"),
    "level_points": _choice("points", "nearest or newton"),
    "activation": _choice("activation", "of the hidden layers"),
    "epsilon": _setting("epsilon", "the wanted margin"),
    "lam": _setting("lam", "the weight lambda"),
    "alpha": _setting("alpha", "the power alpha"),
    "learning_rate": _setting("learning_rate", "the learning rate"),
    "depth": _setting("depth", "hidden layers"),
    "width": _setting("width", "units a layer"),
}


def measured(
    names: Iterable[str], panels: dict[str, tuple[PlaygroundTrainer, Measurement]]
) -> dict[str, float | str | None]:
    """The figures of these names; None where a figure or its panel is missing.

    Args:
        names: of ``FIGURES``; one with an objective before it is of that panel, else of the first.
        panels: objective -> its trainer and what was measured.
    """
    found: dict[str, float | str | None] = {}
    for name in names:
        panel, _, figure = name.rpartition(".")
        where = panels.get(panel or next(iter(panels), ""))
        found[name] = FIGURES[figure].measure(*where) if where else None
    return found

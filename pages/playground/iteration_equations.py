"""The equations of one iteration, filled with its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from levelset_core.playground import OBJECTIVES, Iteration, PlaygroundConfig
from levelset_core.playground.config import MAX_GRADIENT

STAGES = ("Project", "Sample network", "Loss", "Update θ", "Motion")
_D = {"l2": r"\lVert x-p\rVert_2", "linf": r"\lVert x-p\rVert_\infty", "rho": r"\rho(x,p)"}

Line = tuple[str, str]  # LaTeX, and the words beside it


def equations(it: Iteration, config: PlaygroundConfig, stage: int) -> list[Line]:
    """The lines of a stage: LaTeX with this iteration's numbers, and what it says."""
    return list((_project, _sample_network, _loss, _update, _motion)[stage](it, config))


def _project(it: Iteration, config: PlaygroundConfig) -> Iterator[Line]:
    how = (
        "arrived on S₀" if it.converged
        else "failed: no direction to follow" if it.failed
        else "ran out of steps and keeps its level c"
    )  # fmt: skip
    values = ",\\ ".join(_n(abs(v)) for v in it.path_values[:6])
    more = r",\ \dots" if len(it.path_values) > 6 else ""
    steps = len(it.path) - 1
    if steps:
        yield (
            r"\begin{aligned} p_1 &= x - \frac{F(x)}{\lVert D_xF\rVert^2}\,D_xF^T \\ &= "
            rf"{_v(it.x)} - \frac{{{_n(it.path_values[0])}}}"
            rf"{{{_n(float(it.first_gradient @ it.first_gradient))}}}"
            rf"\,{_v(it.first_gradient)} = {_v(it.path[1])} \end{{aligned}}",
            "**Eq. 4 and 5.** One Newton step along the steepest way towards the level set. "
            "The pseudo-inverse of a single gradient is the gradient over its square.",
        )
    yield (
        rf"|F|:\ {values}{more}",
        f"|F| along the way: the point **{how}** after {steps} step{'' if steps == 1 else 's'} at "
        f"({it.foot[0]:.3f}, {it.foot[1]:.3f}).",
    )
    norm = {"l2": "2", "linf": r"\infty"}[it.norm]
    if np.isfinite(it.nearest_distance) and not it.failed:
        acts = uses_nearest(config)
        yield (
            rf"\lVert x - p_{{\mathrm{{Newton}}}}\rVert_{norm} = {_n(it.foot_distance)},\quad "
            rf"\min_{{p \in S_0}}\lVert x - p\rVert_{norm} = {_n(it.nearest_distance)}",
            f"**Newton's foot {it.foot_distance:.3g}, nearest {it.nearest_distance:.3g}.** "
            + (
                f"The loss acts at the nearest point, p = ({it.point[0]:.3f}, {it.point[1]:.3f})."
                if acts
                else "The loss acts at Newton's foot, as in the paper: the margin it sees is the "
                "larger number."
            ),
        )


def uses_nearest(config: PlaygroundConfig) -> bool:
    """Whether the loss acts at nearest points."""
    return config.points == "nearest" and "points" in OBJECTIVES[config.objective].uses


def _sample_network(it: Iteration, config: PlaygroundConfig) -> Iterator[Line]:
    yield (
        r"\begin{aligned} p(\theta) &= p - D_xF^{+}\,[F(p;\theta) - c] \\ &= "
        rf"{_v(it.point)} - {_v(it.pinv)}\,[F(p;\theta) - ({_n(it.value)})] \end{{aligned}}",
        "**Eq. 9.** p and DₓF⁺ are numbers now; only F(p; θ) still depends on θ. That one "
        "linear layer is the sample network: its value at θ₀ is p itself.",
    )
    yield (
        rf"D_\theta p = -D_xF^{{+}}\,D_\theta F(p),\quad D_xF(p) = {_v(it.gradient)}",
        "**Eq. 8.** Its derivative: when F rises at p, the level set moves against the "
        "gradient (the arrow on the canvas), at right angles to itself.",
    )


def _loss(it: Iteration, config: PlaygroundConfig) -> Iterator[Line]:
    """One function an equation; the numbers are those of the core's terms."""
    equation, extension = _LOSSES[config.objective]
    return (equation if it.used else extension)(it, config)


def _geometric_svm(it: Iteration, config: PlaygroundConfig) -> Iterator[Line]:
    assert it.delta is not None and it.distance is not None
    ratio = rf"({_side(it):+d})\tfrac{{{_n(it.distance)}}}{{{_n(it.delta)}}}"
    yield (
        r"\Delta(x) = \min_{t=\pm1} d(p^0, p^t) = " + _n(it.delta),
        "How wide the band between S₋₁ and S₊₁ is here; the nearer one, "
        f"S{'₊₁' if it.nearer == 1 else '₋₁'}, decides.",
    )
    yield (
        r"\max\{0,\ 1 - \mathrm{sign}(yF)\,\tfrac{d(x,p)}{\Delta}\} = " + _hinge_of("1", ratio, it),
        f"**Eq. 11, first part.** The point is on the {_word(it)} side; it wants to be "
        "further from S₀ than the band is wide.",
    )
    yield (
        rf"\lambda_{11}\,\Delta^{{\alpha}} = {_n(config.lam)}\cdot {_n(it.delta)}"
        rf"^{{{config.alpha:g}}} = {_n(config.lam * it.delta**config.alpha)}",
        "**Second part.** A wide band costs little: this is what makes the margin grow.",
    )


def _margin(it: Iteration, config: PlaygroundConfig) -> Iterator[Line]:
    assert it.distance is not None
    along = f" ρ looks along the axis {'xy'[it.axis]}, where |D_xF| is largest."
    yield (
        rf"d(x,p) = {_D[config.metric]} = {_n(it.distance)}",
        "The distance of x to its level set sample." + (along if config.metric == "rho" else ""),
    )
    yield (
        r"\lambda_{12}\max\{0,\ \varepsilon - \mathrm{sign}(yF)\,d\} = "
        + _weight(it, config)
        + _hinge_of(_n(config.epsilon), rf"({_side(it):+d})\,{_n(it.distance)}", it),
        f"**Eq. 12.** The point is on the {_word(it)} side. Wrong points pull the boundary "
        "over; right ones push it ε away.",
    )


def _cross_entropy(it: Iteration, config: PlaygroundConfig) -> Iterator[Line]:
    yield (
        rf"\log(1 + e^{{-yF(x)}}) = \log(1 + e^{{{_n(-_output(it))}}}) = {_n(it.term)}",
        "Cross-entropy sees only the output F(x). Where the boundary lies does not enter.",
    )


def _hinge(it: Iteration, config: PlaygroundConfig) -> Iterator[Line]:
    words = (
        "**Hinge.** The margin of the output space."
        if it.used
        else "**Extension.** This point found no usable level set sample: the output hinge stands "
        "in for it."
    )
    yield r"\max\{0,\ 1 - yF(x)\} = " + _hinge_of("1", f"({_n(_output(it))})", it), words


def _output_margin(it: Iteration, config: PlaygroundConfig) -> Iterator[Line]:
    yield (
        r"\lambda_{12}\max\{0,\ \varepsilon - yF(x)\} = "
        + _weight(it, config)
        + _hinge_of(_n(config.epsilon), f"({_n(_output(it))})", it),
        "**Extension.** This point found no usable level set sample: the output yF(x) stands "
        "in for the distance.",
    )


def _elsayed(it: Iteration, config: PlaygroundConfig) -> Iterator[Line]:
    norm = float(np.linalg.norm(it.first_gradient, 2 if config.norm == "l2" else 1))
    reach = _output(it) / norm if norm > 0 else 0.0
    yield (
        r"\max\{0,\ \varepsilon - \tfrac{yF(x)}{\lVert D_xF(x)\rVert_q}\} = "
        + _hinge_of(_n(config.epsilon), _n(reach), it),
        "**Elsayed et al.** The distance to the boundary of the network linearized at x; the "
        f"projection says {_n(float(np.linalg.norm(it.x - it.foot)))} in L2.",
    )


#: Objective -> its equation, and the extension where a point has no usable level set samples.
_LOSSES = {
    "geometric_svm": (_geometric_svm, _hinge),
    **dict.fromkeys(("margin_linf", "margin_l2", "margin_rho"), (_margin, _output_margin)),
    "cross_entropy": (_cross_entropy, _cross_entropy),
    "hinge": (_hinge, _hinge),
    "elsayed": (_elsayed, _elsayed),
}


def _output(it: Iteration) -> float:
    """y F(x)."""
    return it.label * float(it.path_values[0])


def _side(it: Iteration) -> int:
    """sign(y F(x))."""
    return 1 if _output(it) > 0 else -1


def _word(it: Iteration) -> str:
    return "right" if _side(it) > 0 else "wrong"


def _weight(it: Iteration, config: PlaygroundConfig) -> str:
    """lambda_j of Eq. 12."""
    return _n(config.weight_correct if _side(it) > 0 else 1.0)


def _hinge_of(aim: str, reached: str, it: Iteration) -> str:
    """max{0, aim - reached} in numbers, and what the core says that it is."""
    return rf"\max\{{0,\ {aim} - {reached}\}} = {_n(it.term)}"


def _update(it: Iteration, config: PlaygroundConfig) -> Iterator[Line]:
    long = it.gradient_norm > MAX_GRADIENT
    yield (
        rf"\lVert D_\theta\,\mathrm{{loss}}\rVert = {_n(it.gradient_norm)},\qquad "
        rf"\lVert\theta_1 - \theta_0\rVert = {_n(it.update_norm)}",
        f"Adam with learning rate {config.learning_rate:g} follows the gradient, which runs "
        "through the sample networks of all points at once."
        + (f" It is shortened to length {MAX_GRADIENT:g} first." if long else ""),
    )
    yield (
        rf"\mathrm{{loss}}:\ {_n(it.loss_before)} \to {_n(it.loss_after)}",
        "The whole loss before and after."
        + ("" if it.loss_after <= it.loss_before else " It rose: a step can be too long."),
    )


def _motion(it: Iteration, config: PlaygroundConfig) -> Iterator[Line]:
    moved = float(np.linalg.norm(it.actual - it.point))
    gap = float(np.linalg.norm(it.predicted - it.actual))
    share = f", {gap / moved:.1%} of the motion" if moved > 0 else ""
    yield (
        rf"\begin{{aligned}} p(\theta_1) &= {_v(it.point, 4)} - {_v(it.pinv)}\,"
        rf"[{_n(it.value_after)} - ({_n(it.value)})] \\ &= {_v(it.predicted, 4)} "
        r"\end{aligned}",
        "Where the sample network says that p goes.",
    )
    yield (
        rf"\mathrm{{project}}(p;\theta_1) = {_v(it.actual, 4)}",
        f"Where the contour really went: it moved by {moved:.2g}, and the prediction is "
        f"off by {gap:.2g}{share}. Predicted and actual agree to first order.",
    )


def _n(value: float) -> str:
    """A number in LaTeX, three significant digits."""
    text = f"{value:.3g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        return rf"{mantissa}\cdot 10^{{{int(exponent)}}}"
    return text


def _v(values: Sequence[float] | np.ndarray, digits: int = 3) -> str:
    return r"\begin{pmatrix}" + r"\\".join(f"{v:.{digits}f}" for v in values) + r"\end{pmatrix}"

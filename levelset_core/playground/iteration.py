"""One training iteration taken apart, with its real numbers: what the lesson steps through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.utils import get_total_norm

from levelset_core.errors import LevelsetError
from levelset_core.levelsets import (
    NearestSamples,
    nearest_points,
    rho_axis,
    value_and_jacobian,
)
from levelset_core.losses import GeometricSVMTerms, MarginTerms
from levelset_core.playground.config import (
    NEWTON_MAX_JUMP,
    NEWTON_TOL,
    OBJECTIVES,
    LossTerms,
)
from levelset_core.playground.trainer import PlaygroundTrainer


@dataclass(frozen=True)
class Iteration:
    """The next iteration of a trainer, followed for one point x; nothing is changed by it.

    Attributes:
        step: number of the iteration, from 1.
        index: which point; x: where, (2,); label: y.
        path: Newton iterates from x, (k + 1, 2); path_values: F there, (k + 1,)   (Eq. 4, 5).
        first_gradient: D_xF(x), (2,), of the first Newton step.
        foot: the last iterate, (2,); foot_distance: how far from x; converged, failed: how it
            ended. nearest, nearest_distance: the nearest point of S_0 that a search finds, NaN
            and infinite if none. Both in ``norm``, "l2" or "linf".
        point: p that the loss acts at: the nearest point or Newton's foot, as the settings say,
            (2,); value: c = F(p).
        gradient: D_xF(p), (2,); pinv: D_xF(p)^+, (2,); axis: that rho looks along.
        sides: for t = -1 and +1 the last place p^t and whether it arrived (Eq. 11 only).
        nearer: which of the two sets Delta.
        distance: d(x, p); delta: Delta(x) (Eq. 11 only).
        used: whether its level set samples entered the loss; always, where it needs none.
        term: this point's part of the loss: of Eq. 11, the first of its two.
        loss_before, loss_after: the whole loss at theta_0 and theta_1.
        gradient_norm: ||D_theta loss||; update_norm: ||theta_1 - theta_0||.
        value_after: F(p; theta_1).
        predicted: p(theta_1) by the sample network, (2,)   (Eq. 9).
        actual: p projected on S_0 at theta_1, (2,).
    """

    step: int
    index: int
    x: np.ndarray
    label: int
    path: np.ndarray
    path_values: np.ndarray
    first_gradient: np.ndarray
    foot: np.ndarray
    foot_distance: float
    nearest: np.ndarray
    nearest_distance: float
    norm: str
    point: np.ndarray
    value: float
    converged: bool
    failed: bool
    gradient: np.ndarray
    pinv: np.ndarray
    axis: int
    sides: dict[int, tuple[np.ndarray, bool]]
    nearer: int | None
    distance: float | None
    delta: float | None
    used: bool
    term: float
    loss_before: float
    loss_after: float
    gradient_norm: float
    update_norm: float
    value_after: float
    predicted: np.ndarray
    actual: np.ndarray


def explain_iteration(trainer: PlaygroundTrainer, index: int) -> Iteration:
    """Take the trainer's next iteration apart for the point ``index``.

    Raises:
        LevelsetError: there is no such point.
    """
    if not 0 <= index < len(trainer.points):
        raise LevelsetError(f"There is no point {index}: there are {len(trainer.points)}.")
    x = trainer.x[index : index + 1]
    newton = trainer.project(x, record=True)
    assert newton.path is not None and newton.path_values is not None
    terms = trainer.terms()
    nearest, samples = _nearest(trainer, x, terms, index), newton
    if trainer.acts_at_nearest and not nearest.failed[0]:
        samples = nearest
    ahead, predicted, landed = trainer.follow(samples)
    gradients = torch.autograd.grad(
        terms.loss, list(trainer.network.parameters()), allow_unused=True
    )
    update = [
        b.detach() - a.detach()
        for a, b in zip(trainer.network.parameters(), ahead.network.parameters(), strict=True)
    ]
    steps, order = int(newton.steps[0]), 2 if trainer.config.norm == "l2" else np.inf
    sides: dict[int, tuple[np.ndarray, bool]] = {}
    nearer = delta = distance = None
    used = True
    match terms.details:
        case GeometricSVMTerms() as details:
            n = len(trainer.points)
            for t, row in ((-1, index), (1, index + n)):
                sides[t] = (_array(details.sides.points[row]), bool(details.sides.converged[row]))
            distance = float(details.distance[index])
            delta = float(details.delta[index]) or None
            nearer = int(details.nearer[index]) if delta else None
            term, used = float(details.hinge[index]), bool(details.used[index])
        case MarginTerms() as details:
            distance = float(details.distance[index])
            term, used = float(details.per_sample[index]), bool(details.used[index])
        case _:  # a loss that is the mean over its points
            y, objective = trainer.y[index : index + 1], OBJECTIVES[trainer.config.objective]
            term = objective.terms(trainer.network, x, y, trainer.config).loss.item()
    return Iteration(
        step=trainer.step + 1,
        index=index,
        x=_array(x[0]),
        label=int(trainer.y[index]),
        path=_array(newton.path[: steps + 1, 0]),
        path_values=_array(newton.path_values[: steps + 1, 0]),
        first_gradient=_array(value_and_jacobian(trainer.network, x)[1][0]),
        foot=_array(newton.points[0]),
        foot_distance=float(np.linalg.norm(_array(newton.points[0] - x[0]), order)),
        nearest=_array(nearest.points[0]),
        nearest_distance=float(nearest.distance[0]),
        norm=trainer.config.norm,
        point=_array(samples.points[0]),
        value=float(samples.values[0]),
        converged=bool(newton.converged[0]),
        failed=bool(newton.failed[0]),
        gradient=_array(value_and_jacobian(trainer.network, samples.points)[1][0]),
        pinv=_array(samples.pinv[0]),
        axis=int(rho_axis(samples.pinv)[0]),
        sides=sides,
        nearer=nearer,
        distance=distance,
        delta=delta,
        used=used,
        term=term,
        loss_before=terms.loss.item(),
        loss_after=ahead.terms().loss.item(),
        gradient_norm=float(get_total_norm(g for g in gradients if g is not None)),
        update_norm=float(get_total_norm(update)),
        value_after=float(landed.start_values[0]),
        predicted=_array(predicted[0]),
        actual=_array(landed.points[0]),
    )


def _nearest(
    trainer: PlaygroundTrainer, x: torch.Tensor, terms: LossTerms, index: int
) -> NearestSamples:
    """The nearest point of S_0 to x; where the loss acts at nearest points, from its own on."""
    warm = None
    if trainer.acts_at_nearest and isinstance(terms.details, GeometricSVMTerms | MarginTerms):
        warm = terms.details.boundary.points[index : index + 1]
    return nearest_points(
        trainer.network, x, norm=trainer.config.norm, warm=warm, tol=NEWTON_TOL,
        max_jump=NEWTON_MAX_JUMP, starts=1, draws=64,
    )  # fmt: skip


def _array(values: torch.Tensor) -> np.ndarray:
    return values.detach().cpu().numpy()

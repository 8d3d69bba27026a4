"""The level set method: Eq. 12 in robust training, and what was added to it (not in the paper)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax

from levelset_core.attacks import LOSSES, evaluating, margin_of
from levelset_core.levelsets import (
    LevelSetSamples,
    class_margin,
    false_position,
    nearest_points,
    norm_for,
    project,
    sample_network,
    value_and_jacobian,
)
from levelset_core.losses.margin import margin_terms
from levelset_core.robustness.batch import Batch, RobustTerms, attack, divergence, share, step_of
from levelset_core.robustness.config import RobustConfig

#: |F| at which false position stops, and above which a sample gives no loss.
SEARCH_TOL, MAX_RESIDUAL, SEARCH_STEPS = 0.02, 0.1, 10
#: Steps of the search for nearer points.
NEAREST_STEPS = 5
#: ||D_xF||_* below this gives a sample no longer way: its weight stays finite.
MIN_SLOPE = 1e-3


def level_set(batch: Batch, c: RobustConfig) -> RobustTerms:
    """Eq. 12 on level set points that PGD and false position find.

    As the paper has it with rho, or with what :class:`RobustConfig` adds: distances in a norm,
    an exponential weight, a soft margin; cross-entropy on the images (``weight_clean``), at the
    level set points (``weight_boundary``), and where PGD ended (``weight_attacked``): images whose
    level set is further away than PGD goes have no part in Eq. 12, but have one there.

    Batch norm: everything is in evaluation mode, the loss too, so that samples stay samples of
    one function; the running statistics then see the images as they are.
    """
    learner, x, y = batch.learner, batch.x, batch.y
    with evaluating(batch.f):
        with torch.no_grad():
            right = margin_of(batch.f(x), y) > 0
        samples, attacked, crossed = level_set_points(batch, c, right)
    used = samples.usable(MAX_RESIDUAL)
    distances = _eq_12(batch, c, samples, right)
    clean = c.weight_clean_at(batch.epoch)

    def loss() -> Tensor:
        with evaluating(learner):
            total = distances()
            if c.weight_boundary:
                with torch.no_grad():  # the points of the level set as it is now: Eq. 9
                    p = sample_network(class_margin(learner), samples)[used].clamp(0, 1)
                at_points = cross_entropy(learner(p), y[used], reduction="sum") / len(x)
                total = total + c.weight_boundary * at_points
            if clean or c.partner == "trades":
                natural = learner(x)
                total = total + clean * cross_entropy(natural, y)
            if c.weight_attacked:
                ends = learner(attacked)
                if c.partner == "trades":
                    at_end = divergence(ends, log_softmax(natural, 1)).mean()
                else:
                    at_end = cross_entropy(ends, y)
                total = total + c.weight_attacked * at_end
        return total

    first = loss()
    if any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in learner.modules()):
        with torch.no_grad():
            learner(x)
    return RobustTerms(first, share(right), share(right & ~crossed), share(used), attacked, loss)


def _eq_12(
    batch: Batch, c: RobustConfig, samples: LevelSetSamples, right: Tensor
) -> Callable[[], Tensor]:
    """Eq. 12 on fixed samples, a function of the learner's parameters."""
    if c.distance == "rho":
        return lambda: margin_terms(
            batch.learner, batch.x, batch.y,
            epsilon=batch.epsilon, epsilon_wrong=c.epsilon_wrong,
            weight_correct=c.weight_correct, distance="rho",
            samples=samples, max_residual=MAX_RESIDUAL,
        ).loss  # fmt: skip
    used = samples.usable(MAX_RESIDUAL)
    return eq_12_in_a_norm(batch, c, samples.points[used], used, right)


def eq_12_in_a_norm(
    batch: Batch, c: RobustConfig, p: Tensor, used: Tensor, right: Tensor
) -> Callable[[], Tensor]:
    """Eq. 12 with the signed distance of every image in a norm, "l2" or "linf", to S^y:

        s(theta) = sign(F) ||x - p|| + [F(p; theta) - F(p; theta_0)] / ||D_xF(p)||_*,

    Eq. 9 with the smallest move of that norm: the way of the level set, seen from x. The loss is
    lambda_j h(s), h(s) = (exp(-alpha s) - exp(-alpha epsilon)) / alpha below epsilon and 0 beyond,
    alpha = ``distance_decay``: near level sets count more (DyART, Xu et al., 2023).

    Args:
        batch, c: see there.
        p: level set points, (m, c, h, w), of the images where ``used``, (n,).
        right: images that are right as they are, (n,).

    Returns:
        The mean over the n images, a differentiable scalar, for the learner as it is when called.
    """
    x, y, right = batch.x[used], batch.y[used], right[used]
    with evaluating(batch.f):
        before, slope = margin_and_slope(batch.f, p, y, c)
    way = torch.linalg.vector_norm((p - x).flatten(1), _ORDER[c.distance], dim=1)
    way = torch.where(right, way, -way)
    aim = torch.where(right, batch.epsilon, c.epsilon_wrong).to(way)
    weight = torch.where(right, c.weight_correct, 1.0).to(way)

    def loss() -> Tensor:
        with evaluating(batch.learner):
            margin = soft_margin(batch.learner(p), y, c.margin_temperature)
        signed = way + (margin - before) / slope
        return (weight * below(signed, aim, c.distance_decay)).sum() / len(batch.x)

    return loss


#: Norm of a way -> its order for ``vector_norm``, and that of the dual norm, of slopes.
_ORDER = {"l2": 2.0, "linf": torch.inf}
_DUAL = {"l2": 2.0, "linf": 1.0}


def below(signed: Tensor, aim: Tensor, decay: float) -> Tensor:
    """h(s): (exp(-decay s) - exp(-decay aim)) / decay where s < aim, else 0; the hinge at decay 0.

    Its slope is -exp(-decay s).
    """
    if not decay:
        return torch.relu(aim - signed)
    # Wrong samples weigh no more than one on the level set.
    size = torch.exp(-decay * signed.detach().clamp_min(0))
    flat = (size - torch.exp(-decay * aim)) / decay
    value = flat.clamp_min(0) + size * (signed.detach() - signed)
    return torch.where(signed < aim, value, torch.zeros_like(value))


def soft_margin(logits: Tensor, y: Tensor, temperature: float) -> Tensor:
    """f_y - logsumexp_{i != y}(T f_i) / T, smooth in the logits; with T = 0 F^y of Eq. 1: (n,)."""
    if not temperature:
        return margin_of(logits, y)
    own = y[:, None]
    others = logits.scatter(1, own, -torch.inf)
    return logits.gather(1, own).squeeze(1) - (temperature * others).logsumexp(1) / temperature


def margin_and_slope(f: nn.Module, p: Tensor, y: Tensor, c: RobustConfig) -> tuple[Tensor, Tensor]:
    """The soft margin at p and ||D_xF(p)||_* over the pixels that can move on, (n,) both.

    In [0, 1] those at a wall cannot.
    """

    def margin(points: Tensor, labels: Tensor) -> Tensor:
        return soft_margin(f(points), labels, c.margin_temperature)

    value, gradient = value_and_jacobian(margin, p, (y,))
    free = torch.where(gradient > 0, p > 0, p < 1)  # towards F = -infinity
    slope: Tensor = torch.linalg.vector_norm((gradient * free).flatten(1), _DUAL[c.distance], dim=1)
    return value, slope.clamp_min(MIN_SLOPE)


def level_set_points(
    batch: Batch, c: RobustConfig, right: Tensor
) -> tuple[LevelSetSamples, Tensor, Tensor]:
    """A point of S^y on the way from every image to where F^y has the other sign.

    PGD lowers F^y of right images and raises that of wrong ones, within epsilon or
    epsilon_wrong; then false position on the segment (Sec. 3.2). With ``search="xent"`` it is
    Madry's attack on all of them: wrong images then have no level set point.

    Returns:
        The samples, failed where the sign did not change; where PGD ended; whether it changed.
    """
    if c.search == "xent":
        end, crossed = attack(batch, c, LOSSES["xent"], (batch.y,))
    else:
        epsilon = torch.where(right, batch.epsilon, c.epsilon_wrong).to(batch.x.dtype)
        away = torch.where(right, -1.0, 1.0).to(batch.x.dtype)
        step = torch.where(right, step_of(batch, c), c.attack_step_wrong).to(batch.x.dtype)
        end, crossed = attack(
            batch, c, signed_margin, (batch.y, away),
            epsilon=epsilon, step=step, criterion=has_crossed if c.first_crossing else None,
        )  # fmt: skip
    margin, args = class_margin(batch.f), (batch.y,)
    if c.points == "newton":
        samples = project(margin, batch.x, max_steps=SEARCH_STEPS, tol=SEARCH_TOL, args=args)
        crossed = _changed(batch, end, right)
    else:
        samples = false_position(
            margin, batch.x, end, max_steps=SEARCH_STEPS, tol=SEARCH_TOL, args=args
        )
        crossed = crossed if c.first_crossing and c.search == "margin" else ~samples.failed
    if c.points == "nearest":
        samples = nearer(batch, c, samples)
    return samples, end, crossed


def _changed(batch: Batch, end: Tensor, right: Tensor) -> Tensor:
    """Where F^y has another sign at the end than at the image, (n,)."""
    with torch.no_grad():
        return (margin_of(batch.f(end), batch.y) > 0) != right


def nearer(batch: Batch, c: RobustConfig, samples: LevelSetSamples) -> LevelSetSamples:
    """The nearest level set points that a few steps find from those there, in [0, 1].

    In the norm of the distance, L_inf for rho; see :func:`levelset_core.nearest_points`.
    """
    rows = samples.usable(MAX_RESIDUAL).nonzero().squeeze(1)
    if not len(rows):
        return samples
    near = nearest_points(
        class_margin(batch.f), batch.x[rows], norm=norm_for(c.distance), box=(0.0, 1.0), starts=0,
        warm=samples.points[rows], max_steps=NEAREST_STEPS, tol=SEARCH_TOL, args=(batch.y[rows],),
    )  # fmt: skip
    found = near.usable(MAX_RESIDUAL).nonzero().squeeze(1)
    rows, near = rows[found], near[found]
    new = {
        name: getattr(samples, name).index_copy(0, rows, getattr(near, name))
        for name in ("points", "values", "pinv")
    }
    return replace(samples, **new)


def signed_margin(logits: Tensor, y: Tensor, away: Tensor) -> Tensor:
    """F^y towards the other sign, (n,)."""
    return away * margin_of(logits, y)


def has_crossed(logits: Tensor, y: Tensor, away: Tensor) -> Tensor:
    """Rows whose F^y has the other sign, (n,)."""
    return away * margin_of(logits, y) > 0

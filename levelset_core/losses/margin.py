"""Margin loss on the distance to the decision boundary (Sec. 3.2, Eq. 12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets import (
    LevelSetSamples,
    Network,
    class_margin,
    follow_points,
    get_distance,
    project,
    row_by_row,
    sample_network,
)
from levelset_core.levelsets.functions import check_range
from levelset_core.losses.finder import Points, Starts, finder
from levelset_core.losses.labels import (
    are_logits,
    check_samples,
    class_labels,
    scalar_output,
    signed_labels,
    where_positive,
)


@dataclass(frozen=True)
class MarginTerms:
    """Eq. 12 taken apart. Rows without a usable level set sample hold zero distances.

    Attributes:
        loss: the loss, a differentiable scalar.
        per_sample: lambda_j max{0, epsilon_j - sign(F) d(x, p)}, (n,).
        distance: d(x_j, p_j), (n,).
        correct: F^{y_j}(x_j) > 0, (n,) bool.
        used: rows whose samples entered the loss, (n,) bool.
        boundary: the samples p_j of S^{y_j}.
    """

    loss: Tensor
    per_sample: Tensor
    distance: Tensor
    correct: Tensor
    used: Tensor
    boundary: LevelSetSamples


@row_by_row
def margin_terms(
    f: Network,
    x: Tensor,
    y: Tensor,
    *,
    epsilon: float | Tensor = 0.2,
    epsilon_wrong: float | Tensor | None = None,
    weight_correct: float | Tensor = 1.0,
    weight_wrong: float | Tensor = 1.0,
    distance: str = "rho",
    samples: LevelSetSamples | None = None,
    max_steps: int = 10,
    tol: float | None = None,
    max_jump: float = 100.0,
    max_residual: float = 0.1,
    fallback: bool = False,
    record: bool = False,
    stop: Literal["arrived", "fixed"] = "arrived",
    points: Points = "newton",
    norm: str | None = None,
    starts: Starts = 0,
    draws: int = 1,
    warm: Tensor | LevelSetSamples | None = None,
    search: bool = True,
    generator: torch.Generator | None = None,
) -> MarginTerms:
    """Eq. 12, term by term; see :func:`margin`."""
    d = get_distance(distance)
    check_range(
        epsilon=epsilon, epsilon_wrong=epsilon_wrong, weight_correct=weight_correct,
        weight_wrong=weight_wrong, max_residual=max_residual,
    )  # fmt: skip
    look = stop != "fixed"
    x = check_samples(f, x, look)
    target: Network = f
    args: tuple[Tensor, ...] = ()
    with torch.no_grad():
        value = f(x)
        if are_logits(value, y, look):
            target, args = class_margin(f), (class_labels(y, value, look),)
            signed = class_margin(lambda logits: logits)(value, *args)
        else:  # binary: F^{y} = y F has the same zero set for both labels
            value = scalar_output(value, x)
            signed = signed_labels(y, x, look) * value
    p: Tensor | None = None
    if samples is None and isinstance(warm, LevelSetSamples) and not search:
        p, samples = follow_points(target, warm, max_jump=max_jump)
    elif samples is None:
        find = finder(
            points, distance, norm, project, starts=starts, draws=draws, generator=generator,
            record=record,
            stop=stop, max_steps=max_steps, tol=tol, max_jump=max_jump,
        )  # fmt: skip
        samples = find(target, x, args=args, warm=warm)
    if len(samples) != len(x):
        raise LevelsetError(f"{len(x)} inputs need {len(x)} level set samples: {len(samples)}.")

    side = where_positive(signed)
    correct = side > 0
    aim = _choose(correct, epsilon, epsilon if epsilon_wrong is None else epsilon_wrong, x)
    weight = _choose(correct, weight_correct, weight_wrong, x)
    used = samples.usable(max_residual)
    p = sample_network(target, samples) if p is None else p
    reached = d(x, p, samples.pinv)
    signed = side * reached
    if fallback and not (look and used.all()):
        stand_in = target(x, *args) if args else signed_labels(y, x, look) * scalar_output(f(x), x)
        per_sample = weight * torch.relu(aim - torch.where(used, signed, stand_in))
    else:
        per_sample = torch.where(used, weight * torch.relu(aim - signed), 0.0)
    length = torch.where(used, reached.detach(), 0.0)
    return MarginTerms(per_sample.mean(), per_sample.detach(), length, correct, used, samples)


def margin(
    f: Network,
    x: Tensor,
    y: Tensor,
    *,
    epsilon: float | Tensor = 0.2,
    epsilon_wrong: float | Tensor | None = None,
    weight_correct: float | Tensor = 1.0,
    weight_wrong: float | Tensor = 1.0,
    distance: str = "rho",
    samples: LevelSetSamples | None = None,
    max_steps: int = 10,
    tol: float | None = None,
    max_jump: float = 100.0,
    max_residual: float = 0.1,
    fallback: bool = False,
    record: bool = False,
    stop: Literal["arrived", "fixed"] = "arrived",
    points: Points = "newton",
    norm: str | None = None,
    starts: Starts = 0,
    draws: int = 1,
    warm: Tensor | LevelSetSamples | None = None,
    search: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    """1/N sum lambda_j max{0, epsilon_j - sign(F^{y_j}(x_j)) d(x_j, p_j(theta))}   (Eq. 12).

    Pulls the boundary towards wrong samples and pushes it at least epsilon away from right
    ones. p_j is a sample of S^{y_j} = {F^{y_j} = 0}, its position a sample network.

    Args:
        f: scalar F, (n, *d) -> (n,), with labels +-1; or logits, (n, *d) -> (n, classes), with
            classes as integers, whose F^j = f_j - max_{i != j} f_i.
        x, y: samples, (n, *d), and labels, (n,).
        epsilon, epsilon_wrong: wanted distances of right and of wrong samples (default: the
            same), numbers or (n,).
        weight_correct, weight_wrong: lambda_j, numbers or (n,); the paper has 1 for wrong ones.
        distance: "rho" (the paper's), "l2", "linf" or "l1".
        samples: level set samples p_j found elsewhere, by a PGD attack and
            :func:`levelset_core.levelsets.false_position` say; default: Newton from x_j.
        max_steps, tol, max_jump, record: of the Newton projection.
        max_residual: a sample with |F(p)| above this, or failed, gives no loss.
        fallback: such a sample gives lambda_j max{0, epsilon_j - F^{y_j}(x_j)} instead: F itself
            stands in for the signed distance, as if ||D_xF|| were 1. It leads out of cold starts
            where S^{y_j} does not exist yet. An extension, off by default.
        stop: "fixed" takes projections that ``torch.func.vmap`` and ``torch.compile`` can follow;
            what samples and labels hold is then not checked. See :func:`levelset_core.project`.
        points: "newton" (the paper), or "nearest": the nearest ones by
            :func:`levelset_core.nearest_points` (an extension).
        norm: of D_xF^+: "l2", "linf" or "l1". ``None`` is "l2" for Newton (the paper); for the
            nearest points it is that of the distance, "linf" for rho.
        starts, draws, warm, generator: of the nearest points. ``starts`` may be a function of
            (x, level) that gives each of x a place, (n, *d): the search starts there where that
            is nearer than ``warm``. In a training hand in ``warm=last.boundary``, of the
            last step's terms on the same samples.
        search: False takes the points of ``warm`` along by :func:`follow_points`, at the cost of
            one evaluation, in place of a search. For the steps between two searches.

    Raises:
        LevelsetError: no samples, one that is not finite, labels that do not suit F, an unknown
            distance, norm or kind of points, a negative number, samples of another number.
    """
    return margin_terms(
        f, x, y,
        epsilon=epsilon, epsilon_wrong=epsilon_wrong,
        weight_correct=weight_correct, weight_wrong=weight_wrong,
        distance=distance, samples=samples,
        max_steps=max_steps, tol=tol, max_jump=max_jump, max_residual=max_residual,
        fallback=fallback, record=record, stop=stop,
        points=points, norm=norm, starts=starts, draws=draws, warm=warm, search=search,
        generator=generator,
    ).loss  # fmt: skip


def _choose(
    correct: Tensor, if_correct: float | Tensor, if_wrong: float | Tensor, like: Tensor
) -> Tensor:
    """Per-sample values from numbers or (n,) tensors, (n,)."""
    a = torch.as_tensor(if_correct, dtype=like.dtype, device=like.device)
    b = torch.as_tensor(if_wrong, dtype=like.dtype, device=like.device)
    return torch.where(correct, a, b)

"""Geometric SVM: the soft-margin SVM with distances in input space (Sec. 3.1, Eq. 11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets import (
    LevelSetSamples,
    Network,
    follow_points,
    get_distance,
    join_samples,
    project,
    row_by_row,
    sample_network,
)
from levelset_core.levelsets.functions import check_range
from levelset_core.losses.finder import Points, Starts, finder
from levelset_core.losses.labels import check_samples, scalar_output, signed_labels, where_positive

#: Samples of S_0, and of S_-1 and S_+1 in one batch.
Both: TypeAlias = tuple[LevelSetSamples, LevelSetSamples]


@dataclass(frozen=True)
class GeometricSVMTerms:
    """Eq. 11 taken apart. Rows without usable level set samples hold zero distances.

    Attributes:
        loss: the loss, a differentiable scalar.
        hinge: max(0, 1 - sign(y F(x)) d(x, p) / Delta), (n,).
        distance: d(x, p^0), (n,).
        delta: Delta(x), (n,).
        nearer: which of S_-1 and S_+1 was nearer to p^0, -1 or +1, (n,).
        used: rows whose samples entered the loss, (n,) bool.
        boundary: p^0 on S_0.
        sides: p^-1 and p^+1, one batch of 2 n, those on S_-1 first.
    """

    loss: Tensor
    hinge: Tensor
    distance: Tensor
    delta: Tensor
    nearer: Tensor
    used: Tensor
    boundary: LevelSetSamples
    sides: LevelSetSamples


@row_by_row
def geometric_svm_terms(
    f: Network,
    x: Tensor,
    y: Tensor,
    *,
    lam: float | Tensor = 0.1,
    alpha: float = -1.0,
    distance: str = "linf",
    max_steps: int = 10,
    tol: float | None = None,
    max_jump: float = 100.0,
    max_residual: float = 0.1,
    sides_from: Literal["boundary", "data"] = "boundary",
    differentiate: Literal["all", "boundary"] = "all",
    fallback: bool = False,
    record: bool = False,
    args: tuple[Tensor, ...] = (),
    projector: Callable[..., LevelSetSamples] = project,
    stop: Literal["arrived", "fixed"] = "arrived",
    points: Points = "newton",
    norm: str | None = None,
    starts: Starts = 0,
    draws: int = 1,
    warm: Both | None = None,
    search: bool = True,
    generator: torch.Generator | None = None,
) -> GeometricSVMTerms:
    """Eq. 11, term by term; see :func:`geometric_svm`."""
    check_range(lam=lam, max_residual=max_residual)
    look = stop != "fixed"
    x = check_samples(f, x, look)
    y = signed_labels(y, x, look)
    if sides_from not in ("boundary", "data") or differentiate not in ("all", "boundary"):
        raise LevelsetError(
            "sides_from is 'boundary' or 'data' and differentiate 'all' or 'boundary', got "
            f"{sides_from!r} and {differentiate!r}."
        )
    d = get_distance(distance)
    n = len(x)
    outputs: Tensor | None = None
    if warm is not None and not search:
        outputs = scalar_output(f(x, *args), x)
        moved, both = follow_points(f, join_samples(warm), max_jump=max_jump)
        (p, q), boundary, sides = moved.split((n, 2 * n)), both[:n], both[n:]
    else:
        find = finder(
            points, distance, norm, projector, starts=starts, draws=draws, generator=generator,
            record=record,
            stop=stop, max_steps=max_steps, tol=tol, max_jump=max_jump,
        )  # fmt: skip
        boundary, sides = _found(find, f, x, args, sides_from, warm)
        p, q = sample_network(f, boundary), sample_network(f, sides)
    origin = p
    if differentiate == "boundary":
        origin, q = boundary.points, sides.points
    q_minus, q_plus = q.chunk(2)
    pinv_minus, pinv_plus = sides.pinv.chunk(2)
    usable_minus, usable_plus = sides.usable(max_residual).chunk(2)
    far = torch.inf
    to_minus = torch.where(usable_minus, d(origin, q_minus, pinv_minus), far)
    to_plus = torch.where(usable_plus, d(origin, q_plus, pinv_plus), far)
    delta = torch.minimum(to_minus, to_plus)

    # A network may have no S_+-1 near p^0, or touch it: then this sample has no Delta.
    used = boundary.usable(max_residual) & (delta > 0) & (delta < far)
    delta = torch.where(used, delta, 1.0)
    to_boundary = d(x, p, boundary.pinv)
    side = where_positive(y * (boundary.start_values if outputs is None else outputs.detach()))
    signed = side * to_boundary / delta  # = y F(x) for affine F
    if fallback and not (look and used.all()):
        outputs = scalar_output(f(x, *args), x) if outputs is None else outputs
        signed = torch.where(used, signed, y * outputs)
        hinge = torch.relu(1.0 - signed)
    else:
        hinge = torch.where(used, torch.relu(1.0 - signed), 0.0)
    loss = hinge.mean() + (lam * torch.where(used, delta**alpha, 0.0)).mean()
    with torch.no_grad():
        hinge, nearer = hinge.detach(), torch.where(to_plus < to_minus, 1, -1)
        to_boundary, delta = (torch.where(used, t, 0.0) for t in (to_boundary, delta))
        return GeometricSVMTerms(loss, hinge, to_boundary, delta, nearer, used, boundary, sides)


def _found(
    find: Callable[..., LevelSetSamples], f: Network, x: Tensor, args: tuple[Tensor, ...],
    sides_from: str, warm: Both | None,
) -> Both:  # fmt: skip
    """p^0 on S_0, and p^-1, p^+1 in one batch."""
    last_boundary, last_sides = warm or (None, None)
    boundary = find(f, x, level=0.0, args=args, warm=last_boundary)
    scalar_output(boundary.values, x)
    start = boundary.points if sides_from == "boundary" else x
    levels = torch.ones(len(x), dtype=x.dtype, device=x.device)
    sides = find(
        f, torch.cat([start, start]), level=torch.cat([-levels, levels]),
        args=tuple(torch.cat([a, a]) for a in args), warm=last_sides,
    )  # fmt: skip
    return boundary, sides


def geometric_svm(
    f: Network,
    x: Tensor,
    y: Tensor,
    *,
    lam: float | Tensor = 0.1,
    alpha: float = -1.0,
    distance: str = "linf",
    max_steps: int = 10,
    tol: float | None = None,
    max_jump: float = 100.0,
    max_residual: float = 0.1,
    sides_from: Literal["boundary", "data"] = "boundary",
    differentiate: Literal["all", "boundary"] = "all",
    fallback: bool = False,
    record: bool = False,
    args: tuple[Tensor, ...] = (),
    projector: Callable[..., LevelSetSamples] = project,
    stop: Literal["arrived", "fixed"] = "arrived",
    points: Points = "newton",
    norm: str | None = None,
    starts: Starts = 0,
    draws: int = 1,
    warm: Both | None = None,
    search: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    """1/N sum max{0, 1 - sign(y F(x)) d(x, p^0) / Delta(x)} + lam/N sum Delta(x)^alpha   (Eq. 11).

    Delta(x) = min over t = +-1 of d(p^0, p^t); p^0 is x projected on S_0, p^t on S_t, all of
    them sample networks. On affine F with alpha = -2 and L2 it is the soft-margin SVM, Eq. 10,
    in value and gradient.

    What ``gradcheck`` shows: with the samples held fixed (a ``projector`` that gives back stored
    ones) the gradient is that of the value, to about 1e-9. It is not the slope of the loss with
    samples projected anew, since Eq. 9 keeps D_xF^+ fixed and p^t knows nothing of the motion of
    p^0, where it started: the cosine between the two gradients is 0.96 to 0.9993.

    Args:
        f: scalar F, (n, *d) -> (n,).
        x: samples, (n, *d).
        y: labels, +1 or -1, (n,).
        lam: lambda, the weight of the margin term; (n,) gives every sample its own.
        alpha: power of Delta; the paper's experiments take -1 (with L_inf).
        distance: "l2", "linf", "l1" or "rho".
        max_steps, tol, max_jump: of the Newton projections.
        max_residual: a sample whose projection ended further from its level than this, or
            failed, gives no loss.
        sides_from: p^t starts at p^0 ("boundary", as Sec. 3.1 defines Delta) or at x ("data").
            The paper does not say which.
        differentiate: through all three sample networks, or only through p^0 in d(x, p^0)
            with Delta held fixed ("boundary"; the margin term then has no gradient).
        fallback: a sample without usable level set points gives the output hinge,
            max{0, 1 - y F(x)}, instead of nothing: for affine F the two are the same. It leads
            out of cold starts where S_0 or S_+-1 does not exist yet. An extension, off by default.
        record: keep the Newton paths.
        args: further per-row tensors handed to ``f``, (n, ...).
        projector: what finds the level set points; :func:`project` or one that is called alike.
        stop: "fixed" takes projections that ``torch.func.vmap`` and ``torch.compile`` can follow;
            what samples and labels hold is then not checked. See :func:`levelset_core.project`.
        points: "newton" (the paper), or "nearest": p^0 nearest to x and p^t to where it starts,
            by :func:`levelset_core.nearest_points` (an extension); not with a ``projector``.
        norm: of D_xF^+: "l2", "linf" or "l1". ``None`` is "l2" for Newton (the paper); for the
            nearest points it is that of the distance, "linf" for rho.
        starts, draws, warm, generator: of the nearest points. ``starts`` may be a function of
            (x, level) that gives each of x a place, (n, *d): the search starts there where that
            is nearer than ``warm``. In a training hand in ``warm=(last.boundary,
            last.sides)``, of the last step's terms on the same samples.
        search: False takes the points of ``warm`` along by :func:`follow_points`, at the cost of
            one evaluation, in place of a search. For the steps between two searches.

    Raises:
        LevelsetError: no samples, one that is not finite, labels other than +-1, F not scalar, an
            unknown distance, norm or option, a negative weight.
    """
    return geometric_svm_terms(
        f, x, y,
        lam=lam, alpha=alpha, distance=distance,
        max_steps=max_steps, tol=tol, max_jump=max_jump, max_residual=max_residual,
        sides_from=sides_from, differentiate=differentiate, fallback=fallback,
        record=record, args=args, projector=projector, stop=stop,
        points=points, norm=norm, starts=starts, draws=draws, warm=warm, search=search,
        generator=generator,
    ).loss  # fmt: skip

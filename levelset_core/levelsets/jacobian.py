"""F(x), D_xF(x) and its Moore-Penrose inverse, for inputs of any shape and any small l."""

from __future__ import annotations

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError
from levelset_core.levelsets.functions import HALF, Network, outputs_of
from levelset_core.settings import choose

#: In which a move can be smallest, and a distance measured.
NORMS = ("l2", "linf", "l1")


def value_and_jacobian(
    f: Network, x: Tensor, args: tuple[Tensor, ...] = (), *, create_graph: bool = False
) -> tuple[Tensor, Tensor]:
    """F(x) and D_xF(x) by back-propagation, one pass an output, rows grouped into one batch.

    A network may bring its own fused pass as a method ``value_and_jacobian(x, *args)``; it is
    used where no graph is wanted.

    Returns:
        F(x), (n[, l]), and D_xF(x), (n, *d[, l]): the outputs' axis is the last.

    Raises:
        LevelsetError: F's output is not one row a point.
    """
    if transformed():
        return _by_vjp(f, x, args, create_graph)
    fused = getattr(f, "value_and_jacobian", None)
    if fused is not None and not create_graph:
        with torch.no_grad():
            value, jacobian = fused(x, *args)
            return _one_column(value, jacobian, x)
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        value = outputs_of(f(x, *args), x)
        outputs = [value] if value.ndim == 1 else list(value.unbind(1))
        columns = []
        for k, output in enumerate(outputs):
            gradient = None
            if output.requires_grad:  # a constant network has no graph at all
                (gradient,) = torch.autograd.grad(
                    output.sum(),
                    x,
                    create_graph=create_graph,
                    retain_graph=create_graph or k + 1 < len(outputs),
                    allow_unused=True,
                )
            columns.append(torch.zeros_like(x) if gradient is None else gradient)
    jacobian = columns[0] if value.ndim == 1 else torch.stack(columns, dim=-1)
    if not create_graph:
        value, jacobian = value.detach(), jacobian.detach()
    return value, jacobian


def value_with_jacobian(
    f: Network, x: Tensor, args: tuple[Tensor, ...] = ()
) -> tuple[Tensor, Tensor]:
    """F(x), differentiable in F's parameters, and D_xF(x), which is not: all that Eq. 9 needs.

    A network may bring its own fused pass as a method ``value_with_jacobian(x)``; it is used
    where there are no ``args``.

    Returns:
        F(x), (n[, l]), and D_xF(x), (n, *d[, l]).

    Raises:
        LevelsetError: F's output is not one row a point.
    """
    fused = getattr(f, "value_with_jacobian", None)
    if fused is not None and not args and not transformed():
        value, jacobian = fused(x.detach())
        return _one_column(value, jacobian, x)
    value, jacobian = value_and_jacobian(f, x, args, create_graph=True)
    return value, jacobian.detach()


def transformed() -> bool:
    """Whether this runs under torch.compile or a transform of torch.func.

    Autograd's own calls and the networks' fused passes are then out of reach.
    """
    if torch.compiler.is_compiling():
        return True
    try:
        torch.empty(0).requires_grad_()
    except RuntimeError:
        return True
    return False


def _by_vjp(
    f: Network, x: Tensor, args: tuple[Tensor, ...], create_graph: bool
) -> tuple[Tensor, Tensor]:
    """What :func:`value_and_jacobian` returns, by means that transforms can follow."""
    value, pull = torch.func.vjp(lambda q: outputs_of(f(q, *args), q), x.detach())[:2]
    if value.ndim == 1:
        (jacobian,) = pull(torch.ones_like(value))
    else:
        axes = torch.eye(value.shape[1], dtype=value.dtype, device=value.device)
        jacobian = torch.stack([pull(axis.expand_as(value))[0] for axis in axes], dim=-1)
    return (value, jacobian) if create_graph else (value.detach(), jacobian.detach())


def _one_column(value: Tensor, jacobian: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """(n, 1) and (n, *d, 1) as (n,) and (n, *d), as :func:`outputs_of` does it."""
    outputs = outputs_of(value, x)
    return outputs, jacobian.squeeze(-1) if outputs.ndim < value.ndim else jacobian


def pseudo_inverse(
    jacobian: Tensor, outputs: bool, norm: str = "l2", *, min_gradient: float = 1e-8
) -> tuple[Tensor, Tensor]:
    """D_xF^+ of a norm, and where it exists: the smallest v with D_xF^T v = 1.

    For l = 1 and g = D_xF it is g / ||g||_2^2 in "l2" (Eq. 5, the paper's), sign(g) / ||g||_1 in
    "linf", and in "l1" e_i / g_i with i = argmax |g_i|. The last two are an extension. For
    l > 1 it is D (D^T D)^-1, by the l x l Gram system.

    Args:
        jacobian: (n, *d[, l]).
        outputs: whether the last axis is the outputs'.
        norm: in which v is smallest, "l2", "linf" or "l1"; of several outputs "l2" alone.
        min_gradient: ||D_xF||_2 (of any output) below this counts as zero.

    Returns:
        The pseudo-inverse, shaped as ``jacobian``, and the mask of the rows where it exists,
        (n,). The other rows mean nothing and may not be finite.

    Raises:
        LevelsetError: an unknown norm, or another than "l2" for several outputs.
    """
    if outputs and choose("norm", norm, NORMS) != "l2":
        raise LevelsetError(
            f"A function of several outputs has its pseudo-inverse in norm 'l2' only, got {norm!r}."
        )
    if jacobian.dtype in HALF:  # squares would overflow or vanish, and there is no solver
        inverse, full_rank = pseudo_inverse(
            jacobian.float(), outputs, norm, min_gradient=min_gradient
        )
        return inverse.to(jacobian.dtype), full_rank
    if not outputs:
        rows = jacobian.flatten(1)
        squares = torch.linalg.vecdot(rows, rows)  # (n,)
        # Infinite squares (an overflow, or D_xF itself) are no direction either.
        full_rank = (squares > min_gradient**2) & (squares < torch.inf)
        return _smallest_move(jacobian, rows, squares, norm), full_rank
    columns = jacobian.flatten(1, -2)  # (n, d, l)
    norms = torch.linalg.vector_norm(columns, dim=1)  # (n, l)
    full_rank = ((norms > min_gradient) & (norms < torch.inf)).all(1)  # (n,)
    norms = torch.where(full_rank[:, None], norms, 1.0)
    # Columns of unit length: the rank test then does not depend on the outputs' scales.
    unit = torch.where(full_rank[:, None, None], columns / norms[:, None], 0.0)
    gram = unit.mT @ unit  # (n, l, l)
    gram_inverse, info = torch.linalg.inv_ex(gram)
    condition = torch.linalg.matrix_norm(gram) * torch.linalg.matrix_norm(gram_inverse)
    full_rank = full_rank & (info == 0) & (condition < 0.01 / torch.finfo(columns.dtype).eps)
    inverse = (unit @ gram_inverse) / norms[:, None]
    inverse = torch.where(full_rank[:, None, None], inverse, 0.0)
    return inverse.reshape(jacobian.shape), full_rank


def _smallest_move(jacobian: Tensor, rows: Tensor, squares: Tensor, norm: str) -> Tensor:
    """v of least norm with <D_xF, v> = 1 for a scalar F, (n, *d); ``rows`` are D_xF flattened."""
    match choose("norm", norm, NORMS):
        case "l2":
            return jacobian / expand_rows(squares, jacobian)
        case "linf":
            return jacobian.sign() / expand_rows(rows.abs().sum(1), jacobian)
    largest = rows.abs().argmax(1, keepdim=True)
    entry = rows.gather(1, largest)
    return torch.zeros_like(rows).scatter(1, largest, 1 / entry).reshape(jacobian.shape)


def pinv_times(pinv: Tensor, values: Tensor) -> Tensor:
    """D_xF^+ v for every row: (n, *d[, l]) times (n[, l]) -> (n, *d)."""
    if values.ndim == 1:
        return pinv * expand_rows(values, pinv)
    n, outputs = values.shape
    return (pinv * values.reshape(n, *(1,) * (pinv.ndim - 2), outputs)).sum(-1)


def expand_rows(values: Tensor, like: Tensor) -> Tensor:
    """(n,) -> (n, 1, ...), to broadcast over the rows of ``like``."""
    return values.reshape(-1, *(1,) * (like.ndim - 1))

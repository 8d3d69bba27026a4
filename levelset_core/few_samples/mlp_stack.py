"""Many MLPs of one shape as one network, and its Newton projection: small trainings share the cost
of every call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from levelset_core.errors import LevelsetError
from levelset_core.levelsets.projection import project
from levelset_core.levelsets.samples import LevelSetSamples
from levelset_core.networks.mlp import MLP


class MLPStack(nn.Module):
    """R MLPs with scalar output; every row of x comes with the number of the MLP it is for.

    F(x, member) does for each row what the member does alone, so that an elementwise optimizer on
    the stack trains R networks that know nothing of each other. The sum of the members' losses
    gives each the gradient of its own.

    Args:
        members: at least one, all of the same widths and activation, with one output and at least
            one hidden layer.

    Raises:
        LevelsetError: they differ, or have other outputs.
    """

    def __init__(self, members: Sequence[MLP]) -> None:
        super().__init__()
        shapes = {tuple(p.shape for p in member.parameters()) for member in members}
        if len(shapes) != 1 or len({member.activation for member in members}) != 1:
            raise LevelsetError("A stack needs at least one MLP, and all of the same shape.")
        if not members[0].scalar or len(members[0].layers) < 2:
            raise LevelsetError("A stack is of MLPs with hidden layers and one output.")
        self.activation = members[0].activation
        layers = [cast("Sequence[nn.Linear]", member.layers) for member in members]
        self.weights = nn.ParameterList(  # (R, out, in) each
            torch.stack([layer.weight.detach() for layer in same])
            for same in zip(*layers, strict=True)
        )
        self.biases = nn.ParameterList(  # (R, 1, out) each
            torch.stack([layer.bias.detach() for layer in same])[:, None]
            for same in zip(*layers, strict=True)
        )

    def __len__(self) -> int:
        return len(self.weights[0])

    def forward(self, x: Tensor, member: Tensor) -> Tensor:
        """x: (n, d), member: (n,) int in any order -> (n,)."""
        places = Places(member, len(self))
        z = places.block(x)  # (R, m, d)
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            z = torch.baddbmm(bias, z if k == 0 else self.activation(z), weight.mT)
        return places.rows(z.squeeze(-1))

    @torch.no_grad()
    def value_and_jacobian(
        self, x: Tensor, member: Tensor, *, first: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """F(x), (n,), and D_xF(x), (n, d), in one hand-written pass; see :class:`MLP`.

        ``first``, (R, out, in), stands in for the first layer's weights, for x in other
        coordinates.
        """
        places = Places(member, len(self))
        weights = list(self.weights) if first is None else [first, *self.weights[1:]]
        z, slopes = places.block(x), []
        for weight, bias in zip(weights[:-1], self.biases, strict=False):
            z, slope = self.activation.value_and_slope(torch.baddbmm(bias, z, weight.mT))
            slopes.append(slope)
        value = torch.baddbmm(self.biases[-1], z, weights[-1].mT).squeeze(-1)  # (R, m)
        backward = weights[-1]  # (R, 1, h)
        for weight, slope in zip(reversed(weights[:-1]), reversed(slopes), strict=True):
            backward = (backward * slope) @ weight  # (R, m, in)
        return places.rows(value), places.rows(backward)

    def member(self, number: int) -> MLP:
        """One of the MLPs, with weights of its own."""
        widths = [weight.shape[1] for weight in self.weights]
        single = MLP(self.weights[0].shape[2], widths[:-1], 1, activation=self.activation)
        single.to(self.weights[0])
        for layer, weight, bias in zip(single.layers, self.weights, self.biases, strict=True):
            layer.load_state_dict({"weight": weight[number], "bias": bias[number, 0]})
        return single


class Places:
    """Where rows lie in a block (R, m, d): row k is the ``rank[k]``-th of its member.

    Args:
        member: (n,) int in any order.
        count: R.
    """

    def __init__(self, member: Tensor, count: int) -> None:
        order = member.argsort(stable=True)
        sizes = torch.bincount(member, minlength=count)
        rank = torch.empty_like(order)
        rank[order] = torch.arange(len(order), device=member.device)
        self.member, self.count = member, count
        self.rank = rank - (sizes.cumsum(0) - sizes)[member]
        self.longest = int(sizes.max())

    def block(self, rows: Tensor) -> Tensor:
        """(n, d) -> (R, m, d), zero where a member has fewer rows than m."""
        block = rows.new_zeros(self.count, self.longest, rows.shape[1])
        block[self.member, self.rank] = rows
        return block

    def rows(self, block: Tensor) -> Tensor:
        """(R, m, ...) -> (n, ...), back in order."""
        return block[self.member, self.rank]


class RowSpaceProjector:
    """:func:`project` for a stack of MLPs with its present weights, fast where h is far below d.

    F(x) = H(W x + b) has D_xF = D_zH W, so that Newton steps never leave x + rows(W). With
    W W^T = L L^T (Cholesky) the rows of Q^T = L^-1 W are orthonormal, u = Q^T x holds all that F
    sees, F(x) = H(L u + b), and Q keeps lengths: Newton steps on u -> H(L u + b) are those on F. An
    iteration then costs h numbers a point in place of d, where h is the width of the first layer
    (an extension).

    The samples are those of :func:`project` up to rounding, but for ``max_jump``, which is
    measured on u. Where the first layer does not narrow, or has dependent rows, it is
    :func:`project` itself.

    Args:
        f: the stack, (n, d), (n,) -> (n,).
    """

    def __init__(self, f: MLPStack) -> None:
        self.weight = f.weights[0].detach()  # (R, h, d)
        self.factor: Tensor | None = None
        if 2 * self.weight.shape[1] <= self.weight.shape[2]:
            factor, failed = torch.linalg.cholesky_ex(self.weight @ self.weight.mT)
            diagonal = factor.diagonal(dim1=-2, dim2=-1)  # (R, h)
            sound = (diagonal.amin(1) > 1e-3 * diagonal.amax(1)).all()  # or rounding would show
            if sound and not failed.any():
                self.factor = factor  # (R, h, h)

    def __call__(
        self, f: MLPStack, x: Tensor, *, args: tuple[Tensor, ...], record: bool = False,
        level: float | Tensor = 0.0, max_steps: int = 20, tol: float = 1e-6,
        max_jump: float = 100.0,
    ) -> LevelSetSamples:  # fmt: skip
        """See :func:`project`; ``f`` is the stack of the constructor, ``args`` its members."""
        how = {"max_steps": max_steps, "tol": tol, "max_jump": max_jump}
        factor = self.factor
        if factor is None or record or not torch.isfinite(x).all():
            return project(f, x, level=level, args=args, record=record, **how)  # type: ignore[arg-type]
        (member,) = args
        places = Places(member, len(f))
        z = places.block(x.detach()) @ self.weight.mT  # (R, m, h)
        u = places.rows(torch.linalg.solve_triangular(factor, z.mT, upper=False).mT)
        s = project(_Inner(f, factor), u, level=level, args=args, **how)  # type: ignore[arg-type]
        both = torch.cat([s.points - u, s.pinv], 1)  # (n, 2 h)
        both = torch.cat(places.block(both).chunk(2, 2), 1)  # (R, 2 m, h)
        both = torch.linalg.solve_triangular(factor, both, upper=False, left=False)
        motion, pinv = (both @ self.weight).chunk(2, 1)  # rows times Q^T
        return LevelSetSamples(
            x.detach() + places.rows(motion), s.values, places.rows(pinv), s.converged, s.failed,
            s.steps, s.level, s.start_values, args,
        )  # fmt: skip


class _Inner:
    """u -> H(L u + b) and its derivative, by the layers of F."""

    def __init__(self, f: MLPStack, factor: Tensor) -> None:
        self.f, self.factor = f, factor

    def value_and_jacobian(self, u: Tensor, member: Tensor) -> tuple[Tensor, Tensor]:
        return self.f.value_and_jacobian(u, member, first=self.factor)

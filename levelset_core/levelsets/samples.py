"""What every projector returns: points on (or near) a level set, ready for a sample network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from levelset_core.errors import LevelsetError


@dataclass(frozen=True, repr=False)
class LevelSetSamples:
    """n samples of {F = level}, with all that Eq. 9 needs. No field is ever NaN or infinite.

    Attributes:
        points: p, (n, *d).
        values: c = F(p; theta_0) - level, (n[, l]); zero where x or F(p) is not finite.
        pinv: D_xF(p; theta_0)^+ of ``norm``, (n, *d[, l]); zero where it does not exist.
        converged: |c| <= tol and D_xF(p) of full rank, (n,) bool.
        failed: no level set point can be had from here: D_xF ~ 0, a step beyond ``max_jump``,
            a value that is not finite, no sign change on a segment, (n,) bool. The others that
            did not converge ran out of steps: the paper keeps them, on their level c.
        steps: steps taken by each point, (n,) int.
        level: the level aimed at, (n[, l]).
        start_values: F(x) - level at the start, (n[, l]); zero where not finite.
        args: further per-row arguments of F, e.g. labels.
        path: every iterate, (k + 1, n, *d), if recorded; a stopped point repeats its place.
        path_values: F - level along ``path``, (k + 1, n[, l]).
        fixed: found with masks alone (``stop="fixed"``): the sample network then takes them too.
        norm: in which ``pinv`` is the smallest move: "l2" (the paper), "linf" or "l1".
        free: in a box, the coordinates along which a sample can move, (n, *d) bool; ``pinv`` is
            zero along the others. ``None``: all.

    ``s[rows]`` are the samples of a slice, a mask or indices; ``s.to(...)`` has them on another
    device or in another precision; ``len(s)`` is n.
    """

    points: Tensor
    values: Tensor
    pinv: Tensor
    converged: Tensor
    failed: Tensor
    steps: Tensor
    level: Tensor
    start_values: Tensor
    args: tuple[Tensor, ...] = ()
    path: Tensor | None = None
    path_values: Tensor | None = None
    fixed: bool = False
    norm: str = "l2"
    free: Tensor | None = None

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        shape = " x ".join(str(size) for size in self.points.shape)
        text = f"{type(self).__name__}({shape}, {self.points.dtype}, {self.points.device}".replace(
            "torch.", ""
        )
        if not len(self):
            return f"{text})"
        low, high = float(self.level.min()), float(self.level.max())
        level = f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"
        return (
            f"{text}: level {level}, {int(self.converged.sum())} of {len(self)} converged, "
            f"{int(self.failed.sum())} failed)"
        )

    def __getitem__(self, rows: slice | Tensor | np.ndarray | Sequence[int]) -> Self:
        """The samples of some rows: a slice, a mask (n,) or indices.

        Raises:
            LevelsetError: one number, which would leave no batch.
        """
        if isinstance(rows, int):
            raise LevelsetError(f"Samples are a batch: take s[{rows}:{rows + 1}] for one of them.")
        pick = rows if isinstance(rows, slice) else torch.as_tensor(rows, device=self.points.device)
        return self._each(lambda t: t[pick], lambda t: t[:, pick])

    def carried(self, rows: np.ndarray) -> Self:
        """The samples for other points: of ``rows``, (m,), where -1 is a new one, which failed."""
        new = torch.as_tensor(rows < 0, device=self.points.device)
        old = self[np.maximum(rows, 0)]
        return replace(old, failed=old.failed | new, converged=old.converged & ~new)

    def to(self, *where: torch.device | str | torch.dtype) -> Self:
        """On another device, in another precision, or both; masks and whole numbers stay such."""

        def move(t: Tensor) -> Tensor:
            for place in where:
                if not isinstance(place, torch.dtype) or t.is_floating_point():
                    t = t.to(place)
            return t

        return self._each(move, move)

    def _each(
        self, change: Callable[[Tensor], Tensor], along_path: Callable[[Tensor], Tensor]
    ) -> Self:
        changed: dict[str, Any] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, Tensor):
                changed[part.name] = (along_path if "path" in part.name else change)(value)
        return replace(self, **changed, args=tuple(change(a) for a in self.args))

    def usable(self, max_residual: float) -> Tensor:
        """Rows that may enter a loss: not failed and |F(p) - level| <= ``max_residual``, (n,)."""
        return ~self.failed & (residual_norm(self.values) <= max_residual)


def join_samples(parts: Sequence[LevelSetSamples]) -> LevelSetSamples:
    """All rows of several samples of one F and one norm; paths and boxes are left out."""

    def rows(name: str) -> Tensor:
        return torch.cat([getattr(part, name) for part in parts])

    return LevelSetSamples(
        rows("points"), rows("values"), rows("pinv"), rows("converged"), rows("failed"),
        rows("steps"), rows("level"), rows("start_values"),
        tuple(torch.cat(each) for each in zip(*(part.args for part in parts), strict=True)),
        norm=parts[0].norm,
    )  # fmt: skip


def residual_norm(values: Tensor) -> Tensor:
    """The largest |F - level| over the outputs, (n,)."""
    return values.abs() if values.ndim == 1 else values.abs().amax(1)

"""The last correction of F by local features, fitted to the points in closed form (extension).

A small network learns a shape within seconds and its detail within minutes: when training ends, F
is off at the points by several times their noise, over patches larger than their spacing. So
F - g takes its place, g(x) = sum_j c_j B(x / h - j) of quadratic B-splines (see
:class:`levelset_core.networks.LocalFeatures`), with the c that make

    sum_i w_i ((F(x_i) - g(x_i)) / |D_xF(x_i)|)^2 + mu (n / m) sum_j v_j |D^2 (F - g)(j)|^2

least, D^2 the second differences along the axes, of B-splines those of their coefficients. By the
sample network (Eq. 9) the bracket is how far the level set is from x_i, to first order: a
Gauss-Newton step on the data term of Eq. 13. What is smoothed is F - g: F has followed the noise
of its points already. At an edge |D^2| is large and v_j small, v_j = 2 / (1 + |D^2|^2 / median), so
that it stays sharp (a Cauchy weight). g is 0 a few spacings away from the points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array, vstack
from scipy.sparse.linalg import LinearOperator, cg
from torch import Tensor

from levelset_core.networks import ImplicitMLP, LocalFeatures
from levelset_core.networks.local import neighbours, products, splines
from levelset_core.parallel import row_blocks

#: h, in spacings of the points.
CELL = 1.5
#: mu is the square of so many times the noise in spacings, LEAST_SMOOTH at least: the larger the
#: noise, the more of the surface it is averaged over (measured on scans and noisy meshes).
NOISY, LEAST_SMOOTH = 4.5, 2e-2
#: In place of a second difference, for c_j that no point asks for.
SHRINK = 1e-3
#: w_i and v_j are found anew so often; w_i is less where a point is off by more than FAR_OFF usual
#: ones.
ROUNDS, FAR_OFF = 2, 3.0
#: A flatter F than this has no distance to tell.
FLATTEST = 0.1
TOLERANCE, ITERATIONS = 1e-3, 100


def local_features(
    network: ImplicitMLP,
    points: Tensor,
    spacing: float,
    noise: float,
    *,
    between: Tensor | None = None,
    sparse: float | None = None,
) -> LocalFeatures:
    """g for a network; see above. Points further than h from the level set have no say.

    More points than the spacing tells of, as before a cloud was thinned, are welcome. Where there
    are too few for cells of h, g is first found in larger cells.

    Args:
        network: F, without local features.
        points: x, (n, d), in the box.
        spacing, noise: of the points, there.
        between: (k, d) where there are no points, or too few, g shall be smooth.
        sparse: spacing of the points where it is much more than usual.
    """
    between = points[:0] if between is None else between
    value, jacobian = network.value_and_jacobian(points)
    slope = torch.linalg.vector_norm(jacobian, dim=1).clamp_min(FLATTEST)
    wanted, inverse = (t.cpu().double().numpy() for t in (value, 1 / slope))
    first = None
    if sparse is not None:  # of points that are as sparse everywhere
        cells = (points / sparse).floor().cpu().numpy()
        own = np.unique(cells, axis=0, return_index=True)[1]
        few = _Fit(network, points[own], between, wanted[own], inverse[own])
        first = few.features(sparse, noise, coarse=True)
    return _Fit(network, points, between, wanted, inverse).features(spacing, noise, first)


@dataclass(frozen=True, eq=False)
class _Fit:
    """What g is fitted to: F's values (n,) at points (n, d), over its slope there."""

    network: ImplicitMLP
    points: Tensor
    between: Tensor
    wanted: np.ndarray
    inverse: np.ndarray

    def features(
        self,
        spacing: float,
        noise: float,
        first: LocalFeatures | None = None,
        *,
        coarse: bool = False,
    ) -> LocalFeatures:
        """g in cells of so many spacings, from a first one in larger cells, where there is one.

        Those, ``coarse``, are fitted in one round: points that are off by more count like the
        others.
        """
        cell, smooth = CELL * spacing, max((NOISY * noise / spacing) ** 2, LEAST_SMOOTH)
        x = torch.cat([self.points, self.between]).cpu().double()
        low = x.amin(0) - 3 * cell
        at, along, _ = splines((x - low) / cell)
        shape = tuple(int(k) + 3 for k in at.amax(0))
        rows, column = np.unique(neighbours(at, shape).numpy(), return_inverse=True)
        n, m = len(self.points), len(rows)
        column = column.reshape(len(x), -1)
        terms = products(list(along)).numpy()[:n]
        start = np.arange(0, terms.size + 1, terms.shape[1])
        basis = csr_array((terms.ravel(), column[:n].ravel(), start), shape=(n, m))
        rough, whole = _second_differences(rows, shape)
        nodes = torch.from_numpy(np.stack(np.unravel_index(rows, shape), 1)).to(self.points.device)
        places = low.to(self.points) + cell * nodes
        known = np.zeros(m) if first is None else first(places).cpu().double().numpy()
        wanted, scale = self.wanted - basis @ known, self.inverse.copy()
        scale[np.abs(wanted) * scale > cell] = 0.0
        asked = basis.T @ (scale > 0) > 0
        # F has followed the noise of its points, and is smoothed; between them only g is.
        followed = np.zeros(m, dtype=bool) if coarse else asked
        bent = np.tile(followed, len(whole)) * (rough @ _values(self.network, places))
        asked[column[n:]] = True
        whole &= asked  # elsewhere F stays as it is
        bent = whole.ravel() * (bent - rough @ known)
        c, weights, share = np.zeros(m), scale**2, n / m  # beside what is known
        squares, bends = basis.power(2).T, rough.power(2).T
        for _ in range(1 if coarse else ROUNDS):
            stiff = smooth * _where_even(bent - rough @ c, whole)
            diagonal = squares @ weights + share * (bends @ stiff + SHRINK)
            c = _least(
                basis, weights, rough, share * stiff, share * SHRINK, wanted, bent, diagonal, c
            )
            off = np.abs(wanted - basis @ c) * scale
            weights = scale**2 / np.maximum(1.0, off / (FAR_OFF * np.median(off) + 1e-12))
        found = torch.from_numpy(known + c).to(self.points)
        return LocalFeatures(low.to(self.points), cell, nodes, found)


def _least(
    basis: csr_array, weights: np.ndarray, rough: csr_array, stiff: np.ndarray, shrink: float,
    wanted: np.ndarray, bent: np.ndarray, diagonal: np.ndarray, start: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """c of least sum weights (wanted - basis c)^2 + sum stiff (bent - rough c)^2 + shrink |c|^2."""

    def system(c: np.ndarray) -> np.ndarray:
        bend = rough.T @ (stiff * (rough @ c))
        return np.asarray(basis.T @ (weights * (basis @ c)) + bend + shrink * c)

    wish = basis.T @ (weights * wanted) + rough.T @ (stiff * bent)
    found, _ = cg(
        LinearOperator((len(start),) * 2, system, dtype=np.float64), wish, x0=start,
        rtol=TOLERANCE, maxiter=ITERATIONS, M=diags_array(1 / diagonal),
    )  # fmt: skip
    return np.asarray(found)


def _where_even(bent: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """v of every second difference, from those of F - g and which are whole, (d, m)."""
    squares = (bent.reshape(whole.shape) ** 2 * whole).sum(0)
    usual = np.median(squares[whole.all(0)]) if whole.all(0).any() else 1.0
    return np.tile(2 / (1 + squares / (usual + 1e-24)), len(whole))


def _values(network: ImplicitMLP, places: Tensor) -> np.ndarray:
    """F at places (m, d), shared among the network's threads."""

    def part(rows: slice) -> Tensor:
        with torch.no_grad():  # of this thread
            value: Tensor = network(places[rows])
        return value

    parts = network.workers.map(part, row_blocks(len(places), places.device))
    found: np.ndarray = torch.cat(parts).cpu().double().numpy()
    return found


def _second_differences(rows: np.ndarray, shape: tuple[int, ...]) -> tuple[csr_array, np.ndarray]:
    """2 c_j - c_{j-1} - c_{j+1} along each axis, by rows of the table; absent ones are 0.

    Returns:
        The matrix (d m, m), one axis after another; whether both neighbours are there, (d, m).
    """
    m, own = len(rows), np.arange(len(rows))
    parts, whole = [], np.ones((len(shape), m), dtype=bool)
    for axis in range(len(shape)):
        stride = int(np.prod(shape[axis + 1 :]))
        entries = [(np.full(m, 2.0), own, own)]
        for step in (-stride, stride):
            place = np.searchsorted(rows, rows + step).clip(max=m - 1)
            there = rows[place] == rows + step
            whole[axis] &= there
            entries.append((np.full(there.sum(), -1.0), own[there], place[there]))
        values, i, j = (np.concatenate(part) for part in zip(*entries, strict=True))
        parts.append(csr_array((values, (i, j)), shape=(m, m)))
    return vstack(parts).tocsr(), whole

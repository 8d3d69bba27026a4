"""The last correction of F by local features, fitted to the points in closed form (extension).

A small network learns a shape within seconds and its detail within minutes: when training ends, F
is off at the points by several times their noise, over patches larger than their spacing. So
F - g takes its place, g(x) = sum_j c_j B(x / h - j) of quadratic B-splines (see
:class:`levelset_core.networks.LocalFeatures`), with the c that make

    sum_i w_i ((F(x_i) - g(x_i)) / |D_xF(x_i)|)^2 + mu (n / m) sum_j |second differences at j|^2

least. By the sample network (Eq. 9) the bracket is how far the level set is from x_i, to first
order: a Gauss-Newton step on the data term of Eq. 13. g is 0 a few spacings away from the points.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_array, diags_array, vstack
from scipy.sparse.linalg import LinearOperator, cg
from torch import Tensor

from levelset_core.networks import ImplicitMLP, LocalFeatures
from levelset_core.networks.local import neighbours, products, splines

#: h, in spacings of the points.
CELL = 1.5
#: mu is the fourth power of so many times the noise in spacings, LEAST_SMOOTH at least: the larger
#: the noise, the more of the surface it is averaged over (measured on scans and noisy meshes).
NOISY, LEAST_SMOOTH = 4.3, 2e-2
#: In place of a second difference, for c_j that no point asks for.
SHRINK = 1e-3
#: Points are weighted anew so often: less where they are off by more than FAR_OFF usual ones.
ROUNDS, FAR_OFF = 2, 3.0
#: A flatter F than this has no distance to tell.
FLATTEST = 0.1
TOLERANCE, ITERATIONS = 1e-3, 100


def local_features(
    network: ImplicitMLP, points: Tensor, spacing: float, noise: float
) -> LocalFeatures:
    """g for a network; see above. Points further than h from the level set have no say.

    Args:
        network: F, without local features.
        points: x, (n, d), in the box.
        spacing, noise: of the points, there.
    """
    value, jacobian = network.value_and_jacobian(points)
    slope = torch.linalg.vector_norm(jacobian, dim=1).clamp_min(FLATTEST)
    cell, smooth = CELL * spacing, max((NOISY * noise / spacing) ** 4, LEAST_SMOOTH)
    x = points.cpu().double()
    low = x.amin(0) - 3 * cell
    at, along, _ = splines((x - low) / cell)
    shape = tuple(int(n) + 3 for n in at.amax(0))
    rows, column = np.unique(neighbours(at, shape).numpy(), return_inverse=True)
    n, m = len(x), len(rows)
    terms = products(list(along)).numpy()
    start = np.arange(0, terms.size + 1, terms.shape[1])
    basis = csr_array((terms.ravel(), column.ravel(), start), shape=(n, m))
    rough = _second_differences(rows, shape)
    wanted, scale = (t.cpu().double().numpy() for t in (value, 1 / slope))
    scale[np.abs(wanted) * scale > cell] = 0.0
    c, weights, share = np.zeros(m), scale**2, n / m

    def system(c: np.ndarray) -> np.ndarray:
        bend = smooth * (rough.T @ (rough @ c)) + SHRINK * c
        return np.asarray(basis.T @ (weights * (basis @ c)) + share * bend)

    bending = smooth * rough.power(2).sum(0) + SHRINK
    squares = basis.power(2).T
    for _ in range(ROUNDS):
        diagonal = diags_array(1 / (squares @ weights + share * bending))
        c, _ = cg(
            LinearOperator((m, m), system, dtype=np.float64), basis.T @ (weights * wanted), x0=c,
            rtol=TOLERANCE, maxiter=ITERATIONS, M=diagonal,
        )  # fmt: skip
        off = np.abs(wanted - basis @ c) * scale
        weights = scale**2 / np.maximum(1.0, off / (FAR_OFF * np.median(off) + 1e-12))
    nodes = np.stack(np.unravel_index(rows, shape), 1)
    return LocalFeatures(
        low.to(points), cell, torch.from_numpy(nodes).to(points.device),
        torch.from_numpy(c).to(points),
    )  # fmt: skip


def _second_differences(rows: np.ndarray, shape: tuple[int, ...]) -> csr_array:
    """2 c_j - c_{j-1} - c_{j+1} along each axis, by rows of the table; absent ones are 0."""
    m, own = len(rows), np.arange(len(rows))
    parts = []
    for axis in range(len(shape)):
        stride = int(np.prod(shape[axis + 1 :]))
        entries = [(np.full(m, 2.0), own, own)]
        for step in (-stride, stride):
            place = np.searchsorted(rows, rows + step).clip(max=m - 1)
            there = rows[place] == rows + step
            entries.append((np.full(there.sum(), -1.0), own[there], place[there]))
        values, i, j = (np.concatenate(part) for part in zip(*entries, strict=True))
        parts.append(csr_array((values, (i, j)), shape=(m, m)))
    return vstack(parts).tocsr()

"""Disjoint surfaces that divide space into cells: the formula of those cells that are inside."""

from __future__ import annotations

import numpy as np

from levelset_core.exact.formula import Formula, evaluate, merge


def combine(formulas: list[Formula], places: np.ndarray) -> Formula | tuple[int, int]:
    """F of disjoint surfaces: the min over cells of the max over the surfaces around each cell.

    Each surface divides space into two sides, F_i < 0 on the inner one. A cell is inside if it
    lies on the inner side of every surface around it: between a box and a cavity in it, or in
    each of two boxes.

    Args:
        formulas: F_i of every surface.
        places: (n, d), a point on every surface.

    Returns:
        The formula, or two surfaces between which one says inside and the other outside.
    """
    inner = np.array([evaluate(f, places) < 0 for f in formulas])  # [i, j]: j is inside i
    np.fill_diagonal(inner, True)
    cells = set()
    for i in range(len(formulas)):
        around = [i]
        for j in range(len(formulas)):
            apart = inner[:, i] != inner[:, j]
            apart[[i, j]] = False
            if i == j or apart.any():
                continue  # another surface runs between the two
            if inner[i, j] != inner[j, i]:
                return min(i, j), max(i, j)
            if inner[i, j]:
                around.append(j)
        cells.add(tuple(sorted(around)))
    return merge("min", [merge("max", [formulas[i] for i in cell]) for cell in sorted(cells)])

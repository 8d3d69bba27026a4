"""From a checked region of the plane to its formula: holes, islands, unbounded chains."""

from __future__ import annotations

import numpy as np
from shapely.geometry import MultiPolygon, Polygon

from levelset_core.errors import LevelsetError
from levelset_core.exact.cells import combine
from levelset_core.exact.chains import chain_formula, ring_formula
from levelset_core.exact.formula import Formula, Operation, evaluate, merge
from levelset_core.exact.rings import REACH, Chain, without_straight


def region_formula(region: MultiPolygon, chains: list[Chain]) -> Formula:
    """F < 0 inside: of a bounded region, which has holes in or islands beside what chains bound.

    Raises:
        LevelsetError: chains or rings meet, or two chains that face each other disagree about
            which side is inside.
    """
    if not chains:
        return merge("min", [_part(part) for part in region.geoms])
    _refuse_meeting(chains, region)
    inside = _unbounded(chains)
    holes, islands = [], []
    for part in region.geoms:
        corner = np.array(part.exterior.coords[:1])
        if evaluate(inside, corner)[0] < 0:
            holes.append(_part(part, outside=True))
        else:
            islands.append(_part(part))
    return merge("min", [merge("max", [inside, *holes]), *islands])


def _part(part: Polygon, outside: bool = False) -> Formula:
    """max(F_outer, F_outside_of_hole, ...), or the same of all that is outside.

    A ring that runs clockwise has its outside to the left, so no formula is ever negated.
    """
    rings = [np.array(ring.coords)[:-1] for ring in (part.exterior, *part.interiors)]
    operation: Operation = "min" if outside else "max"
    formulas = []
    for k, ring in enumerate(rings):
        ring = without_straight(ring)
        following = np.roll(ring, -1, axis=0)
        counterclockwise = (ring[:, 0] * following[:, 1] - ring[:, 1] * following[:, 0]).sum() > 0
        wanted = (k == 0) != outside
        formulas.append(ring_formula(ring if counterclockwise == wanted else ring[::-1]))
    return merge(operation, formulas)


def _unbounded(chains: list[Chain]) -> Formula:
    formulas = [chain_formula(chain.points) for chain in chains]
    formula = combine(formulas, np.array([chain.points[:2].mean(0) for chain in chains]))
    if isinstance(formula, tuple):
        i, j = formula
        raise LevelsetError(
            f"Chains {i + 1} and {j + 1} disagree about the side between them: the inside lies to "
            "the left of both or of neither, so reverse one of them."
        )
    return formula


def _refuse_meeting(chains: list[Chain], region: MultiPolygon) -> None:
    everything = np.concatenate(
        [chain.points for chain in chains] + [np.array(p.exterior.coords) for p in region.geoms]
    )
    reach = REACH * max(float(np.ptp(everything, axis=0).max()), 1.0)
    lines = [chain.line(reach) for chain in chains]
    for i, line in enumerate(lines):
        for j, other in enumerate(lines[:i]):
            if line.intersects(other):
                x, y = line.intersection(other).representative_point().coords[0]
                raise LevelsetError(
                    f"Chains {j + 1} and {i + 1} meet near ({x:.6g}, {y:.6g}): join them into one "
                    "or move them apart."
                )
        if line.intersects(region.boundary):
            x, y = line.intersection(region.boundary).representative_point().coords[0]
            raise LevelsetError(
                f"Chain {i + 1} meets a ring near ({x:.6g}, {y:.6g}): join them into one chain or "
                "move them apart."
            )

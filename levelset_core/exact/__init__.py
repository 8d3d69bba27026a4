"""Theorem 1: watertight piecewise linear hypersurfaces as zero level sets of ReLU networks."""

from levelset_core.exact.network import ExactNetwork
from levelset_core.exact.polygon import exact_polygon
from levelset_core.exact.polyhedron import exact_polyhedron
from levelset_core.exact.rings import Chain

__all__ = ["Chain", "ExactNetwork", "exact_polygon", "exact_polyhedron"]

"""Geometry of level sets."""

from levelset_core.geometry.plane import Bounds, contours, evaluate_grid, nearest_on_contours

__all__ = ["Bounds", "contours", "evaluate_grid", "nearest_on_contours"]

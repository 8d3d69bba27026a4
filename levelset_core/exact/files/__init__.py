"""Polygons from files and from other libraries."""

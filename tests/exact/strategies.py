"""Random simple polygons and watertight polyhedra for hypothesis."""

from __future__ import annotations

import numpy as np
import shapely
import trimesh
from hypothesis import strategies as st
from shapely.geometry import Polygon

from benchmarks.exact_networks import random_star as star
from levelset_core.exact.shapes import prism

KINDS = ("star", "untangled", "cells", "spiral", "comb")


def untangled(n: int, rng: np.random.Generator) -> np.ndarray:
    """Random points in an order that makes them simple: crossing edges are exchanged (2-opt)."""
    points = rng.uniform(-1, 1, (n, 2))
    changed = True
    while changed:
        changed = False
        for i in range(n - 2):
            a, b = points[i], points[i + 1]
            c, d = points[i + 2 :], np.roll(points, -1, axis=0)[i + 2 :]
            before = np.hypot(*(b - a)) + np.hypot(*(d - c).T)
            after = np.hypot(*(c - a).T) + np.hypot(*(d - b).T)
            gain = before - after
            j = int(gain.argmax())
            if gain[j] > 1e-12:
                points[i + 1 : i + 3 + j] = points[i + 1 : i + 3 + j][::-1].copy()
                changed = True
    return points


def cells(n: int, rng: np.random.Generator) -> np.ndarray:
    """A simply connected union of grid squares: many edges on one line, opposite half-lines."""
    taken = {(0, 0)}
    best = Polygon([(0, 0), (1, 0), (1, 1), (0, 1)])
    for _ in range(4 * n):
        i, j = list(taken)[rng.integers(len(taken))]
        di, dj = [(1, 0), (-1, 0), (0, 1), (0, -1)][rng.integers(4)]
        new = (i + di, j + dj)
        grown = shapely.union_all([shapely.box(a, b, a + 1, b + 1) for a, b in {*taken, new}])
        outline = np.array(grown.simplify(0).exterior.coords)[:-1]
        if new not in taken and not grown.interiors and len(outline) <= n:
            taken.add(new)
            best = grown
    return np.array(best.simplify(0).exterior.coords)[:-1]


def spiral(n: int, rng: np.random.Generator) -> np.ndarray:
    k = max(n // 2, 3)
    t = np.linspace(0.5, rng.uniform(1, 5) * np.pi, k)
    inner = np.column_stack([np.cos(t), np.sin(t)]) * (0.2 * t)[:, None]
    outer = np.column_stack([np.cos(t), np.sin(t)]) * (0.2 * t + rng.uniform(0.1, 0.4))[:, None]
    return np.concatenate([inner, outer[::-1]])


def comb(n: int, rng: np.random.Generator) -> np.ndarray:
    teeth = max(n // 4, 1)
    x = 2 * (np.arange(2 * teeth) + rng.uniform(0.05, 0.95, 2 * teeth)) / (2 * teeth)
    tops = rng.uniform(0.5, 2, teeth)
    points = [(0.0, 0.0), (2.1, 0.0)]
    for k in reversed(range(teeth)):
        a, b = x[2 * k], x[2 * k + 1]
        points += [(b, 0.4), (b, tops[k]), (a, tops[k]), (a, 0.4)]
    return np.array([*points, (0.0, 0.4)])


@st.composite
def polygons(draw: st.DrawFn, most: int = 60) -> np.ndarray:
    """A simple polygon of at most 60 vertices, anywhere, in any position and orientation."""
    make = globals()[draw(st.sampled_from(KINDS))]
    n = draw(st.integers(3, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    points = make(n, rng)
    if not Polygon(points).is_valid:  # spirals and combs of few vertices may cross
        points = star(n, rng)
    angle = draw(st.sampled_from([0.0, 0.0, np.pi / 4, 1.0]))
    c, s = np.cos(angle), np.sin(angle)
    points = points @ np.array([[c, -s], [s, c]]) * draw(st.sampled_from([0.1, 1.0, 7.0]))
    points = points + draw(st.sampled_from([0.0, 3.0]))
    return points[::-1] if draw(st.booleans()) else points


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> trimesh.Trimesh:
    return trimesh.creation.box(bounds=[low, high])


def bumpy(rng: np.random.Generator, subdivisions: int = 0) -> trimesh.Trimesh:
    """A star-shaped polyhedron in general position: 20 or 80 planes."""
    sphere = trimesh.creation.icosphere(subdivisions=subdivisions)
    radius = rng.uniform(0.4, 1, (len(sphere.vertices), 1))
    return trimesh.Trimesh(sphere.vertices * radius, sphere.faces, process=False)


def ring_prism(rng: np.random.Generator) -> trimesh.Trimesh:
    """A handle: a prism over a star with a star-shaped hole."""
    outer = star(int(rng.integers(4, 9)), rng)
    outer /= np.linalg.norm(outer, axis=1).min()  # so that a small star fits inside
    hole = 0.3 * star(int(rng.integers(3, 6)), rng)
    polygon = Polygon(outer)
    inner = Polygon(hole)
    return prism(polygon.difference(inner) if polygon.contains(inner) else polygon)


def cube_cells(rng: np.random.Generator) -> trimesh.Trimesh:
    """A prism over a union of grid squares: many parallel and common planes."""
    return prism(Polygon(cells(int(rng.integers(6, 17)), rng)))


def star_prism(rng: np.random.Generator) -> trimesh.Trimesh:
    return prism(Polygon(star(int(rng.integers(4, 13)), rng)))


def shell(rng: np.random.Generator) -> trimesh.Trimesh:
    """A box with a bumpy cavity, and a cube in it, and one beside it."""
    cavity = bumpy(rng)
    kernel = box((-0.1, -0.1, -0.1), (0.1, 0.1, 0.1))
    beside = box((2.5, -1.5, -1.5), (3.5, 1.5, 1.5))
    parts = [box((-1.5, -1.5, -1.5), (1.5, 1.5, 1.5)), cavity, kernel, beside]
    return trimesh.util.concatenate(parts[: int(rng.integers(2, 5))])


SOLIDS = (bumpy, star_prism, ring_prism, cube_cells, shell)


@st.composite
def polyhedra(draw: st.DrawFn) -> trimesh.Trimesh:
    """A watertight mesh that is not convex, rotated or not."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mesh = draw(st.sampled_from(SOLIDS))(rng)
    if draw(st.booleans()):
        mesh.apply_transform(trimesh.transformations.random_rotation_matrix(rng.random(3)))
    return mesh

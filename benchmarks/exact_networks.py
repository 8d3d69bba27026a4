"""Sizes of exact networks against the star cover, their forms, and how long a 60-gon takes.

The recipe to compare with covers a solid by stars of the arrangement of its planes. Its figures
are those of a prototype, stated in REFERENCE; ours are measured here.
"""

from __future__ import annotations

import statistics
import sys

import numpy as np

from benchmarks._measure import parser, report
from levelset_core.exact import Chain, ExactNetwork, exact_polygon, exact_polyhedron
from levelset_core.exact.network import FORMS
from levelset_core.exact.shapes import PLANE_SHAPES, solid
from levelset_core.exact.sign_check import check_signs, plane_reference, solid_reference

#: Of the star cover: planes, hidden layers, weights.
REFERENCE = {
    "Cube": (6, 3, 90),
    "L-prism": (8, 4, 315),
    "Square torus": (10, 6, 4400),
    "Shell with a cavity": (12, 8, 38_700),
}


def random_star(n: int, rng: np.random.Generator) -> np.ndarray:
    """A star-shaped polygon with deep notches."""
    angle = 2 * np.pi * (np.arange(n) + rng.uniform(0.1, 0.9, n)) / n
    return np.column_stack([np.cos(angle), np.sin(angle)]) * rng.uniform(0.1, 1, (n, 1))


def rectangular_comb(teeth: int) -> np.ndarray:
    """A rectangular comb of four edges a tooth: the deepest shape for its size."""
    ring = [(0, 0), (2 * teeth - 1, 0)]
    for k in reversed(range(teeth)):
        ring += [(2 * k + 1, 3), (2 * k, 3)]
        ring += [(2 * k, 1), (2 * k - 1, 1)] if k else []
    return np.array(ring, dtype=float)


def winding(n: int, turns: float) -> np.ndarray:
    t = np.linspace(0, 1, n // 2)[:, None]
    around = np.hstack([np.cos(2 * np.pi * turns * t), np.sin(2 * np.pi * turns * t)])
    return np.concatenate([(1 + t * turns) * around, ((0.6 + t * turns) * around)[::-1]])


def figures_of(e: ExactNetwork) -> dict[str, object]:
    return {
        "planes": e.planes, "hidden_layers": e.depth, "widths": list(e.widths),
        "weights": e.weights, "seconds": round(e.seconds, 4),
    }  # fmt: skip


def main() -> int:
    options = parser(__doc__ or "").parse_args()
    points = 20_000 if options.quick else 1_000_000
    rng = np.random.default_rng(options.seed)
    figures: dict[str, object] = {}
    wrong, surface = 0, 0.0
    for name in PLANE_SHAPES:
        shape = PLANE_SHAPES[name]()
        e = exact_polygon([*shape.rings, *(Chain(chain) for chain in shape.chains)])
        reference = plane_reference(shape.rings, shape.chains)
        *_, tally = check_signs(e.network, reference, points=points)
        wrong, surface = wrong + tally.wrong, max(surface, tally.on_boundary)
        figures[name] = figures_of(e)
    smaller = True
    for name, (planes, layers, weights) in REFERENCE.items():
        mesh = solid(name)
        e = exact_polyhedron(mesh)
        *_, tally = check_signs(e.network, solid_reference(mesh), points=points // 10)
        wrong, surface = wrong + tally.wrong, max(surface, tally.on_boundary)
        figures[name] = figures_of(e) | {
            "star_cover": {"planes": planes, "hidden_layers": layers, "weights": weights}
        }
        smaller &= e.depth <= layers and e.weights <= weights
    for n in (40, 60):
        built = [exact_polygon([random_star(n, rng)]) for _ in range(5 if options.quick else 50)]
        figures[f"random stars of {n} edges"] = {
            "count": len(built),
            "hidden_layers": [min(e.depth for e in built), max(e.depth for e in built)],
            "widest_layer": max(max(e.widths) for e in built),
            "median_weights": statistics.median(e.weights for e in built),
            "median_seconds": round(statistics.median(e.seconds for e in built), 4),
            "largest_seconds": round(max(e.seconds for e in built), 4),
        }
    for name, ring in {
        "comb of 128 teeth": rectangular_comb(128), "spiral of 256 edges": winding(256, 5),
        "random star of 60 edges": random_star(60, rng),
    }.items():  # fmt: skip
        reference, forms = plane_reference([ring]), {}
        for form in FORMS:
            e = exact_polygon([ring], form=form)
            *_, tally = check_signs(e.network, reference, points=2000 if options.quick else 20_000)
            wrong += tally.wrong
            forms[form] = {
                "hidden_layers": e.depth, "weights": e.weights, "seconds": round(e.seconds, 2),
                "largest_on_surface": tally.on_boundary,
            }  # fmt: skip
        figures[f"forms, {name}"] = forms
    figures |= {"points_a_polygon": points, "points_a_solid": points // 10,
                "wrong_signs": wrong, "largest_on_surface": surface}  # fmt: skip
    report("exact_networks", options, figures, {"wrong_signs": 0, "largest_on_surface": 1e-12})
    sixty = figures["random stars of 60 edges"]
    assert isinstance(sixty, dict)
    good = wrong == 0 and surface <= 1e-12 and smaller and sixty["largest_seconds"] < 1
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

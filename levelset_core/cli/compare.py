"""``compare``: distances between two meshes or point clouds."""

from __future__ import annotations

import argparse

from levelset_core.cli.common import Parser, answer, whole
from levelset_core.paths import find_bundled


def options(compare: Parser) -> None:
    """Add the options."""
    compare.add_argument("a", metavar="A", help="mesh or point cloud, e.g. a reconstruction")
    compare.add_argument("b", metavar="B", help="mesh or point cloud, e.g. the ground truth")
    compare.add_argument("--samples", type=whole(1), default=30_000, help="samples of each shape")
    compare.add_argument(
        "--threshold", type=float, default=0.005, help="F-score's distance, in the files' units"
    )
    compare.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from levelset_core.data import read_geometry
    from levelset_core.geometry import compare

    a, b = (read_geometry(find_bundled(path)) for path in (options.a, options.b))
    found = compare(
        a, b, samples=options.samples, threshold=options.threshold, seed=options.seed
    ).as_dict()
    values = ((name, "-" if v is None else format(v, ".6g")) for name, v in found.items())
    return answer(options, found, *(f"{name:20}{text}" for name, text in values))

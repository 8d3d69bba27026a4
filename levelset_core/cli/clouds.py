"""The points that a verb works on: which files, which columns, how many."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from levelset_core.cli.common import Parser, progress, whole
from levelset_core.paths import find_bundled

if TYPE_CHECKING:  # torch takes seconds to import, and --help needs none of it
    from levelset_core.data import PointCloud

#: A file of fewer bytes is read at once.
_LARGE = 30 << 20
#: Points a second that a surface gains from, and so many at least. A scan is uneven: of 170,000
#: points 60,000 even ones give a nearer surface in 20 s, 80,000 in 60 s, and sooner. In less than
#: 20 s each point costs steps.
A_SECOND, FEWEST, HURRIED = 1500, 20_000, 2000
#: Seconds between two lines of progress.
_TELL_EVERY = 2.0


def add_cloud_options(verb: Parser) -> None:
    """Add the files and how to read them."""
    verb.add_argument(
        "input", metavar="IN", nargs="+",
        help="point cloud or mesh: .ply, .xyz, .csv, .las, .e57, ..., also .gz; several scans, or "
        "a .conf with their poses, are one cloud; of a folder each file is a scan of its own",
    )  # fmt: skip
    verb.add_argument(
        "--columns", type=_columns, metavar="X,Y,Z",
        help="names or numbers (from 1) of the columns that are coordinates (default: by their "
        "headings and values)",
    )  # fmt: skip
    verb.add_argument(
        "--points", type=whole(10), metavar="N",
        help="thin the cloud evenly to so many points at most (default: 400,000; of a surface with "
        "a budget of seconds 1,500 a second, 40,000 at least)",
    )  # fmt: skip


def _columns(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def read_cloud(
    options: argparse.Namespace, purpose: str, *, samples: int | None, seconds: float | None = None
) -> PointCloud:
    """The cloud of a verb's options; what was assumed is said on stderr.

    Args:
        options: of :func:`add_cloud_options`, and the seed.
        purpose: "surface" or "curve".
        samples: points drawn from a mesh; None takes its vertices.
        seconds: that a surface is trained in, if it has any.

    Raises:
        LevelsetError: see :func:`levelset_core.data.read_scans`.
    """
    from levelset_core.data import read_scans, thinned
    from levelset_core.data.pointclouds import ENOUGH

    paths = [find_bundled(path) for path in options.input]
    large = sum(path.stat().st_size for path in paths if path.is_file()) > _LARGE
    cloud = read_scans(
        paths, samples=samples, seed=options.seed, purpose=purpose, columns=options.columns,
        tell=_Told(Path(options.input[0]).name) if large else None,
    )  # fmt: skip
    most = ENOUGH
    if seconds:
        fewest = max(FEWEST, min(2 * FEWEST, round(HURRIED * seconds)))
        most = min(most, max(fewest, round(A_SECOND * seconds)))
    cloud = thinned(cloud, options.points or most, keep=purpose == "surface")
    for note in cloud.notes:
        progress(f"{cloud.source}: {note}")
    for text, count in (("not finite", cloud.non_finite), ("double", cloud.duplicates)):
        if count:
            progress(f"{cloud.source}: {count} points dropped ({text}).")
    return cloud


class _Told:
    """Says now and then how far a file is read."""

    def __init__(self, name: str) -> None:
        self.name, self.told = name, time.monotonic()

    def __call__(self, share: float) -> None:
        if time.monotonic() - self.told > _TELL_EVERY:
            self.told = time.monotonic()
            progress(f"{self.name}: {100 * share:.0f}% read")

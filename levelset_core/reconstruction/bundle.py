"""Finished reconstructions of samples that come with the program, so that a page opens on one.

    python -m levelset_core.reconstruction.bundle

trains them anew. What is kept of a run is packed: compressed, F and errors in half precision.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from levelset_core.data.samples import SAMPLES, load_sample
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh
from levelset_core.paths import ASSETS
from levelset_core.reconstruction import ReconstructionConfig
from levelset_core.reconstruction.assess import ERRORS
from levelset_core.reconstruction.shapes import CLOUD, FIELD, TRUTH, Shape, cloud_bytes, shape_bytes
from levelset_core.runs.files import read_arrays
from levelset_core.runs.folder import Run
from levelset_core.runs.starting import start
from levelset_core.runs.store import RunStore
from levelset_core.runs.worker import work_here

#: Where they are: folders of runs.
BUNDLED = ASSETS / "samples" / "reconstructions"
#: Sample -> preset, steps and grid: what a quiet machine does in about a minute.
WANTED = {"bunny": ("quick", 1500, 160)}
_LEFT_OUT = (
    "lock", "checkpoint.safetensors", "mesh.ply", "preview.npz", "truth.npz", "network.py",
)  # fmt: skip


@cache
def bundled_runs() -> tuple[Run, ...]:
    """The finished runs that come with the program."""
    return tuple(RunStore(BUNDLED).runs())


def is_bundled(run: Run) -> bool:
    """Whether a run came with the program: it is only ever read."""
    return run.path.parent == BUNDLED


def train(store: RunStore, sample: str) -> Run:
    """A reconstruction of a sample, done.

    Raises:
        LevelsetError: it failed.
    """
    preset, steps, resolution = WANTED[sample]
    config = ReconstructionConfig.preset(preset, steps=steps, seconds=None, resolution=resolution)
    cloud, truth = load_sample(sample)
    about = {
        "method": preset, "label": SAMPLES[sample].title, "digest": "", "up": SAMPLES[sample].up,
        "source": {"sample": sample},
    }  # fmt: skip
    inputs = {CLOUD: cloud_bytes(cloud)}
    if isinstance(truth, Mesh):
        inputs[TRUTH] = shape_bytes(Shape((truth,)))
    settings = {"config": config.to_dict(), "about": about}
    run = start(
        "reconstruct", settings, inputs, name=SAMPLES[sample].title, store=store, queue=False,
        device="cpu",
    ).run  # fmt: skip
    if (status := work_here(store, run)).state != "done":
        raise LevelsetError(f"{run.config.name} is {status.state}: {status.message}")
    return run


def keep(run: Run, folder: Path) -> None:
    """Copy what pages read of a run, packed."""
    shutil.copytree(run.path, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for path in folder.rglob("*.npz"):
        arrays = read_arrays(path)
        if path.name in (FIELD, ERRORS):  # the ends of the grid keep their precision
            arrays |= {
                n: a.astype(np.float16) for n, a in arrays.items() if n not in ("low", "high")
            }
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


def main() -> int:
    """Train all of them anew; the exit code."""
    for sample in WANTED:
        with tempfile.TemporaryDirectory() as folder:
            run = train(RunStore(Path(folder)), sample)
            kept = BUNDLED / f"{sample}-{run.config.settings['about']['method']}"
            shutil.rmtree(kept, ignore_errors=True)
            keep(run, kept)
            print(f"{kept.name}: {run.result()}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())

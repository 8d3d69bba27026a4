"""The measurements of the bundled classifiers that come with the program.

    python -m levelset_core.robustness.bundle

measures on the images of this machine what the present weights have not got yet, and removes what
was about others. Only what pages read of a run is kept: its settings and what it found.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from levelset_core.attacks import AttackConfig, paper_attack
from levelset_core.data.images import is_here
from levelset_core.errors import LevelsetError
from levelset_core.robustness.measurements import BUNDLED, start_measurement
from levelset_core.robustness.models import KnownModel, known_models
from levelset_core.runs.folder import Run
from levelset_core.runs.store import RunStore
from levelset_core.runs.worker import work_here

#: Test images of every measurement, as many as the Explorer's gallery shows.
IMAGES = 200
#: Number of channels -> the images to measure on. Surveys tell of every image by its place: of
#: CIFAR-10 there are copies in different orders, so its classifiers have none.
DATA = {1: "mnist_excerpt", 3: "cifar10"}
_KEPT = ("config.json", "status.json", "result.json", "artifacts")


def wanted(models: list[KnownModel]) -> Iterator[tuple[str, list[KnownModel], str, AttackConfig]]:
    """Kind, models, data and attack of what belongs to these models."""
    for channels, data in DATA.items():
        own = [m for m in models if m.shape[0] == channels]
        attack = paper_attack("pgd-margin", channels)
        for model in own:
            if data == "mnist_excerpt":
                yield "survey", [model], data, attack
            yield "distances", [model], data, AttackConfig()
        if len(own) > 1:
            yield "transfer", own, data, attack


def main() -> int:
    """Measure, keep, remove; the exit code."""
    found = RunStore(BUNDLED).runs()
    kept: list[Run] = []
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(Path(folder))
        models = [m for m in known_models(store) if m.origin == "bundled"]
        for kind, own, data, attack in wanted(models):
            digests = tuple(model.digest for model in own)
            question = (kind, digests, data, IMAGES, attack)
            same = [old for old in found if _question(old) == question]
            if same:
                kept += same
            elif not is_here(data):
                print(f"{data} is not here: {kind} of {own[0].title} is left out.", file=sys.stderr)
            else:
                run = start_measurement(
                    store, kind, own, data=data, images=IMAGES, attack=attack, queue=False
                )
                print(run.config.name, file=sys.stderr, flush=True)
                if (status := work_here(store, run)).state != "done":
                    print(f"It is {status.state}. {status.message}", file=sys.stderr)
                    return 1
                kept.append(_keep(run))
    for old in found:
        if old.id not in {run.id for run in kept}:
            shutil.rmtree(old.path)
    return 0


def _question(run: Run) -> tuple[object, ...] | None:
    with suppress(LevelsetError, KeyError, TypeError):
        settings = run.config.settings
        digests = tuple(model["digest"] for model in settings["models"])
        attack = AttackConfig(**settings["attack"])
        return run.config.kind, digests, settings["data"], settings["images"], attack
    return None


def _keep(run: Run) -> Run:
    def left_out(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if name not in _KEPT] if Path(folder) == run.path else []

    partial = BUNDLED / f".new-{run.id}"  # no run's name: what is cut off here is no measurement
    shutil.copytree(run.path, partial, ignore=left_out)
    return Run(partial.rename(BUNDLED / run.id))


if __name__ == "__main__":
    sys.exit(main())

"""``train-robust``: train a classifier as in Table 1, as a run that can be resumed."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from levelset_core.cli.common import (
    DONE,
    Parser,
    above_zero,
    add_data,
    add_threads,
    answer,
    progress,
    whole,
)
from levelset_core.cluster import cluster_address
from levelset_core.errors import LevelsetError
from levelset_core.paths import find_bundled

if TYPE_CHECKING:
    from levelset_core.runs import Run, RunStatus, RunStore

#: Seconds between two looks at a run on a cluster.
_LOOK_EVERY = 1.0


def options(train: Parser) -> None:
    """Add the options."""
    from levelset_core.robustness.config import RobustConfig

    train.add_argument("--method", default="level-set", help="standard, madry, trades or level-set")
    add_data(train)
    train.add_argument(
        "--model", default="convnet4a",
        help="convnet4a, convnet4a_linear, convnet4a_narrow, convnet4b or resnet18",
    )  # fmt: skip
    train.add_argument("-o", "--output", required=True, metavar="OUT", help="OUT.safetensors")
    train.add_argument("--preset", default="fast", help="quick, fast (for a CPU) or paper")
    train.add_argument("--start-from", metavar="FILE", help="a network of train-robust")
    train.add_argument("--limit", type=whole(1), help="use the first LIMIT training images")
    train.add_argument("--test-limit", type=whole(1), help="measure on TEST_LIMIT (default: 1000)")
    add_threads(train, 1)
    train.add_argument(
        "--processes", type=whole(1), default=1, metavar="N",
        help="processes that share each batch, by torchrun, each with a GPU of its own; with "
        "LEVELSET_CLUSTER one task that asks a worker for all of them",
    )  # fmt: skip
    train.add_argument(
        "--memory", type=above_zero, metavar="GB",
        help="what it asks of a worker of the cluster (MEMORY=..e9 there)",
    )  # fmt: skip
    train.add_argument("--half", action="store_true", help="store OUT in half precision")
    train.add_argument("--resume", action="store_true", help="go on with the same training")
    group = train.add_argument_group("settings", "instead of the preset's")
    own = [name for name, _ in RobustConfig.rules() if name not in ("method", "model")]
    RobustConfig.add_options(group, *own, default="the preset's")
    train.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from levelset_core.device import pick_device
    from levelset_core.processes import process_group

    output = Path(options.output)
    if output.suffix != ".safetensors" or not output.parent.is_dir():
        raise LevelsetError(f"OUT must be a .safetensors file in a folder that exists: {output}.")
    with process_group(pick_device(options.device)):
        return _train(options, output)


def _train(options: argparse.Namespace, output: Path) -> int:
    from levelset_core.classifiers.files import write_card
    from levelset_core.processes import broadcast, rank_and_size
    from levelset_core.runs import EXIT_CODES, RunStore, work_here
    from levelset_core.runs.elsewhere.together import follow

    store = RunStore()
    first = rank_and_size()[0] == 0
    run = _find_or_create(store, options) if first else None
    run = store.get(broadcast(run.id if run else None))
    if not first:
        follow(run)
        return DONE
    progress(f"run {run.id}")
    handed = cluster_address() and (run.config.processes > 1 or run.config.memory)
    status = _work_there(store, run) if handed else work_here(store, run, tell=_Progress())
    if status.state == "failed":
        raise LevelsetError(status.message)
    if status.state != "done":
        progress("Interrupted; the same command with --resume goes on.")
        return EXIT_CODES[status.state]
    shutil.copyfile(run.artifacts / "model.safetensors", output)
    card: dict[str, Any] = run.result() or {}
    write_card(output, card)
    figures = card["figures"]
    return answer(
        options, {"output": str(output), "run": run.id, **figures, "card": card},
        f"{output}: {figures['clean_accuracy']:.2%} of {figures['images']} images right, "
        f"{figures['robust_accuracy']:.2%} after {figures['attack']} at {figures['epsilon']}",
    )  # fmt: skip


def _work_there(store: RunStore, run: Run) -> RunStatus:
    """As a task of the cluster; Ctrl-C saves and stops it."""
    tell, told = _Progress(), None
    store.submit(run)
    try:
        while (status := run.status()).active or run.alive:
            if status != told:
                tell(told := status)
            time.sleep(_LOOK_EVERY)
            store.dispatch()
    except KeyboardInterrupt:
        store.cancel(run)
        while run.alive:
            time.sleep(0.1)
    tell(status := run.status())
    return status


def _find_or_create(store: RunStore, options: argparse.Namespace) -> Run:
    from levelset_core.data.images import IMAGE_SETS
    from levelset_core.robustness.config import OLD_METHODS, RobustConfig, robust_preset
    from levelset_core.robustness.kinds.robust import START
    from levelset_core.robustness.models import METHOD_TITLES, NETWORK_TITLES
    from levelset_core.runs import RESUMABLE

    start = find_bundled(options.start_from) if options.start_from else None
    if start and not start.is_file():
        raise LevelsetError(f"There is no file {start}.")
    config = robust_preset(options.preset, options.method, options.model, options.data)
    given = {k: v for k, v in RobustConfig.given(options).items() if k not in ("method", "model")}
    words = [w for w in sys.argv[1:] if w != "--resume"]
    settings: dict[str, Any] = {
        **dataclasses.replace(config, **given).as_dict(),
        "data": options.data,
        "data_dir": options.data_dir,
        "limit": options.limit,
        "test_limit": options.test_limit,
        "half": options.half or None,
        "start_from": start.name if start else None,
        "epochs_before": _epochs_of(start) if start else None,
        "command": shlex.join(["python", "-m", "levelset_core", *words]),
    }
    if options.resume:
        for run in store.of_kind("robust"):
            if run.config.seed != options.seed:
                continue
            # A setting that is newer than the run had its default then.
            own = {**RobustConfig().as_dict(), **run.config.settings}
            own["method"] = OLD_METHODS.get(own["method"], own["method"])
            same = all(own.get(k) == v for k, v in settings.items())
            if same and run.status().state in RESUMABLE:
                return run
        progress("There is no such training to go on with: a new one begins.")
    return store.create(
        "robust", settings,
        name=f"{METHOD_TITLES[config.method]}, {NETWORK_TITLES[config.model]}, "
        f"{IMAGE_SETS.get(options.data, Path(options.data).name)}",
        seed=options.seed, device=options.device, threads=options.threads,
        processes=options.processes, memory=options.memory,
        inputs={START: start} if start else None,
    )  # fmt: skip


def _epochs_of(start: Path) -> float:
    """How long a network was trained, as far as its card tells."""
    from levelset_core.classifiers.files import read_about, read_card

    try:
        card = read_card(start)
    except LevelsetError:
        card = read_about(start).card
    epochs = card.get("all_epochs", card.get("epochs"))
    return float(epochs) if isinstance(epochs, int | float) else 0.0


class _Progress:
    """A line on stderr now and then."""

    def __init__(self) -> None:
        self.last = 0.0

    def __call__(self, status: RunStatus) -> None:
        if status.message and not status.message.startswith("An error"):
            progress(status.message)
        if status.seconds - self.last >= 30 or status.state != "running":
            self.last = status.seconds
            left = "" if status.seconds_left is None else f", {status.seconds_left:.0f} s left"
            progress(f"step {status.step} of {status.steps}, {status.seconds:.0f} s{left}")

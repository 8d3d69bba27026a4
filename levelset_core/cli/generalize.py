"""``generalize``: accuracy from few samples, loss against loss (Fig. 2), as a run."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from levelset_core.cli.common import DONE, Parser, Verbs, print_json, progress
from levelset_core.errors import LevelsetError

if TYPE_CHECKING:
    from levelset_core.runs import Run, RunStatus, RunStore

#: Options that are settings, with what they say in the help.
NUMBERS = {
    "repeats": "repeats per fraction",
    "tuning": "repeats on which hyper-parameters are chosen",
    "steps": "optimizer steps",
    "width": "units of a hidden layer",
    "depth": "hidden layers",
    "batch": "images a step",
}


def add(verbs: Verbs, common: Parser) -> None:
    """Add the verb."""
    verb = verbs.add_parser(
        "generalize", parents=[common], help="train on few samples with three losses (Fig. 2)"
    )
    verb.add_argument(
        "--data", default="mnist", help="mnist, fashion_mnist, cifar10, mnist_excerpt or a folder"
    )
    verb.add_argument("--data-dir", help="where data sets are (default: $LEVELSET_DATA)")
    verb.add_argument("--loss", default="xent,hinge,ours", help="of xent, hinge, ours; a,b,c")
    verb.add_argument("--fractions", help="of the training set, e.g. 0.001,0.01")
    for name, text in NUMBERS.items():
        verb.add_argument(f"--{name}", type=int, metavar="N", help=text)
    verb.add_argument("--jobs", type=int, default=1, help="processes side by side (default: 1)")
    verb.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from levelset_core.runs import EXIT_CODES, RunStore, work_here

    store = RunStore()
    run = _find_or_create(store, options)
    status = work_here(store, run, tell=_Progress())
    if status.state == "failed":
        raise LevelsetError(status.message)
    if status.state != "done":
        progress(f"Stopped. The same command goes on, as does: runs resume {run.id}")
        return EXIT_CODES[status.state]
    result = run.result() or {}
    if options.json:
        print_json({"run": run.id, "seconds": status.seconds, **result})
        return DONE
    print(f"{'fraction':>9}  {'loss':6}  {'accuracy %':>16}   ours - loss, 95 % interval")
    for row in result["rows"]:
        for loss, found in row["losses"].items():
            line = f"{row['fraction']:9g}  {loss:6}  "
            line += f"{100 * found['mean']:7.2f} +- {100 * found['sd']:5.2f}"
            if loss in row["ours_minus"]:
                line += "   " + _interval(row["ours_minus"][loss])
            print(line)
    return DONE


def _interval(found: dict[str, Any]) -> str:
    if found["low"] is None:
        return f"{100 * found['mean']:+.2f}"
    return f"{100 * found['mean']:+.2f}  [{100 * found['low']:+.2f}, {100 * found['high']:+.2f}]"


def _find_or_create(store: RunStore, options: argparse.Namespace) -> Run:
    """The last run with these settings that was cut off, else a new one."""
    from levelset_core.experiments.generalization_config import GeneralizationConfig
    from levelset_core.runs import RESUMABLE

    given: dict[str, Any] = {
        name: getattr(options, name) for name in NUMBERS if getattr(options, name) is not None
    }
    if options.fractions:
        given["fractions"] = [_number(text) for text in options.fractions.split(",")]
    settings = GeneralizationConfig.from_dict(
        {
            "data": options.data, "data_dir": options.data_dir, "seed": options.seed,
            "losses": [name.strip() for name in options.loss.split(",")], **given,
        }
    ).to_dict()  # fmt: skip
    for run in store.runs():
        if run.problem() or run.config.kind != "generalize" or run.config.settings != settings:
            continue
        if run.status().state in RESUMABLE:
            progress(f"Going on with {run.id}.")
            return run
    return store.create(
        "generalize", settings, name=f"Generalization, {options.data}", seed=options.seed,
        device="cpu", threads=options.jobs,
    )  # fmt: skip


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise LevelsetError(f"--fractions are numbers with commas, got {text!r}.") from error


class _Progress:
    """A line on stderr: rewritten in a terminal, now and then elsewhere."""

    def __init__(self) -> None:
        self.last = -30.0

    def __call__(self, status: RunStatus) -> None:
        from levelset_core.runs import progress_text

        text = progress_text(status).replace("step", "unit", 1)
        if sys.stderr.isatty():
            print(f"\r{text:<70}", end="", file=sys.stderr, flush=True)
        elif status.seconds - self.last >= 30:
            self.last = status.seconds
            progress(text)

"""``generalize``: accuracy from few samples, loss against loss (Fig. 2), as a run."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from levelset_core.cli.common import Parser, add_data, answer, numbers, progress, whole
from levelset_core.errors import LevelsetError

if TYPE_CHECKING:
    from levelset_core.runs import Run, RunStatus, RunStore

#: Settings that are options.
SETTINGS = (
    "merge", "model", "points", "until", "match", "repeats", "tuning", "steps", "width", "depth",
    "batch",
)  # fmt: skip


def options(verb: Parser) -> None:
    """Add the options."""
    from levelset_core.few_samples.config import GeneralizationConfig

    add_data(verb)
    verb.add_argument(
        "--loss", default="xent,hinge,geometric_svm", metavar="A,B,..",
        help="losses to compare: xent, hinge, geometric_svm",
    )  # fmt: skip
    verb.add_argument(
        "--fractions", type=numbers, metavar="F,F,..",
        help="fractions of the training set (default: those of the paper's figure, 0.0005 to 0.02)",
    )  # fmt: skip
    GeneralizationConfig.add_options(verb, *SETTINGS)
    verb.add_argument("--jobs", type=whole(1), default=1, help="processes side by side")
    verb.add_argument(
        "--hyper-from", metavar="JSON", help="a stored result whose hyper-parameters to take"
    )
    verb.add_argument(
        "--store", metavar="FOLDER", help="write the result there, as in docs/results; a finished "
        "run of the same settings is used again",
    )  # fmt: skip
    verb.add_argument(
        "--gallery", metavar="FILE", help="copy the test images that the losses differ on there, "
        "as in assets/few_samples; mind the licence of the images",
    )  # fmt: skip
    verb.add_argument("--note", default="", help="a remark on the data for the stored result")
    verb.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from levelset_core.few_samples.config import LOSSES
    from levelset_core.few_samples.results import conclusion
    from levelset_core.runs import EXIT_CODES, RunStore, work_here

    store = RunStore()
    run = _find_or_create(store, options)
    status = run.status()
    if status.state != "done":
        status = work_here(store, run, tell=_Progress())
    if status.state == "failed":
        raise LevelsetError(status.message)
    if status.state != "done":
        progress(f"Stopped. The same command goes on, as does: runs resume {run.id}")
        return EXIT_CODES[status.state]
    result = run.result() or {}
    table = _keep(run, options)
    head = f"{'fraction':>9}  {'loss':13}  {'accuracy %':>16}"
    lines = [f"{head}   geometric SVM - loss, 95% interval"]
    for row in result["rows"]:
        for loss, found in row["losses"].items():
            line = f"{row['fraction']:9g}  {LOSSES[loss]:13}  "
            line += f"{100 * found['mean']:7.2f} +- {100 * found['sd']:5.2f}"
            if loss in row["ours_minus"]:
                line += "   " + _interval(row["ours_minus"][loss])
            lines.append(line)
    said = conclusion(table)
    found = {"run": run.id, "seconds": status.seconds, "conclusion": said, **result}
    return answer(options, found, *lines, said)


def _interval(found: dict[str, Any]) -> str:
    if found["low"] is None:
        return f"{100 * found['mean']:+.2f}"
    return f"{100 * found['mean']:+.2f}  [{100 * found['low']:+.2f}, {100 * found['high']:+.2f}]"


def _find_or_create(store: RunStore, options: argparse.Namespace) -> Run:
    """The last run with these settings that was cut off, else a new one."""
    from levelset_core.few_samples.config import GeneralizationConfig
    from levelset_core.runs import RESUMABLE

    given = GeneralizationConfig.given(options)
    if options.hyper_from:
        given |= _hyper(options.hyper_from, given.get("fractions"))
    settings = GeneralizationConfig.from_dict(
        {
            "data": options.data, "data_dir": options.data_dir, "seed": options.seed,
            "losses": [name.strip() for name in options.loss.split(",")], **given,
        }
    ).to_dict()  # fmt: skip
    usable = (*RESUMABLE, "done") if options.store or options.gallery else RESUMABLE
    for run in store.of_kind("generalize"):
        if run.config.settings == settings and run.status().state in usable:
            progress(f"Going on with {run.id}.")
            return run
    return store.create(
        "generalize", settings, name=f"Generalization, {options.data}", seed=options.seed,
        device="cpu", threads=options.jobs,
    )  # fmt: skip


def _hyper(path: str, fractions: list[float] | None) -> dict[str, Any]:
    """Fractions and chosen candidates of a stored result."""
    from levelset_core.few_samples.results import chosen_numbers
    from levelset_core.runs.files import read_json

    result = read_json(Path(path))
    known = [row["fraction"] for row in result.get("rows", [])]
    wanted = known if fractions is None else fractions
    if missing := [f for f in wanted if f not in known]:
        raise LevelsetError(f"{path} has no fraction {missing[0]:g}.")
    return {
        "fractions": wanted,
        "chosen": {
            loss: [numbers[known.index(f)] for f in wanted]
            for loss, numbers in chosen_numbers(result).items()
        },
    }


def _keep(run: Run, options: argparse.Namespace) -> dict[str, Any]:
    """Write the table and the gallery where the page and people look for them; the table."""
    from levelset_core.few_samples.gallery import NAME
    from levelset_core.few_samples.kinds.generalize import TABLE
    from levelset_core.few_samples.results import write_result
    from levelset_core.runs.files import read_json

    table = read_json(run.artifacts / TABLE)
    if options.store:
        path = write_result(table, Path(options.store), options.note)
        progress(f"Stored {path.name}.")
    if options.gallery:
        path = Path(options.gallery)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run.artifacts / NAME, path)
        progress(f"Stored {path.name}.")
    return table


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

"""``runs list|show|resume|cancel|delete``: everything that takes long, from the command line."""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from levelset_core.cli.common import Parser, add_common, answer, progress
from levelset_core.errors import LevelsetError

if TYPE_CHECKING:
    from levelset_core.runs import Run, RunStatus, RunStore

#: Seconds that ``cancel`` waits for the present step to end.
CANCEL_WAIT = 10.0


def options(runs: Parser) -> None:
    """Add the actions."""
    actions = runs.add_subparsers(dest="action", metavar="ACTION", required=True, help="what to do")
    runs.verbs = actions

    def action(name: str, run: Any, text: str, ids: bool = True) -> Parser:
        parser = actions.add_parser(name, help=text, description=text)
        add_common(parser)
        if ids:
            parser.add_argument("id", help="the run's id, or a part of it that no other has")
        parser.set_defaults(run=partial(_with_run, run) if ids else run)
        return parser

    action("list", _list, "all runs, the newest first", ids=False).fill = _list_options
    action("show", _show, "settings, state and result of a run")
    resume = action("resume", _resume, "go on from the last checkpoint; Ctrl-C saves and stops")
    resume.add_argument(
        "--detach", action="store_true", help="put it in the queue and return at once"
    )
    cancel = action("cancel", _cancel, "save and stop a run, or take it out of the queue")
    cancel.add_argument(
        "--now", action="store_true", help="do not wait for its step; nothing more is saved"
    )
    action("delete", _delete, "remove a run and all its files for good")


def _with_run(act: Any, options: argparse.Namespace) -> int:
    from levelset_core.runs import RunStore

    store = RunStore()
    code: int = act(options, store, store.find(options.id))
    return code


def _list_options(verb: Parser) -> None:
    from levelset_core.runs import STATES, kind_modules  # imports torch

    verb.add_argument("--state", choices=STATES, help="only runs in this state")
    verb.add_argument("--kind", help=f"only runs of this kind: {', '.join(kind_modules())}")


def _list(options: argparse.Namespace) -> int:
    from levelset_core.runs import RunStore, summary

    store = RunStore()
    store.dispatch()
    rows, lines = [], []
    for row in (summary(run) for run in store.runs()):
        if options.state not in (None, row["state"]) or options.kind not in (None, row["kind"]):
            continue
        rows.append(row)
        if row["problem"]:
            lines.append(f"{row['id']}  damaged: {row['problem']}")
        else:
            done = "" if row["fraction"] is None else f"{row['fraction']:.0%}"
            lines.append(f"{row['id']}  {row['state']:<11}  {done:>5}  {row['name']}")
    return answer(options, {"runs": rows}, *lines or [f"No runs in {store.root}."])


def _show(options: argparse.Namespace, store: RunStore, run: Run) -> int:
    from levelset_core.runs import progress_text, summary

    values = summary(run)
    if values["problem"]:
        raise LevelsetError(f"Run {run.id} cannot be shown: {values['problem']}")
    metrics = run.metrics()
    values |= {
        "settings": run.config.settings,
        "seed": run.config.seed,
        "device": run.config.device,
        "threads": run.config.threads,
        "processes": run.config.processes,
        "memory": run.config.memory,
        "metrics": metrics[-1] if metrics else None,
        "result": run.result(),
    }
    head = f"{values['name']} ({values['title']}): {values['state']}, "
    lines = [head + progress_text(run.status())]
    told = ("message", "created", "owner", "folder", "seed", "device", "threads")
    lines += [f"{name + ':':<10}{values[name]}" for name in told if values[name] not in ("", None)]
    if values["processes"] > 1:
        lines.append(f"shared by {values['processes']} processes")
    if values["memory"]:
        lines.append(f"memory:   {values['memory']:g} GB of a worker of the cluster")
    for name in ("settings", "metrics", "result"):
        lines += [f"{name}.{key}: {value}" for key, value in (values[name] or {}).items()]
    return answer(options, values, *lines)


def _resume(options: argparse.Namespace, store: RunStore, run: Run) -> int:
    from levelset_core.runs import EXIT_CODES, work_here

    if options.detach:
        store.submit(run)
        return _answer(options, run)
    status = work_here(store, run, tell=_tell)
    print(file=sys.stderr)
    if status.state == "failed":
        raise LevelsetError(status.message)
    _answer(options, run)
    return EXIT_CODES[status.state]


def _cancel(options: argparse.Namespace, store: RunStore, run: Run) -> int:
    store.cancel(run)
    if options.now:
        run.kill()
    end = time.monotonic() + CANCEL_WAIT
    while run.alive and time.monotonic() < end:
        time.sleep(0.05)
    if run.alive:
        progress("It will stop when its present step is over.")
    store.dispatch()
    return _answer(options, run)


def _delete(options: argparse.Namespace, store: RunStore, run: Run) -> int:
    store.delete(run)
    return answer(options, {"id": run.id, "deleted": True}, f"Deleted {run.id}.")


def _answer(options: argparse.Namespace, run: Run) -> int:
    from levelset_core.runs import progress_text, summary

    values = summary(run)
    lines = [f"{run.id}: {values['state']}, {progress_text(run.status())}"]
    if values["state"] == "done" and values["message"]:
        lines.append(values["message"])
    return answer(options, {**values, "result": run.result()}, *lines)


def _tell(status: RunStatus) -> None:
    from levelset_core.runs import progress_text

    if sys.stderr.isatty():
        print(f"\r{progress_text(status):<70}", end="", file=sys.stderr, flush=True)

"""What the benchmarks share: options, timing, and results that say where they come from."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from levelset_core import pick_device
from levelset_core.device import describe_cpu, describe_device

RESULTS = Path(__file__).parent / "results"
#: A part of a benchmark, from the options and a folder for its files: its figures.
Part = Callable[[argparse.Namespace, Path], dict[str, Any]]


def parser(text: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    options = argparse.ArgumentParser(description=text)
    options.add_argument("--quick", action="store_true", help="few repeats, to see that it runs")
    options.add_argument("--store", action="store_true", help="write benchmarks/results")
    options.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    options.add_argument("--seed", type=int, default=0)
    return options


def parse(options: argparse.ArgumentParser, arguments: list[str] | None) -> argparse.Namespace:
    """The options as given; torch takes as many threads as they say."""
    found = options.parse_args(arguments)
    torch.set_num_threads(found.threads)
    return found


def tell(name: str, figures: object) -> None:
    """Figures that are there before the others, for who waits."""
    print(name, figures, file=sys.stderr, flush=True)


#: The command line, as a person starts it, and with its own processor time for a clock.
STARTS = {
    "wall": ("-m", "levelset_core"),
    "processor": (
        "-c",
        "import sys, time; time.perf_counter = time.process_time; "
        "from levelset_core.cli import main; sys.exit(main())",
    ),
}


def command(
    verb: str, source: Path, output: Path, *, clock: str = "wall", **flags: object
) -> dict[str, Any]:
    """Run the command line; what it tells with ``--json``.

    With the clock "processor" its seconds are those of a machine that has nothing else to do, if it
    takes one thread: so a machine that others use measures too.
    """
    words = [sys.executable, *STARTS[clock], verb, str(source), "-o", str(output), "--json"]
    for name, value in flags.items():
        words += [f"--{name}", str(value)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@contextmanager
def served(script: Path | None = None) -> Iterator[tuple[Any, Any]]:
    """A server of the app, or of another script, and a browser: (server, browser)."""
    from playwright.sync_api import sync_playwright

    from tests.e2e.browsers import ARGUMENTS, find_chromium
    from tests.e2e.servers import Server

    chromium = find_chromium()
    with Server(script) if script else Server() as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield app, browser
        browser.close()


def interleave(repeats: int, **runs: Callable[[], object]) -> dict[str, float]:
    """Median seconds of every run, all of them taken in turn so that they share the weather."""
    device = pick_device()
    times: dict[str, list[float]] = {name: [] for name in runs}
    for k in range(repeats + 2):  # two rounds to warm up
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if k >= 2:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def report(
    name: str, options: argparse.Namespace, figures: dict[str, Any], required: dict[str, float],
    further: Sequence[str] = (), file: str | None = None, dates: Mapping[str, str] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Print the figures and, with --store, write them to ``results/<name>.json``, or to ``file``.

    ``further`` are options of this benchmark alone, as they were given; ``dates`` those of parts.
    """
    flags = [f"--{k}" for k in ("quick", "store") if getattr(options, k)]
    command = ["python", "-m", f"benchmarks.{name}", *flags]
    command += ["--threads", str(options.threads), "--seed", str(options.seed), *further]
    device = describe_device(pick_device())
    result = {
        "benchmark": name,
        "date": datetime.date.today().isoformat(),
        "command": shlex.join(command),
        "machine": {
            "cpu": describe_cpu(),
            "cores": os.cpu_count(),
            "device": device,
            "load": round(os.getloadavg()[2], 1),  # of 15 minutes: above the threads, others ran
        },
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": options.threads,
        "seed": options.seed,
        "required": required,
        "figures": figures,
    }
    if dates:
        result["dates"] = dict(dates)
    print(json.dumps(result, indent=2))
    if options.store:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / (file or f"{name}.json")).write_text(json.dumps(result, indent=2) + "\n")
    return result


def stored(name: str) -> dict[str, Any]:
    """The figures in ``results/<name>.json``, none if there is no such file."""
    figures: dict[str, Any] = _file(name).get("figures", {})
    return figures


def _file(name: str) -> dict[str, Any]:
    path = RESULTS / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def report_parts(
    name: str, options: argparse.Namespace, parts: Mapping[str, Part], required: dict[str, float],
    further: Sequence[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Measure the parts of ``options.only``; stored figures of the others stay as they were."""
    with tempfile.TemporaryDirectory() as folder:
        figures = {part: parts[part](options, Path(folder)) for part in options.only.split(",")}
    dates = dict.fromkeys(figures, datetime.date.today().isoformat())
    if options.store:
        old = _file(name)
        dates = old.get("dates", dict.fromkeys(stored(name), old.get("date", ""))) | dates
        figures = stored(name) | figures
    further = ["--only", options.only, *further]
    return report(name, options, figures, required, further, dates=dates)

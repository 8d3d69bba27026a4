"""Results of the few-samples experiment: the table, and the files that a page shows and a person
cites.
"""

from __future__ import annotations

import datetime
import json
import math
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import stdtrit

from levelset_core.device import describe_cpu
from levelset_core.errors import LevelsetError
from levelset_core.few_samples.config import ALIASES, CANDIDATES, LOSSES, GeneralizationConfig, Unit
from levelset_core.paths import ROOT

#: Of the stored results, below the program's folder.
RESULTS = ROOT / "docs" / "results"
PREFIX = "generalization_"


def command(config: GeneralizationConfig, fractions: Sequence[float] | None = None) -> str:
    """The command line that makes the figures of these settings, or of some fractions alone."""
    words = ["python -m levelset_core generalize", f"--data {config.data}"]
    default = GeneralizationConfig()
    if fractions is not None or config.fractions != default.fractions:
        chosen = config.fractions if fractions is None else fractions
        words.append("--fractions " + ",".join(f"{f:g}" for f in chosen))
    words.append(f"--repeats {config.repeats}")
    for name in ("tuning", "width", "depth", "steps", "batch", "seed"):
        if (value := getattr(config, name)) != getattr(default, name):
            words.append(f"--{name} {value}")
    if config.chosen is not None:
        words.append(f"--hyper-from docs/results/{PREFIX}{config.data}.json")
    if config.losses != default.losses:
        names = {key: name for name, key in ALIASES.items()}
        words.append("--loss " + ",".join(names.get(key, key) for key in config.losses))
    return " ".join(words)


def describe(
    config: GeneralizationConfig, rows: list[dict[str, Any]], *, classes: Sequence[str],
    source: str, total: int, seconds: float,
) -> dict[str, Any]:  # fmt: skip
    """Everything about a sweep, as plain values.

    Args:
        rows: of :func:`result_table`.
        classes: names of the ten, in order.
        source: of the images, in words.
        total: images of the training set, of which fractions are taken.
        seconds: of CPU time.
    """
    half = len(classes) // 2
    hidden = " - ".join([str(config.width)] * config.depth)
    return {
        "experiment": "generalization",
        "data": config.data,
        "source": source,
        "total": total,
        "note": "",
        "command": command(config),
        "date": datetime.date.today().isoformat(),
        "machine": {"cpu": describe_cpu()},
        "python": platform.python_version(),
        "torch": torch.__version__,
        "seed": config.seed,
        "cpu_seconds": round(seconds, 1),
        "network": f"MLP on pixels, {hidden} ReLU units, one output",
        "labels": {"-1": list(classes[:half]), "+1": list(classes[half:])},
        "candidates": CANDIDATES,
        "settings": {**config.to_dict(), "data_dir": None},
        "rows": rows,
    }


def write_result(result: dict[str, Any], folder: Path = RESULTS, note: str = "") -> Path:
    """Write ``generalization_<data>.json`` and the table of all such files beside it.

    ``note`` is what must be said beside these figures.
    """
    result = {**result, "note": note}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{PREFIX}{result['data']}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    found = read_results(folder)
    text = "\n".join(markdown(one) for one in found.values())
    (folder / "generalization.md").write_text(_HEAD + text, encoding="utf-8")
    return path


def read_results(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Data set -> result, for every file that :func:`write_result` wrote.

    Raises:
        LevelsetError: a file is damaged.
    """
    found = {}
    order = ["mnist", "fashion_mnist", "cifar10"]
    names = {path.stem.removeprefix(PREFIX): path for path in folder.glob(f"{PREFIX}*.json")}
    for name in sorted(names, key=lambda n: (order.index(n) if n in order else len(order), n)):
        try:
            found[name] = json.loads(names[name].read_text(encoding="utf-8"))
        except ValueError as error:
            raise LevelsetError(f"The stored result {names[name].name} is damaged.") from error
    return found


def chosen_numbers(result: dict[str, Any]) -> dict[str, list[int]]:
    """The candidates that a result's sweep chose, for :class:`GeneralizationConfig`.

    Raises:
        LevelsetError: they are not among the candidates of this version.
    """
    try:
        return {
            loss: [CANDIDATES[loss].index(row["losses"][loss]["hyper"]) for row in result["rows"]]
            for loss in result["settings"]["losses"]
        }
    except (KeyError, ValueError, TypeError) as error:
        raise LevelsetError(
            "The result's hyper-parameters are not among the candidates."
        ) from error


def hyper_text(hyper: dict[str, float]) -> str:
    """Chosen hyper-parameters in words."""
    words = {"lr": "rate", "weight_decay": "decay", "lam": "λ"}
    return ", ".join(f"{words[name]} {value:g}" for name, value in hyper.items())


def markdown(result: dict[str, Any]) -> str:
    """A result as a section with a table."""
    settings = result["settings"]
    merge = "; ".join(f"{sign}: {', '.join(names)}" for sign, names in result["labels"].items())
    lines = [
        f"## {result['data']}", "",
        f"{result['source']}. {result['note']}".strip(), "",
        f"`{result['command']}`, {result['date']}, {result['machine']['cpu']}, one thread, "
        f"{result['cpu_seconds'] / 60:.0f} CPU minutes, seed {result['seed']}. "
        f"{result['network']}; {settings['steps']} steps of {settings['batch']} images (AdamW). "
        f"Labels {merge}.", "",
        "| fraction | " + " | ".join(LOSSES[loss] for loss in settings["losses"])
        + " | geometric SVM - cross-entropy | geometric SVM - hinge |",
        "|---" * (len(settings["losses"]) + 3) + "|",
    ]  # fmt: skip
    for row in result["rows"]:
        cells = [f"{row['fraction']:g}"]
        for found in row["losses"].values():
            cells.append(f"{100 * found['mean']:.2f} ± {100 * found['sd']:.2f}")
        cells += [difference_text(row["ours_minus"].get(loss)) for loss in ("xent", "hinge")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def difference_text(found: dict[str, Any] | None) -> str:
    """A paired difference with its interval, in points of accuracy."""
    if found is None:
        return "–"
    text = f"{100 * found['mean']:+.2f}"
    if found["low"] is not None:
        text += f" [{100 * found['low']:+.2f}, {100 * found['high']:+.2f}]"
    return text


def verdict(found: dict[str, Any]) -> str:
    """What a paired difference says: "ahead", "behind", or "no difference seen"."""
    if found["low"] is None:
        return "one repeat tells nothing"
    if found["low"] > 0:
        return "ahead"
    return "behind" if found["high"] < 0 else "no difference seen"


_HEAD = """# Few samples (Sec. 5.1, Fig. 2)

Test accuracy in %, mean ± standard deviation over the repeats; differences are paired over the
repeats, with Student's 95 % interval. Written by `generalize --store`; see docs/choices.md for
what the paper leaves open. The hyper-parameters were chosen on held-out training images.

"""


#: Of the intervals.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Summary:
    """Of n numbers.

    Attributes:
        n: how many.
        mean, sd: sd is that of a sample (n - 1), 0 for a single number.
        low, high: Student's interval of the mean; infinite for a single number.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float | int | None]:
        """Plain values; what is infinite becomes None, as JSON has no such number."""
        return {k: v if math.isfinite(v) else None for k, v in asdict(self).items()}


def summarize(values: Sequence[float]) -> Summary:
    """Mean, standard deviation and mean +- t sd / sqrt(n), t of Student's n - 1 degrees."""
    x = np.asarray(values, dtype=np.float64)
    n, mean = len(x), float(x.mean())
    if n < 2:
        return Summary(n, mean, 0.0, -math.inf, math.inf)
    sd = float(x.std(ddof=1))
    half = float(stdtrit(n - 1, 0.5 + CONFIDENCE / 2)) * sd / math.sqrt(n)
    return Summary(n, mean, sd, mean - half, mean + half)


def paired(a: Sequence[float], b: Sequence[float]) -> Summary:
    """Of the differences a - b, pair by pair: what both share, such as the drawn data, cancels."""
    return summarize([p - q for p, q in zip(a, b, strict=True)])


def result_table(
    config: GeneralizationConfig,
    chosen: dict[tuple[str, float], int],
    accuracies: dict[Unit, float],
) -> list[dict[str, Any]]:
    """A row a fraction: every loss's summary, and the geometric SVM against the others, paired.

    Raises:
        LevelsetError: a unit is missing.
    """
    rows = []
    for fraction in config.fractions:
        units = {
            loss: [Unit(loss, fraction, part, chosen[loss, fraction]) for part in config.parts]
            for loss in config.losses
        }
        if missing := [u.name for own in units.values() for u in own if u not in accuracies]:
            raise LevelsetError(f"The sweep is not complete: {missing[0]} is missing.")
        found = {loss: [accuracies[unit] for unit in own] for loss, own in units.items()}
        losses, ours_minus = {}, {}
        for loss, values in found.items():
            hyper = CANDIDATES[loss][chosen[loss, fraction]]
            losses[loss] = {**summarize(values).as_dict(), "hyper": hyper, "accuracies": values}
            if "ours" in found and loss != "ours":
                ours_minus[loss] = paired(found["ours"], values).as_dict()
        rows.append({"fraction": fraction, "losses": losses, "ours_minus": ours_minus})
    return rows

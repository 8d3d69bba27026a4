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

from levelset_core.data.images import IMAGE_SETS
from levelset_core.device import describe_cpu
from levelset_core.errors import LevelsetError
from levelset_core.few_samples.config import (
    ALIASES,
    CANDIDATES,
    DOUBLINGS,
    LOSSES,
    GeneralizationConfig,
    Unit,
)
from levelset_core.few_samples.networks import COST, MODELS, describe_network
from levelset_core.paths import ROOT

#: Of the stored results, below the program's folder.
RESULTS = ROOT / "docs" / "results"
PREFIX = "generalization_"


def key_of(settings: dict[str, Any]) -> str:
    """Data set and what differs from the usual experiment, for a file: "mnist_convnet_odd-even"."""
    usual = GeneralizationConfig()
    names = ("model", "merge", "points", "until", "match")
    own = [settings[n] for n in names if settings.get(n, getattr(usual, n)) != getattr(usual, n)]
    return "_".join([settings["data"], *own])


def command(config: GeneralizationConfig, fractions: Sequence[float] | None = None) -> str:
    """The command line that makes the figures of these settings, or of some fractions alone."""
    words = ["python -m levelset_core generalize", f"--data {config.data}"]
    default = GeneralizationConfig()
    if fractions is not None or config.fractions != default.fractions:
        chosen = config.fractions if fractions is None else fractions
        words.append("--fractions " + ",".join(f"{f:g}" for f in chosen))
    words.append(f"--repeats {config.repeats}")
    for name in (
        "merge", "model", "points", "until", "match", "tuning", "width", "depth", "steps", "batch",
        "seed",
    ):  # fmt: skip
        if (value := getattr(config, name)) != getattr(default, name):
            words.append(f"--{name} {value}")
    if config.chosen is not None:
        words.append(f"--hyper-from docs/results/{PREFIX}{key_of(config.to_dict())}.json")
    if config.losses != default.losses:
        names = {key: name for name, key in ALIASES.items()}
        words.append("--loss " + ",".join(names.get(key, key) for key in config.losses))
    return " ".join(words)


def describe(
    config: GeneralizationConfig, rows: list[dict[str, Any]], *, labels: dict[str, list[str]],
    source: str, total: int, seconds: float,
) -> dict[str, Any]:  # fmt: skip
    """Everything about a sweep, as plain values.

    Args:
        rows: of :func:`result_table`.
        labels: names of the classes on either side.
        source: of the images, in words.
        total: images of the training set, of which fractions are taken.
        seconds: of CPU time.
    """
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
        "network": describe_network(config.model, config.to_dict()),
        "labels": labels,
        "candidates": CANDIDATES,
        "settings": {**config.to_dict(), "data_dir": None},
        "rows": rows,
    }


def write_result(result: dict[str, Any], folder: Path = RESULTS, note: str = "") -> Path:
    """Write ``generalization_<key>.json`` and the table of all such files beside it.

    The key is :func:`key_of` the settings; ``note`` is what must be said beside these figures.
    """
    result = {**result, "note": note}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{PREFIX}{key_of(result['settings'])}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    found = read_results(folder)
    text = "\n".join(markdown(one) for one in found.values())
    (folder / "generalization.md").write_text(_HEAD + text, encoding="utf-8")
    return path


def read_results(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Key -> result, for every file that :func:`write_result` wrote.

    Raises:
        LevelsetError: a file is damaged.
    """
    found = {}
    order = ["mnist", "fashion_mnist", "cifar10"]
    names = {path.stem.removeprefix(PREFIX): path for path in folder.glob(f"{PREFIX}*.json")}

    def place(name: str) -> tuple[int, str]:
        own = [k for k, data in enumerate(order) if name == data or name.startswith(f"{data}_")]
        return (own[0] if own and name != "mnist_excerpt" else len(order), name)

    for name in sorted(names, key=place):
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
        f"## {title(result)}", "",
        f"{result['source']}. {result['note']}".strip(), "",
        f"`{result['command']}`, {result['date']}, {result['machine']['cpu']}, one thread, "
        f"{result['cpu_seconds'] / 60:.0f} CPU minutes, seed {result['seed']}. "
        f"{result['network']}; {steps_text(settings)} of {settings['batch']} images (AdamW). "
        f"Labels {merge}.", "", conclusion(result), "",
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


def title(result: dict[str, Any]) -> str:
    """Data set and what differs from the usual experiment, for a person."""
    settings = {**GeneralizationConfig().to_dict(), **result["settings"]}
    words = [IMAGE_SETS.get(result["data"], result["data"])]
    if settings["model"] != "mlp":
        words.append(MODELS[settings["model"]])
    if settings["merge"] != "half":
        words.append(settings["merge"].replace("-", " against "))
    if settings["until"] == "converged":
        words.append("until converged")
    if settings["match"] == "compute":
        words.append("equal compute")
    if settings["points"] == "nearest":
        words.append("nearest points")
    return ", ".join(words)


def steps_text(settings: dict[str, Any]) -> str:
    """How long was trained, in words."""
    steps, model = settings["steps"], settings.get("model", "mlp")
    text = f"{steps} steps"
    if settings.get("match") == "compute":
        text += f" of the geometric SVM, {round(steps * COST[model])} of the others (equal compute)"
    if settings.get("until") == "converged":
        text += f", doubled up to {DOUBLINGS} times until the training images fit,"
    return text


def conclusion(result: dict[str, Any]) -> str:
    """What came out, in one sentence: ahead, level or behind, with its interval.

    The difference is each repeat's mean over the sizes of the training set, so that the interval
    is one of independent repeats.
    """
    rows = result["rows"]
    others = [loss for loss in result["settings"]["losses"] if loss != "ours"]
    if "ours" not in result["settings"]["losses"] or not others or not rows:
        return "There is nothing to compare: the geometric SVM and another loss are needed."
    words = []
    for loss in others:
        found = _over_sizes(rows, loss)
        place = {"ahead": "ahead of", "behind": "behind", "no difference seen": "level with"}
        said = place.get(verdict(found), "not to be told from")
        words.append(f"{said} {LOSSES[loss].lower()} ({difference_text(found)} points)")
    repeats = len(rows[0]["losses"]["ours"]["accuracies"])
    sizes = f"mean of {len(rows)} sizes" if len(rows) > 1 else "one size"
    text = f"The geometric SVM is {' and '.join(words)}: {sizes}, {repeats} repeats, 95% interval."
    lost = [row["losses"]["ours"].get("fallback") for row in rows]
    if all(share is not None for share in lost):
        text += f" {np.mean(lost):.1%} of its samples had no level set points (hinge of F instead)."
    return text


def in_short(result: dict[str, Any]) -> str:
    """The same for a first look: how many more of 100 test images are right."""
    rows, losses = result["rows"], result["settings"]["losses"]
    others = [loss for loss in losses if loss != "ours"]
    if "ours" not in losses or not others or not rows:
        return conclusion(result)
    words: list[str] = []
    for loss in others:
        found, name = _over_sizes(rows, loss), LOSSES[loss].lower()
        said, more = verdict(found), 100 * found["mean"]
        right = "" if words else " correctly"
        if said in ("ahead", "behind"):
            more_or_fewer = "more" if more > 0 else "fewer"
            words.append(f"{abs(more):.1f} {more_or_fewer}{right} than {name}")
        else:
            words.append(f"about as many{right} as {name}")
    where = f" (the average of {len(rows)} sizes)" if len(rows) > 1 else ""
    return f"Of 100 test images, the geometric SVM classifies {', and '.join(words)}{where}."


def _over_sizes(rows: list[dict[str, Any]], loss: str) -> dict[str, Any]:
    """The geometric SVM minus another loss, each repeat's mean over the sizes."""
    own, theirs = (
        np.mean([row["losses"][name]["accuracies"] for row in rows], axis=0)
        for name in ("ours", loss)
    )
    return dict(paired(own.tolist(), theirs.tolist()).as_dict())


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
repeats, with Student's 95% interval. Written by `generalize --store`; see docs/choices.md for
what the paper leaves open. The hyper-parameters were chosen on held-out training images.

"""


#: Means of a loss's units that join its row: share of training images that are right, steps taken,
#: share of samples without level set points.
DETAILS = ("fit", "steps", "fallback")
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
    details: dict[Unit, dict[str, float]] | None = None,
) -> list[dict[str, Any]]:
    """A row a fraction: every loss's summary, and the geometric SVM against the others, paired.

    Args:
        config, chosen, accuracies: what was asked for, chosen and found.
        details: what :func:`run_group` says of every unit besides; their means join the rows.

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
            for name in DETAILS:
                own = [(details or {}).get(unit, {}).get(name) for unit in units[loss]]
                if None not in own:
                    losses[loss][name] = float(np.mean([x for x in own if x is not None]))
            if "ours" in found and loss != "ours":
                ours_minus[loss] = paired(found["ours"], values).as_dict()
        rows.append({"fraction": fraction, "losses": losses, "ours_minus": ours_minus})
    return rows

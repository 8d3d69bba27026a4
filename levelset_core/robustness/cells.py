"""Cells of Table 1: an attack on a classifier, where its figure comes from, and how to get one."""

from __future__ import annotations

import dataclasses
import shlex
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from levelset_core.attacks import AttackConfig, paper_attack, share_interval
from levelset_core.classifiers.files import read_card, write_card
from levelset_core.data.images import data_set_of
from levelset_core.errors import LevelsetError
from levelset_core.robustness.kinds.attack import CELLS, EARLIER, MODEL
from levelset_core.robustness.measurements import largest
from levelset_core.robustness.models import KnownModel
from levelset_core.runs.files import read_json
from levelset_core.runs.folder import Run
from levelset_core.runs.starting import start
from levelset_core.runs.store import RunStore


@dataclass(frozen=True)
class Cell:
    """A figure, or one on its way.

    Attributes:
        digest: of the model's file.
        attack: what was done.
        data: name of the data set; "" in a card about other images.
        images: how many images the figure is about.
        standing: of them, right and still right under the attack.
        seed: of the attack's starts.
        state: "done", "running", "queued", "stopped", or "card" for a figure from a model's card.
        wanted: images that it will be about in the end.
        stages: share that stands after each part of AutoAttack.
        seconds: of the attack.
        source: where the images come from, in words.
        run_id: of the run, or None.
        machine, date: where and when.
        warnings: of AutoAttack's own checks.
        survivors: places of the images that stand, where that is known.
        subset_seed: of images drawn at random; None: they are the first ones.
    """

    digest: str
    attack: AttackConfig
    data: str
    images: int
    standing: int
    seed: int
    state: str
    wanted: int
    stages: dict[str, float]
    seconds: float
    source: str = ""
    run_id: str | None = None
    machine: str = ""
    date: str = ""
    warnings: tuple[str, ...] = ()
    survivors: tuple[int, ...] | None = None
    subset_seed: int | None = None

    @property
    def known(self) -> bool:
        """Whether it is final."""
        return self.state in ("done", "card")

    @property
    def accuracy(self) -> float | None:
        """Robust accuracy, of the images dealt with so far; None while there is none."""
        return self.standing / self.images if self.images else None

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the accuracy."""
        return share_interval(self.standing, self.images) if self.images else (0.0, 1.0)


def attack_command(
    model: str | Path,
    data: str,
    attack: AttackConfig,
    images: int,
    seed: int,
    subset_seed: int | None = None,
) -> str:
    """The command that gives the same figure."""
    words = ["python", "-m", "levelset_core", "attack", str(model), "--data", data]
    words += ["--attack", attack.attack]
    if attack.attack != "clean":
        words += ["--eps", repr(attack.epsilon)]
        words += ["--norm", attack.norm] * (attack.norm != "linf")
        words += ["--eot", str(attack.eot)] * (attack.eot != 1)
    if attack.attack.startswith("pgd"):
        words += ["--step", repr(attack.step), "--steps", str(attack.steps)]
        words += ["--restarts", str(attack.restarts)]
    words += ["--limit", str(images), "--seed", str(seed)]
    if subset_seed is not None:
        words += ["--subset-seed", str(subset_seed)]
    words.append("--json")
    return shlex.join(words)


def all_cells(store: RunStore, models: list[KnownModel]) -> list[Cell]:
    """Every cell that runs and cards know of these models, the newest first."""
    digests = {model.digest for model in models}
    found: list[Cell] = []
    for run in store.of_kind("attack"):
        with suppress(LevelsetError):
            found += [c for c in _cells_of(run) if c.digest in digests]
    return found + [cell for model in models for cell in _cells_of_card(model)]


def start_cells(
    store: RunStore,
    model: KnownModel,
    attacks: list[AttackConfig],
    *,
    data: str,
    images: int,
    seed: int = 0,
    subset_seed: int | None = None,
    name: str = "",
) -> Run:
    """Put the cells of one model in the queue.

    What a finished run of the same cells found on fewer of the images is taken over. A run of the
    same that works or waits already is returned instead. With ``subset_seed`` the images are drawn
    by it, not the first ones.

    Raises:
        LevelsetError: the settings do not fit, or the model's file is gone.
    """
    settings = {
        "cells": [dataclasses.asdict(a) for a in attacks],
        "data": data,
        "images": images,
        "subset_seed": subset_seed,
        "about": {"id": model.id, "title": model.title, "digest": model.digest},
    }
    inputs: dict[str, Path | bytes] = {MODEL: model.path}
    if (earlier := _earlier(store, settings, seed)) is not None:
        inputs[EARLIER] = earlier.checkpoint_file
    titles = dict.fromkeys(a.attack for a in attacks)
    return start(
        "attack", settings, inputs, seed=seed, store=store,
        name=name or f"{model.title}: {', '.join(titles)}",
    ).run  # fmt: skip


def add_to_card(path: Path, values: dict[str, Any]) -> None:
    """Keep a figure, as ``attack --json`` prints it, in the card beside a model.

    It takes the place of one of the same attack and seed on as many images of the same data set.

    Raises:
        LevelsetError: there is no card, or it is damaged.
    """
    card = read_card(path)
    names = [*(f.name for f in dataclasses.fields(AttackConfig)), "seed", "images", "subset_seed"]

    def question(cell: dict[str, Any]) -> list[Any]:
        values = {"norm": "linf", "eot": 1, **cell}
        return [data_set_of(str(cell.get("data", ""))), *(values.get(name) for name in names)]

    others = [c for c in card.get("cells") or [] if question(c) != question(values)]
    write_card(path, {**card, "cells": [*others, values]})


def _earlier(store: RunStore, settings: dict[str, Any], seed: int) -> Run | None:
    """The largest finished run of the same cells on fewer images."""

    def fits(run: Run) -> bool:
        own = run.config.settings
        return bool(
            run.config.seed == seed
            and own.get("subset_seed") is settings["subset_seed"] is None
            and (own["cells"], own["data"]) == (settings["cells"], settings["data"])
            and own["about"].get("digest") == settings["about"]["digest"]
            and own["images"] < settings["images"]
            and run.checkpoint_file.exists()
        )

    return largest(run for run in store.of_kind("attack") if fits(run))


def _cells_of(run: Run) -> list[Cell]:
    status = run.status()
    if status.state == "done":
        return _finished(run.path)
    begun: list[dict[str, Any]] = []
    with suppress(LevelsetError, KeyError):
        begun = read_json(run.artifacts / CELLS)["cells"]
    cells = []
    for k, attack in enumerate(run.config.settings["cells"]):
        values = begun[k] if k < len(begun) else {}
        done = bool(values.get("done"))
        state = "done" if done else status.state if status.active else "stopped"
        images = values["images"] if done else values.get("attacked", 0)
        cells.append(_cell(run, attack, values, state, images))
    return cells


@lru_cache(maxsize=1000)
def _finished(path: Path) -> list[Cell]:
    """Of a run that is done: it never changes any more."""
    run = Run(path)
    result = run.result()
    if result is None:
        return []
    told = {
        "source": result.get("data", ""), "machine": result.get("machine", ""),
        "date": result.get("date", ""),
    }  # fmt: skip
    cells = []
    for attack, values in zip(run.config.settings["cells"], result["cells"], strict=True):
        cell = _cell(run, attack, values, "done", values["images"])
        warnings = tuple(values.get("warnings", ()))
        cell = dataclasses.replace(cell, wanted=cell.images, warnings=warnings, **told)
        cells += [cell, as_clean(cell, values["clean_accuracy"])]
    return cells


def _cell(
    run: Run, attack: dict[str, Any], values: dict[str, Any], state: str, images: int
) -> Cell:
    """A cell of a run, from the values that its attack has found so far."""
    settings = run.config.settings
    return Cell(
        settings["about"].get("digest", ""), AttackConfig(**attack), settings["data"], images,
        values.get("standing", 0), run.config.seed, state, settings["images"],
        values.get("stages", {}), values.get("seconds", 0.0), run_id=run.id,
        survivors=_survivors(values), subset_seed=settings.get("subset_seed"),
    )  # fmt: skip


def _survivors(values: dict[str, Any]) -> tuple[int, ...] | None:
    places = values.get("survivors")
    return None if places is None else tuple(int(place) for place in places)


def as_clean(cell: Cell, accuracy: float) -> Cell:
    """The accuracy without an attack, which every attack finds on its way."""
    return dataclasses.replace(
        cell, attack=paper_attack("clean", 1), standing=round(accuracy * cell.images), stages={},
        seconds=0.0, warnings=(), survivors=None,
    )  # fmt: skip


def attack_of(values: dict[str, Any]) -> AttackConfig:
    """The attack of a card's figure; cards before 2026-12 know no norm and no EoT.

    Raises:
        KeyError: another setting is missing.
        LevelsetError: one does not fit.
    """
    later = {"norm": "linf", "eot": 1}
    names = (field.name for field in dataclasses.fields(AttackConfig))
    return AttackConfig(**{k: values.get(k, later[k]) if k in later else values[k] for k in names})


def _cells_of_card(model: KnownModel) -> list[Cell]:
    """A card's "figures", and its list "cells" if there is one: values of ``attack --json``."""
    card, cells = model.card, []
    for values in [card.get("figures"), *(card.get("cells") or [])]:
        with suppress(LevelsetError, KeyError, TypeError, ValueError, AttributeError):
            attack = attack_of(values)
            images = int(values["images"])
            source = str(values.get("data") or card.get("test_data", ""))
            cell = Cell(
                model.digest, attack, data_set_of(source), images,
                round(values["robust_accuracy"] * images),
                int(values.get("seed", 0)), "card", images, values.get("stages", {}),
                float(values.get("seconds", 0.0)), source=source,
                machine=str(values.get("machine") or card.get("machine", "")),
                date=str(values.get("date") or card.get("date", "")),
                warnings=tuple(values.get("warnings", ())), survivors=_survivors(values),
                subset_seed=values.get("subset_seed"),
            )  # fmt: skip
            cells += [cell, as_clean(cell, values["clean_accuracy"])]
    return cells

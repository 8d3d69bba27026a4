"""Kinds of runs: how to build the trainer of a run, and what to keep of its work.

A new kind is a module with a ``KIND``, named in ``KINDS``. Modules of your own are found through
``$LEVELSET_RUN_KINDS``, a comma-separated list of importable names.
"""

from __future__ import annotations

import importlib
import os

from levelset_core.errors import LevelsetError
from levelset_core.runs.kinds.base import Goal, Kind, Metric, Trainer

__all__ = ["KINDS", "Goal", "Kind", "Metric", "Trainer", "get_kind", "kind_title"]

#: Name of a kind -> the module that holds it as ``KIND``.
KINDS: dict[str, str] = {
    name: f"levelset_core.runs.kinds.{name}"
    for name in (
        "reconstruct", "curve", "poisson", "atlasnet", "generalize",
        "robust", "attack", "masking", "transfer", "distances", "survey",
    )
}  # fmt: skip


def get_kind(name: str) -> Kind:
    """The kind called ``name``.

    Raises:
        LevelsetError: there is none.
    """
    if name in KINDS:
        return _kind_of(KINDS[name])
    others = [text.strip() for text in os.environ.get("LEVELSET_RUN_KINDS", "").split(",")]
    for module in filter(None, others):
        kind = _kind_of(module)
        if kind.name == name:
            return kind
    raise LevelsetError(f"This program knows no runs of kind {name!r}.")


def kind_title(name: str) -> str:
    """What people call the kind; its name where this program does not know it."""
    try:
        return get_kind(name).title
    except LevelsetError:
        return name


def _kind_of(module: str) -> Kind:
    try:
        kind: Kind = importlib.import_module(module).KIND
    except (ImportError, AttributeError) as error:
        raise LevelsetError(
            f"The kinds of $LEVELSET_RUN_KINDS cannot be loaded: {error}"
        ) from error
    return kind

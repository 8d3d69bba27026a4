"""Settings and results of runs in words; what each is called in files stands in its hint."""

from __future__ import annotations

import json
from typing import Any

from levelset_core.attacks.config import AttackConfig
from levelset_core.data.images import IMAGE_SETS
from levelset_core.few_samples.binary_images import MERGES
from levelset_core.few_samples.config import LOSSES, GeneralizationConfig
from levelset_core.few_samples.networks import MODELS
from levelset_core.reconstruction.atlasnet import AtlasNetConfig
from levelset_core.reconstruction.config import ReconstructionConfig
from levelset_core.robustness.config import RobustConfig
from levelset_core.robustness.models import METHOD_TITLES, NETWORK_TITLES
from levelset_core.robustness.table import COLUMNS
from levelset_core.runs import Run
from levelset_core.settings import Settings

#: Symbols, which have no capitals here.
GREEK = "βελρ"
#: Longer texts are cut.
LONGEST = 60
#: Where the helps of a kind's settings are.
HELPS: dict[str, type[Settings]] = {
    "robust": RobustConfig, "reconstruct": ReconstructionConfig, "curve": ReconstructionConfig,
    "atlasnet": AtlasNetConfig, "generalize": GeneralizationConfig,
}  # fmt: skip
#: Of values within others: what they belong to; empty where that goes without saying.
GROUPS = {
    "config": "", "about": "", "cells": "Attack", "attack": "Attack", "models": "Network",
    "comparison": "Comparison", "solid": "Surface", "survey": "Points", "source": "Source",
    "broken": "",
}  # fmt: skip
#: By the last part of a setting's name; others are their names.
NAMES = {
    "lr": "learning rate", "lam": "λ", "epsilon": "ε", "batch": "images per step",
    "epochs": "epochs", "beta": "β of TRADES", "eot": "draws per gradient",
    "watch": "test images in the charts", "watch_epsilon": "ε to withstand",
    "test_limit": "test images of the result", "warmup_epochs": "epochs in which ε grows",
    "epsilon_start": "ε at the start", "epsilon_wrong": "ε of wrong images",
    "standard_epochs": "first epochs of usual training", "schedule": "learning rate over time",
    "attack_step": "first PGD step", "attack_steps": "PGD steps",
    "attack_step_wrong": "first PGD step, wrong images",
    "attack_shrink": "each PGD step over the one before", "replays": "further steps on a batch",
    "weight_correct": "λ of right images", "weight_attacked": "weight of attacked images",
    "weight_clean": "weight of images as they are", "clean_epochs": "epochs until it is 0",
    "weight_boundary": "weight of level set points", "partner": "loss on attacked images",
    "search": "PGD changes", "points": "level set points", "distance": "distance in the loss",
    "distance_decay": "decay with the distance", "margin_temperature": "softness of the margin",
    "first_crossing": "PGD stops beyond the boundary", "augment": "crops and mirror images",
    "affine": "rotations and shifts", "mixed": "half precision", "half": "half precision",
    "data": "image set", "images": "number of images", "data_dir": "folder of the images",
    "limit": "training images at most",
    "command": "started by", "tuning": "repeats to choose hyper-parameters",
    "merge": "the two classes", "fractions": "shares of the training set",
    "until": "trained for", "match": "the losses have alike", "chosen": "hyper-parameters given",
    "octaves": "octaves of sines and cosines", "slope": "slope at the start",
    "matrix_rate": "learning rate of Muon", "final_rate": "last learning rate over the highest",
    "data_batch": "points of the cloud per step", "projected": "samples of S₀ per step",
    "persistent": "samples kept from step to step", "near": "samples near the cloud per step",
    "near_sigmas": "how near they are drawn", "start_sigma": "where samples of S₀ begin",
    "newton_steps": "Newton steps", "newton_tol": "|F| that counts as 0", "p": "power p of Eq. 13",
    "normals_weight": "weight of the normals", "warm_share": "share of time for the first shape",
    "anchors": "places held to the first shape", "anchor_weight": "their weight",
    "side_weight": "weight of the wrong side", "outliers": "leave out outliers",
    "outlier_ratio": "an outlier is so many times as far", "trim": "cut so far from the points",
    "refine": "local features at the end", "resolution": "grid of the result",
    "skip": "x enters every layer", "up": "points upwards",
    "digest": "fingerprint", "label": "what it is", "subset_seed": "seed of drawn images",
    "euler": "Euler characteristic", "genus": "holes through it (genus)",
    "chamfer_l1": "Chamfer L1 × 1000", "chamfer_l2": "Chamfer L2 × 1000", "f_score": "F-score",
    "f": "F", "told": "in words", "broken_xent": "images broken by cross-entropy PGD",
    "broken_margin": "images broken by margin PGD",
}  # fmt: skip
#: Of settings whose values are names of this program's.
VALUES: dict[str, dict[str, str]] = {
    "method": METHOD_TITLES, "model": NETWORK_TITLES | MODELS, "data": IMAGE_SETS,
    "merge": MERGES, "losses": LOSSES, "attack": {c.attack: c.title for c in COLUMNS},
    "until": {"steps": "a fixed number of steps", "converged": "until the training images fit"},
    "match": {"steps": "the number of steps", "compute": "the compute"},
    "points": {"newton": "Newton's", "nearest": "nearest", "pgd": "where PGD crosses"},
    "optimizer": {"muon": "Muon and Adam", "adam": "Adam"},
    "search": {"xent": "cross-entropy", "margin": "output margin"},
    "partner": {"madry": "cross-entropy (Madry)", "trades": "divergence (TRADES)"},
    "schedule": {"cycle": "up, then down to 0", "halve": "halved twice"},
    "distance": {"linf": "L∞", "l2": "L2", "rho": "ρ"}, "norm": {"linf": "L∞", "l2": "L2"},
}  # fmt: skip


def name_of(key: str) -> str:
    """In words: "config.octaves" is "Octaves of sines and cosines"."""
    *groups, last = key.split(".")
    words: list[str] = []
    for part in groups:
        if part.isdigit() and words:
            words[-1] += f" {part}"
        elif group := GROUPS.get(part, part.replace("_", " ")):
            words.append(group)
    text = ", ".join(words) + (": " if words else "") + NAMES.get(last, last.replace("_", " "))
    return text if text[0] in GREEK else text[0].upper() + text[1:]


def hint_of(key: str, kind: str) -> str:
    """What a setting is called in files, and what it does, as the command line says it."""
    *groups, last = key.split(".")
    of_attack = any(group in ("cells", "attack") for group in groups)
    settings = AttackConfig if of_attack else HELPS.get(kind)
    rules = {} if settings is None else dict(settings.rules())
    about = f" {rules[last].help.replace('%%', '%')}." if last in rules else ""
    return f"In files: {key}.{about[:2].upper()}{about[2:]}"


def value_text(key: str, value: Any) -> str:
    """A value of this name in words."""
    known = VALUES.get(key.split(".")[-1], {})
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}".replace("-", "−")
    if value is None:
        return "–"
    if isinstance(value, list) and value and not any(isinstance(v, list | dict) for v in value):
        value = ", ".join(known.get(v, v) if isinstance(v, str) else json.dumps(v) for v in value)
    text = known.get(value, value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}…"


def note_of(run: Run) -> str:
    """What a person has to know to read a run's charts; empty where there is nothing."""
    settings = run.config.settings
    wanted, trained = settings.get("watch_epsilon"), settings.get("epsilon")
    if run.config.kind != "robust" or wanted is None or not trained or trained <= wanted:
        return ""
    return (
        f"Two ε: the network is to withstand {wanted:g}, which the charts of Train here attack it "
        f"with. Its training goes further: there ε grows to {trained:g}."
    )

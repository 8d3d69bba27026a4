"""Adversarial images of a run that attacked: they are in its checkpoint."""

from __future__ import annotations

import numpy as np
import torch

from levelset_core.attacks import AttackConfig
from levelset_core.attacks.pictures import adversarial_arrays
from levelset_core.errors import LevelsetError
from levelset_core.robustness.kinds.attack import MODEL
from levelset_core.robustness.measure import network_for, test_images
from levelset_core.runs.checkpoints import load_checkpoint
from levelset_core.runs.folder import Run


def broken_images(run: Run, attack: AttackConfig) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """What an attack of a run broke, see
    :func:`levelset_core.attacks.pictures.adversarial_arrays`; the classes' names.

    Raises:
        LevelsetError: the run has no such attack, or has lost its checkpoint.
    """
    settings = run.config.settings
    cells = enumerate(settings["cells"])
    places = [k for k, cell in cells if AttackConfig(**cell) == attack]
    if not places or not run.checkpoint_file.exists():
        raise LevelsetError(f"The run {run.id} has no images of this attack any more.")
    data = test_images(settings)
    saved = load_checkpoint(run.checkpoint_file)["trainer"]["cells"][places[0]]
    known = len(saved["broken_by"])
    arrays = adversarial_arrays(
        network_for(run, MODEL, data).to(torch.device("cpu")), data.first(known), saved["found"],
        saved["broken_by"] > 0,
    )  # fmt: skip
    return arrays, data.classes

"""Runs that train a robust classifier (Sec. 3.2, 5.2)."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from levelset_core.attacks import evaluate_attack, paper_attack
from levelset_core.classifiers.files import load_classifier, save_classifier
from levelset_core.data.images import load_images
from levelset_core.errors import LevelsetError
from levelset_core.processes import local_device
from levelset_core.robustness.config import RobustConfig
from levelset_core.robustness.measure import check_types, how_obtained
from levelset_core.robustness.trainer import RobustSnapshot, RobustTrainer
from levelset_core.robustness.watch import Watch, looks_to_arrays
from levelset_core.runs.files import replacing, write_arrays
from levelset_core.runs.folder import Run
from levelset_core.runs.kinds import Goal, Kind, Metric, Trainer

#: Settings besides those of :class:`RobustConfig`, and their types.
EXTRA: dict[str, type] = {
    "data": str, "data_dir": str, "limit": int, "test_limit": int, "command": str,
    "start_from": str, "watch": int, "watch_epsilon": float, "half": bool,
    "epochs_before": float,
}  # fmt: skip
#: With the setting "watch", so many test images are looked at after every epoch, attacked within
#: "watch_epsilon" (default: the training's epsilon); the artifact holds what was seen.
LOOKS = "looks.npz"
#: A starting network among the run's inputs.
START = "start.safetensors"
TEST_IMAGES = 1000


class RobustKind(Kind):
    """A robust training; its result is ``model.safetensors`` and its card."""

    name = "robust"
    title = "Robust classifier"
    metrics = {  # noqa: RUF012
        "loss": Metric("Loss"),
        "right": Metric("Share right, no attack"),
        "robust": Metric("Share right under the training's attack"),
        "found": Metric("Share with a level set point found"),
        "epoch": Metric("Epoch"),
        "epsilon": Metric("ε of the training"),
        "learning_rate": Metric("Learning rate"),
    }
    preview_every = 1.0
    shared = True

    def check(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Complete settings: those of :class:`RobustConfig`, and where the images are."""
        own = {k: v for k, v in settings.items() if k not in EXTRA}
        extra = {k: v for k, v in settings.items() if k in EXTRA}
        check_types(extra, EXTRA)
        try:
            config = RobustConfig(**own)
        except TypeError as error:
            raise LevelsetError(f"A setting is unknown: {error}.") from error
        return {**config.as_dict(), "data": "mnist", **extra}

    def build(self, run: Run) -> Trainer:
        """The trainer, at its start."""
        settings = run.config.settings
        data = load_images(settings["data"], "train", data_dir=settings.get("data_dir"))
        start = run.inputs / START
        weights = _weights(start) if start.exists() else None
        config = RobustConfig(**{k: v for k, v in settings.items() if k not in EXTRA})
        device = local_device(torch.device(run.config.device))
        watch = None
        if settings.get("watch"):
            test = load_images(settings["data"], "test", data_dir=settings.get("data_dir"))
            epsilon = settings.get("watch_epsilon")
            epsilon = config.epsilon if epsilon is None else epsilon
            watch = Watch(test.first(settings["watch"]), epsilon, device)
        return RobustTrainer(
            config, data.first(settings.get("limit")), seed=run.config.seed, device=device,
            weights=weights, watch=watch,
        )  # fmt: skip

    def goal(self, run: Run, trainer: Any) -> Goal:
        """Its epochs, or fewer steps or seconds if the run says so."""
        steps = trainer.steps if run.config.steps is None else run.config.steps
        return Goal(min(steps, trainer.steps), run.config.seconds)

    def row(self, snapshot: RobustSnapshot) -> dict[str, Any] | None:
        """Loss and shares of the batch."""
        return {
            "epoch": round(snapshot.epoch, 4),
            **{name: _number(getattr(snapshot, name)) for name in self.metrics},
            "epsilon": snapshot.epsilon,
            "learning_rate": snapshot.learning_rate,
        }

    def preview(self, run: Run, trainer: RobustTrainer) -> None:
        """Write what was seen so far."""
        if trainer.looks:
            write_arrays(run.artifacts / LOOKS, looks_to_arrays(trainer.looks))

    def finish(self, run: Run, trainer: RobustTrainer) -> dict[str, Any]:
        """Measure the network on test images and write it with its card."""
        self.preview(run, trainer)
        settings = run.config.settings
        test = load_images(settings["data"], "test", data_dir=settings.get("data_dir"))
        test = test.first(settings.get("test_limit") or TEST_IMAGES)
        attack = paper_attack("pgd-margin", test.shape[0])
        half = bool(settings.get("half"))
        if half:  # what is measured is what is stored
            trainer.network.half().float()
        report = evaluate_attack(
            trainer.network, test, attack, device=trainer.device, threads=run.config.threads
        )
        epochs = trainer.step / trainer.steps_an_epoch
        card = {
            "model": trainer.config.model,
            "method": trainer.config.method,
            "command": settings.get("command", ""),
            "data": f"{trainer.data.source}, {len(trainer.data)} images",
            "test_data": f"{test.source}, the first {len(test)} images",
            "started_from": settings.get("start_from") or "new weights",
            "epochs": epochs,
            "all_epochs": (settings.get("epochs_before") or 0.0) + epochs,
            "settings": trainer.config.as_dict(),
            "stored_in": "half precision" if half else "single precision",
            "seconds": round(run.status().seconds, 1),
            **how_obtained(run),
            "figures": report.as_dict(),
        }
        with replacing(run.artifacts / "model.safetensors") as path:
            save_classifier(
                path, trainer.network, trainer.config.model, trainer.data.shape,
                len(trainer.data.classes), card, half=half,
            )  # fmt: skip
        return card


def _weights(path: Path) -> dict[str, Any]:
    """Of a classifier to start from."""
    classifier = load_classifier(path)
    if classifier.normalization is not None:
        raise LevelsetError(
            f"{path.name} wants normalized pixels ({classifier.normalization}), a training here "
            "takes pixels in [0, 1]: start from another network."
        )
    return classifier.network.state_dict()


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


KIND = RobustKind

"""An attack of hours in one file, so that it can be cut off and go on, or go on to more images."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict
from pathlib import Path

from levelset_core.attacks import Evaluation
from levelset_core.errors import LevelsetError
from levelset_core.runs.checkpoints import load_checkpoint, save_checkpoint

#: Seconds between two writes.
EVERY = 60.0


class Resumed:
    """Keeps an evaluation in a file.

    Args:
        file: where; it need not be there yet.
        model: the attacked network's file: the work belongs to exactly these weights.
        evaluation: the attack.
    """

    def __init__(self, file: Path, model: Path, evaluation: Evaluation) -> None:
        self.file, self.evaluation = file, evaluation
        places = evaluation.data.places
        self.about = {
            "attack": asdict(evaluation.attack),
            "seed": evaluation.seed,
            "model": hashlib.blake2b(model.read_bytes(), digest_size=12).hexdigest(),
            "data": evaluation.data.name,
            "images": None if places is None else places.tolist(),
        }
        self.written = time.monotonic()

    def restore(self) -> None:
        """Go on from the file, if it is there.

        Raises:
            LevelsetError: it is damaged, of another attack, seed, model or data, or about more
                images.
        """
        if not self.file.exists():
            return
        kept = load_checkpoint(self.file)
        about = kept.get("about", {})
        for name, value in self.about.items():
            if about.get(name) != value:
                raise LevelsetError(
                    f"{self.file.name} has work of another {name}: give another file."
                )
        if len(kept["evaluation"]["broken_by"]) > len(self.evaluation.data):
            raise LevelsetError(f"{self.file.name} is about more images: raise --limit.")
        self.evaluation.restore(kept["evaluation"])

    def save(self, now: bool = False) -> None:
        """Write the file, if that is long ago or ``now``."""
        if now or time.monotonic() - self.written > EVERY:
            save_checkpoint(
                self.file, {"about": self.about, "evaluation": self.evaluation.checkpoint()}
            )
            self.written = time.monotonic()

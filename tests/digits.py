"""A small classifier of digits, trained within seconds on the bundled excerpt."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from levelset_core.classifiers.files import Classifier, save_classifier, write_card
from levelset_core.data.images import load_images
from levelset_core.robustness.config import RobustConfig
from levelset_core.robustness.models import keep_uploaded_file, weights_digest
from levelset_core.robustness.trainer import RobustTrainer
from levelset_core.robustness.uploads import file_of
from levelset_core.runs import RunStore

SHAPE, CLASSES = (1, 28, 28), 10


def small_network(images: int = 320, seed: int = 0) -> nn.Module:
    """Ten steps of plain training: right on half of the test images, or about that."""
    config = RobustConfig(method="standard", epochs=1, batch=32, attack_steps=0)
    data = load_images("mnist_excerpt", "train").first(images)
    trainer = RobustTrainer(config, data, seed=seed, device=torch.device("cpu"))
    for _ in trainer:
        pass
    return trainer.network.eval().to(memory_format=torch.contiguous_format)


def save_small(path: Path, network: nn.Module, **card) -> Path:
    """As ``train-robust`` does, with its card beside it."""
    card = {"method": "standard", "data": "MNIST train, the first 320 images", **card}
    save_classifier(path, network, "convnet4a", SHAPE, CLASSES, card)
    write_card(path, card)
    return path


def keep_upload(classifier: Classifier, name: str, card: dict, store: RunStore) -> str:
    """Keep a classifier among the known ones as the page does; returns its id."""
    content = file_of(classifier)
    return keep_uploaded_file(weights_digest(classifier), content, name, card, store)

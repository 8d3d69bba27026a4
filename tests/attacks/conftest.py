from __future__ import annotations

import pytest
import torch

from levelset_core.classifiers.architectures import make_classifier
from levelset_core.data.images import ImageSet
from levelset_core.random import torch_generator


@pytest.fixture(scope="session")
def tiny():
    """A small classifier of 16 x 16 images, and images that it gets right."""
    network = make_classifier("convnet4a", (1, 16, 16), 10, seed=3).eval()
    pixels = torch.randint(256, (96, 1, 16, 16), generator=torch_generator(0), dtype=torch.uint8)
    with torch.no_grad():
        labels = network(pixels.float() / 255).argmax(1)
    labels[::12] = (labels[::12] + 1) % 10  # but for some
    return network, ImageSet("tiny", pixels, labels, tuple("0123456789"), "random pixels")

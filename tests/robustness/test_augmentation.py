"""Random variants of training images."""

from __future__ import annotations

import pytest
import torch

from levelset_core.random import torch_generator
from levelset_core.robustness import trainer
from levelset_core.robustness.trainer import random_affine as moved
from levelset_core.robustness.trainer import random_crop as shifted


def test_crops_and_mirrors_are_those_of_a_padded_image():
    x = torch.arange(3 * 2 * 5 * 6, dtype=torch.float32).reshape(3, 2, 5, 6) + 1
    out = shifted(x, torch_generator(5), padding=1)
    assert out.shape == x.shape
    padded = torch.nn.functional.pad(x, (1, 1, 1, 1))
    for image, source in zip(out, padded, strict=True):
        crops = [
            crop
            for top in range(3)
            for left in range(3)
            for crop in [source[:, top : top + 5, left : left + 6]]
        ]
        assert any(torch.equal(image, c) or torch.equal(image, c.flip(-1)) for c in crops)


def blob(n, sigma=(2.0, 4.0)):
    """An ellipse of grey around the middle, long in y, (n, 1, 28, 28)."""
    x = torch.arange(28) - 13.5
    image = torch.exp(-0.5 * ((x[None, :] / sigma[0]) ** 2 + (x[:, None] / sigma[1]) ** 2))
    return image.expand(n, 1, 28, 28).contiguous()


def moments(images):
    """Centres, (n, 2), and long half axes with their angles to y, (n,), in pixels and degrees."""
    x = torch.arange(28) - 13.5
    places = torch.stack(torch.meshgrid(x, x, indexing="xy"), -1).reshape(-1, 2)
    weights = images.flatten(1) / images.flatten(1).sum(1, keepdim=True)
    centres = weights @ places
    away = places[None] - centres[:, None]
    spread = torch.einsum("np,npi,npj->nij", weights, away, away)
    values, vectors = torch.linalg.eigh(spread)
    axis = vectors[:, :, 1]
    angles = torch.rad2deg(torch.atan(axis[:, 0] / axis[:, 1]))
    return centres, values[:, 1].sqrt(), angles


def test_moved_images_turn_scale_and_shift_as_far_as_they_say():
    centres, long, angles = moments(moved(blob(400), torch_generator(0)))
    # The shift is in the image's own, turned and scaled axes.
    for values, least, most, beyond in (
        (centres[:, 0], -1.5, 1.5, 0.43), (centres[:, 1], -1.5, 1.5, 0.43),
        (angles, -10.0, 10.0, 0.5), (long / 4.0, 1 / 1.1, 1 / 0.9, 0.02),
    ):  # fmt: skip
        near = 0.1 * (most - least)
        assert least - beyond <= values.min() < least + near
        assert most - near < values.max() <= most + beyond
    correlation = torch.corrcoef(torch.stack([*centres.T, long, angles])) - torch.eye(4)
    assert correlation.abs().max() < 0.15


def test_moved_by_nothing_is_the_image(monkeypatch):
    for name in ("TURN", "SCALE", "SHIFT"):
        monkeypatch.setattr(trainer, name, 0.0)
    x = torch.rand(3, 2, 6, 9, generator=torch_generator(1))
    torch.testing.assert_close(moved(x, torch_generator(2)), x, atol=1e-5, rtol=0)


def test_moved_images_stay_pixels():
    x = (torch.rand(20, 1, 28, 28, generator=torch_generator(3)) > 0.5).float()
    out = moved(x, torch_generator(4))
    assert out.min() == 0 and out.max() == 1  # bicubic overshoots
    with pytest.raises(AssertionError):
        torch.testing.assert_close(out, moved(x, torch_generator(5)))

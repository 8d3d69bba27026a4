"""Random variants of training images."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

#: The most that :func:`moved` turns, in degrees; scales, as a share; and shifts, in pixels.
TURN, SCALE, SHIFT = 10.0, 0.1, 1.5


def shifted(x: Tensor, generator: torch.Generator, padding: int = 4) -> Tensor:
    """Random crops of the padded images, half of them mirrored, (n, c, h, w)."""
    n, _, height, width = x.shape
    padded = nn.functional.pad(x, (padding,) * 4)
    top, left = torch.randint(2 * padding + 1, (2, n, 1), generator=generator).to(x.device)
    mirrored = (torch.rand(n, 1, generator=generator) < 0.5).to(x.device)
    columns = torch.arange(width, device=x.device)
    columns = left + torch.where(mirrored, columns.flip(0), columns)  # (n, w)
    rows = top + torch.arange(height, device=x.device)  # (n, h)
    image = torch.arange(n, device=x.device)[:, None, None]
    # Advanced indices around a slice put the channels last.
    return padded[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def moved(x: Tensor, generator: torch.Generator) -> Tensor:
    """Every image turned, scaled and shifted on its own, black coming in from outside.

    Uniform up to ``TURN``, ``SCALE`` and ``SHIFT``, bicubic, clamped to [0, 1]: (n, c, h, w).
    """
    n, _, height, width = x.shape
    turn, scale, right, down = torch.rand(4, n, generator=generator).mul_(2).sub_(1)
    turn, scale = turn * math.radians(TURN), 1 + SCALE * scale
    cos, sin = scale * turn.cos(), scale * turn.sin()
    right, down = right * SHIFT * 2 / width, down * SHIFT * 2 / height  # an image is 2 wide
    maps = torch.stack([cos, -sin, right, sin, cos, down], 1).view(n, 2, 3).to(x)
    grid = nn.functional.affine_grid(maps, list(x.shape), align_corners=False)
    result: Tensor = nn.functional.grid_sample(x, grid, mode="bicubic", align_corners=False)
    return result.clamp_(0, 1)

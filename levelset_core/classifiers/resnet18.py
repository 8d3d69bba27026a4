"""ResNet-18 for small images: torchvision's, with a 3 x 3 stem and without the first pooling."""

from __future__ import annotations

from torch import nn

from levelset_core.errors import LevelsetError


def resnet18(shape: tuple[int, int, int] = (3, 32, 32), classes: int = 10) -> nn.Module:
    """ResNet-18 (He et al., 2016) in the variant for 32 x 32: 11,173,962 parameters, as 11.2M.

    Args:
        shape: channels, height, width of the images.
        classes: outputs.

    Raises:
        LevelsetError: the images are too small.
    """
    from levelset_core._torchvision import torchvision

    channels, height, width = shape
    if min(height, width) < 8 or channels < 1:
        raise LevelsetError(f"The network needs images of at least 8 x 8, got shape {shape}.")
    network: nn.Module = torchvision.models.resnet18(weights=None, num_classes=classes)
    network.conv1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    return network

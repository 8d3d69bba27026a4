"""The classifiers of Sec. 5.2 by name: ConvNet-4a, ConvNet-4b and ResNet-18."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from levelset_core.errors import LevelsetError
from levelset_core.random import torch_generator
from levelset_core.settings import choose


class ConvNet(nn.Module):
    """Four convolutions, ``features``, and three fully connected layers, ``head``.

    Where a ReLU and a max pooling follow each other, the pooling comes first: they commute, and
    the ReLU then works on a quarter of the values.
    """

    def __init__(self, features: nn.Sequential, head: nn.Sequential) -> None:
        super().__init__()
        self.features, self.head = features, head

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (n, channels, height, width) -> (n, classes)."""
        logits: Tensor = self.head(self.features(x).flatten(1))
        return logits


def convnet4a(
    shape: tuple[int, int, int] = (1, 28, 28),
    classes: int = 10,
    *,
    linear_head: bool = False,
    width: int = 32,
) -> ConvNet:
    """ConvNet-4a: convolutions 32-32, 64-64 (3 x 3), each pair pooled, then 200-200-classes.

    312,202 parameters for MNIST, as the paper's 312K.

    Args:
        shape: channels, height, width of the images.
        classes: outputs.
        linear_head: without the two ReLUs of the head, as the authors' published MNIST models
            are (they were dropped by a duplicate name).
        width: channels of the first two convolutions, 32 in the paper; the other layers are
            wider or narrower alike.

    Raises:
        LevelsetError: the images are too small.
    """
    channels, rows, columns = shape
    _check_size(shape, 16)
    first, second = width, 2 * width
    flat = second * _pooled(rows) * _pooled(columns)
    features = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(channels, first, 3),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(first, first, 3),
            pool1=nn.MaxPool2d(2),
            relu2=nn.ReLU(),
            conv3=nn.Conv2d(first, second, 3),
            relu3=nn.ReLU(),
            conv4=nn.Conv2d(second, second, 3),
            pool2=nn.MaxPool2d(2),
            relu4=nn.ReLU(),
        )
    )
    return ConvNet(features, _head(flat, 25 * width // 4, classes, linear=linear_head))


def convnet4b(shape: tuple[int, int, int] = (3, 32, 32), classes: int = 10) -> ConvNet:
    """ConvNet-4b: convolutions 32 (3 x 3), 32 (4 x 4, stride 2), 64, 64, then 512-512-classes.

    2,466,858 parameters for CIFAR-10, as the paper's 2.5M.

    Args:
        shape, classes: as in :func:`convnet4a`.

    Raises:
        LevelsetError: the images are too small.
    """
    channels, height, width = shape
    _check_size(shape, 8)
    flat = 64 * (height // 4) * (width // 4)
    features = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(channels, 32, 3, padding=1),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(32, 32, 4, stride=2, padding=1),
            relu2=nn.ReLU(),
            conv3=nn.Conv2d(32, 64, 3, padding=1),
            relu3=nn.ReLU(),
            conv4=nn.Conv2d(64, 64, 4, stride=2, padding=1),
            relu4=nn.ReLU(),
        )
    )
    return ConvNet(features, _head(flat, 512, classes, linear=False))


def _head(flat: int, width: int, classes: int, *, linear: bool) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict(fc1=nn.Linear(flat, width))
    if not linear:
        layers["relu1"] = nn.ReLU()
    layers["fc2"] = nn.Linear(width, width)
    if not linear:
        layers["relu2"] = nn.ReLU()
    layers["fc3"] = nn.Linear(width, classes)
    return nn.Sequential(layers)


def _pooled(side: int) -> int:
    """Side after two rounds of two 3 x 3 convolutions and a 2 x 2 pooling."""
    return ((side - 4) // 2 - 4) // 2


def _check_size(shape: tuple[int, int, int], least: int) -> None:
    if min(shape[1:]) < least or shape[0] < 1:
        raise LevelsetError(
            f"The network needs images of at least {least} x {least}, got shape {shape}."
        )


def resnet18(shape: tuple[int, int, int] = (3, 32, 32), classes: int = 10) -> nn.Module:
    """ResNet-18 (He et al., 2016) in the variant for 32 x 32: 11,173,962 parameters, as 11.2M.

    Args:
        shape: channels, height, width of the images.
        classes: outputs.

    Raises:
        LevelsetError: the images are too small.
    """
    from levelset_core._torchvision import torchvision

    _check_size(shape, 8)
    network: nn.Module = torchvision.models.resnet18(weights=None, num_classes=classes)
    network.conv1 = nn.Conv2d(shape[0], 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    return network


#: Name -> network, from the images' shape and the number of classes.
CLASSIFIERS: dict[str, Callable[[tuple[int, int, int], int], nn.Module]] = {
    "convnet4a": convnet4a,
    "convnet4a_linear": partial(convnet4a, linear_head=True),
    "convnet4a_narrow": partial(convnet4a, width=8),
    "convnet4b": convnet4b,
    "resnet18": resnet18,
}


def make_classifier(
    name: str, shape: tuple[int, int, int], classes: int, *, seed: int = 0
) -> nn.Module:
    """A classifier with new weights.

    Convolutions and layers before a ReLU have W ~ N(0, 2 / in) (He et al., 2015), or the
    margin loss finds no level set point to begin with; the last layer W ~ N(0, 1 / in); b = 0.

    Args:
        name: one of ``CLASSIFIERS``.
        shape: channels, height, width of the images.
        classes: outputs.
        seed: of the weights.

    Raises:
        LevelsetError: unknown name, or images that are too small.
    """
    choose("model", name, CLASSIFIERS)
    network = CLASSIFIERS[name](shape, classes)
    initialize_classifier(network, seed)
    return network


@torch.no_grad()
def initialize_classifier(network: nn.Module, seed: int) -> None:
    """Draw the weights of a classifier in place; see :func:`make_classifier`."""
    generator = torch_generator(seed)
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    for layer in layers:
        fan_in = layer.weight[0].numel()
        variance = (2 if layer is not layers[-1] else 1) / fan_in
        layer.weight.normal_(0.0, math.sqrt(variance), generator=generator)
        if layer.bias is not None:
            layer.bias.zero_()

"""ConvNet-4a and ConvNet-4b, the small classifiers of Sec. 5.2, for images of any size."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from levelset_core.errors import LevelsetError


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

"""Honest networks: bundled ones, and many kinds trained for seconds on the bundled digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import torch
from torch import nn
from torch.nn.functional import cross_entropy, mse_loss, one_hot

from levelset_core.attacks import pgd
from levelset_core.classifiers.architectures import make_classifier
from levelset_core.classifiers.files import load_classifier
from levelset_core.data.images import ImageSet, load_images
from levelset_core.paths import CHECKPOINTS
from levelset_core.random import torch_generator

SHAPE = (1, 28, 28)
#: Three digits, for networks of few classes.
FEW = 3


class LogSoftmax(nn.Module):
    """log p instead of logits: they are logits too."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x).log_softmax(1)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(16, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)

    def forward(self, x):
        return x + self.b(torch.relu(self.a(x)))


def conv(activation=nn.ReLU, norm=None, pool=None, classes=10):
    """Two convolutions and a linear layer."""
    layers: list[nn.Module] = []
    for a, b in ((1, 8), (8, 16)):
        layers.append(nn.Conv2d(a, b, 3, stride=1 if pool else 2, padding=1))
        layers += [norm(b)] if norm else []
        layers += [activation()] + ([pool(2)] if pool else [])
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(16 * 49, classes))


def mlp(width=64, activation=nn.ReLU):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, width), activation(), nn.Linear(width, width), activation(),
        nn.Linear(width, 10),
    )  # fmt: skip


def residual():
    return nn.Sequential(
        nn.Conv2d(1, 16, 4, stride=2, padding=1), nn.ReLU(), Residual(), nn.ReLU(), Residual(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16 * 49, 10),
    )  # fmt: skip


def with_dropout():
    return nn.Sequential(conv()[:-1], nn.Dropout(0.3), nn.Linear(16 * 49, 10))


def clamped():
    """Pixels are kept in [0, 1], where they are anyway."""
    return nn.Sequential(nn.Hardtanh(0.0, 1.0), *conv())


@cache
def digits(split: str) -> ImageSet:
    return load_images("mnist_excerpt", split)


def few(data: ImageSet) -> ImageSet:
    """The first digits only."""
    keep = data.labels < FEW
    return replace(
        data, images=data.images[keep], labels=data.labels[keep], classes=data.classes[:FEW]
    )


def trained(
    make: Callable[[], nn.Module],
    *,
    seed: int = 0,
    epochs: int = 6,
    epsilon: float = 0.0,
    loss: str = "xent",
    classes: int = 10,
    rate: float = 2e-3,
    decay: float = 0.0,
) -> nn.Module:
    """A network trained by Adam; against PGD where ``epsilon`` is not 0."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = make()
        data = digits("train") if classes == 10 else few(digits("train"))
        x, y = data.batch(slice(None))
        optimizer = torch.optim.Adam(network.parameters(), rate, weight_decay=decay)
        generator = torch_generator(seed)
        for epoch in range(epochs):
            for rows in torch.randperm(len(x), generator=generator).split(50):
                a, b = x[rows], y[rows]
                if epsilon:
                    reach = epsilon * min(1, (epoch + 1) / (epochs / 2))
                    a = pgd(network, a, b, epsilon=reach, step=reach / 2, steps=4, loss="xent",
                            every_step=True, generator=generator).images  # fmt: skip
                network.train()
                logits = network(a)
                value = (
                    mse_loss(logits, one_hot(b, classes).float()) if loss == "square"
                    else cross_entropy(logits, b, label_smoothing=0.1 * (loss == "smoothed"))
                )  # fmt: skip
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
    return network.eval()


def bundled(name: str) -> nn.Module:
    return load_classifier(CHECKPOINTS / f"mnist_convnet4a_{name}.safetensors").network


def norm2d(features):
    return nn.GroupNorm(4, features)


#: Name -> a network. Those of ``FEW`` classes say so.
HONEST: dict[str, Callable[[], nn.Module]] = {
    "bundled standard": lambda: bundled("standard"),
    "bundled madry": lambda: bundled("madry"),
    "bundled trades": lambda: bundled("trades"),
    "bundled level set": lambda: bundled("level_set"),
    "small convolutions": lambda: trained(conv),
    "another seed": lambda: trained(conv, seed=1),
    "trained longer": lambda: trained(conv, seed=2, epochs=40),
    "one epoch": lambda: trained(conv, seed=3, epochs=2),
    "ConvNet-4a, narrow": lambda: trained(
        lambda: make_classifier("convnet4a_narrow", SHAPE, 10, seed=5), seed=5
    ),
    "batch norm": lambda: trained(lambda: conv(norm=nn.BatchNorm2d)),
    "group norm, SiLU": lambda: trained(lambda: conv(nn.SiLU, norm2d)),
    "GELU": lambda: trained(lambda: conv(nn.GELU)),
    "max pooling": lambda: trained(lambda: conv(pool=nn.MaxPool2d)),
    "tanh": lambda: trained(lambda: conv(nn.Tanh)),
    "MLP": lambda: trained(mlp, epochs=10),
    "MLP, sigmoid, 40 epochs": lambda: trained(lambda: mlp(100, nn.Sigmoid), epochs=40),
    "MLP, wide, longer": lambda: trained(lambda: mlp(300), epochs=60, seed=4),
    "residual": lambda: trained(residual),
    "dropout, off": lambda: trained(with_dropout),
    "clamped to [0, 1]": lambda: trained(clamped),
    "log softmax": lambda: LogSoftmax(trained(conv, seed=6)),
    "square loss": lambda: trained(conv, loss="square"),
    "label smoothing": lambda: trained(conv, loss="smoothed"),
    "weight decay": lambda: trained(conv, decay=1e-2),
    "adversarially trained, 0.1": lambda: trained(conv, epsilon=0.1, epochs=10),
    "adversarially trained, 0.3": lambda: trained(
        lambda: conv(pool=nn.MaxPool2d), epsilon=0.3, epochs=16
    ),
    "three classes": lambda: trained(lambda: conv(classes=FEW), classes=FEW),
}  # fmt: skip
#: Of three digits.
OF_FEW = ("three classes",)

"""The networks of the few-samples experiment, and many of one kind as one network."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.classifiers.architectures import (
    convnet4a,
    convnet4b,
    initialize_classifier,
)
from levelset_core.errors import LevelsetError
from levelset_core.few_samples.mlp_stack import MLPStack, Places, RowSpaceProjector
from levelset_core.levelsets import LevelSetSamples, project
from levelset_core.networks import MLP
from levelset_core.random import torch_generator

#: Name -> what a person reads.
MODELS = {
    "mlp": "MLP on pixels",
    "convnet": "small ConvNet",
    "convnet4a": "ConvNet-4a",
    "convnet4b": "ConvNet-4b",
}
#: CPU seconds of a step of geometric SVM over those of a step of cross-entropy, batch 32, ten
#: repeats at once; `python -m benchmarks.few_samples` measures them.
COST = {"mlp": 7.0, "convnet": 15.0, "convnet4a": 9.0, "convnet4b": 7.5}


class OnRows(nn.Module):
    """A network of images with one output, as F(x) of rows: (n, d) -> (n,)."""

    def __init__(self, network: nn.Module, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.network, self.shape = network, shape

    def forward(self, x: Tensor) -> Tensor:
        """x: (n, channels * height * width) -> (n,)."""
        output: Tensor = self.network(x.unflatten(1, self.shape))
        return output.squeeze(-1)


def small_convnet(shape: tuple[int, int, int]) -> nn.Module:
    """Convolutions 16 and 32 (3 x 3, stride 2), 64 fully connected units, one output."""
    channels, height, width = shape
    flat = 32 * -(-height // 4) * -(-width // 4)
    return nn.Sequential(
        nn.Conv2d(channels, 16, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(flat, 64), nn.ReLU(), nn.Linear(64, 1),
    )  # fmt: skip


_IMAGES: dict[str, Callable[[tuple[int, int, int]], nn.Module]] = {
    "convnet": small_convnet,
    "convnet4a": lambda shape: convnet4a(shape, 1),
    "convnet4b": lambda shape: convnet4b(shape, 1),
}


def make_network(
    model: str, shape: tuple[int, int, int], *, width: int, depth: int, seed: int
) -> nn.Module:
    """F of one repeat, (n, d) -> (n,), with weights that depend on the seed alone.

    Args:
        model: one of ``MODELS``.
        shape: channels, height, width of the images.
        width, depth: of the MLP; the others have their own.
        seed: of the weights.

    Raises:
        LevelsetError: the images are too small for the network.
    """
    if model == "mlp":
        pixels = shape[0] * shape[1] * shape[2]
        generator = torch_generator(seed)
        return MLP(pixels, (width,) * depth, 1, activation="relu", generator=generator)
    network = _IMAGES[model](shape)
    initialize_classifier(network, seed)
    return OnRows(network, shape)


class NetworkStack(nn.Module):
    """R networks of one architecture as one, by ``torch.func``; see :class:`MLPStack`.

    F(x, member) does for each row what the member does alone.

    Args:
        members: at least one, without batch statistics, (n, d) -> (n,).

    Raises:
        LevelsetError: there is none, or one has buffers.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        if not members or any(len(list(m.buffers())) for m in members):
            raise LevelsetError("A stack needs at least one network, and none with buffers.")
        stacked, _ = torch.func.stack_module_state(list(members))
        self.names = list(stacked)
        self.stacked = nn.ParameterList(stacked[name].detach() for name in self.names)
        # Kept out of the parameters: the shape of a member, not one of them.
        self.template = [copy.deepcopy(members[0])]

    def __len__(self) -> int:
        return len(self.stacked[0])

    def forward(self, x: Tensor, member: Tensor) -> Tensor:
        """x: (n, d), member: (n,) int in any order -> (n,)."""
        places = Places(member, len(self))

        def one(state: dict[str, Tensor], block: Tensor) -> Tensor:
            value: Tensor = torch.func.functional_call(self.template[0], state, (block,))
            return value

        state = dict(zip(self.names, self.stacked, strict=True))
        return places.rows(torch.func.vmap(one)(state, places.block(x)))

    def member(self, number: int) -> nn.Module:
        """One of the networks, with weights of its own."""
        single = copy.deepcopy(self.template[0]).to(self.stacked[0])
        state = zip(self.names, self.stacked, strict=True)
        single.load_state_dict({name: values[number].detach() for name, values in state})
        return single


Stack = MLPStack | NetworkStack


def stack(members: Sequence[nn.Module]) -> Stack:
    """Networks of one kind as one, by the fastest way that there is."""
    if all(isinstance(member, MLP) for member in members):
        return MLPStack([member for member in members if isinstance(member, MLP)])
    return NetworkStack(members)


def projector(f: Stack) -> Callable[..., LevelSetSamples]:
    """The Newton projection of a stack with its present weights."""
    return RowSpaceProjector(f) if isinstance(f, MLPStack) else project


def describe_network(model: str, settings: dict[str, Any]) -> str:
    """In words, for a stored result."""
    if model == "mlp":
        hidden = " - ".join([str(settings["width"])] * settings["depth"])
        return f"MLP on pixels, {hidden} ReLU units, one output"
    if model == "convnet":
        return "ConvNet, 16 and 32 convolutions (3 x 3, stride 2), 64 ReLU units, one output"
    return f"{MODELS[model]}, one output"

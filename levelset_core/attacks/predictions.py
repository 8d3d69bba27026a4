"""What a network says of images, block by block; of one with random parts, how often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from levelset_core.attacks.config import BATCH
from levelset_core.attacks.fast import frozen
from levelset_core.data.images import ImageSet
from levelset_core.device import pick_device
from levelset_core.levelsets.functions import evaluating
from levelset_core.parallel import map_batches

#: The least number of draws that the accuracy of a network with random parts is a mean of.
LEAST_DRAWS = 10
RANDOM = (
    "The network answers the same image differently each time: this figure is of single draws. "
    "Average over draws, as with --eot 20."
)


def clean_predictions(
    network: nn.Module,
    data: ImageSet,
    *,
    device: torch.device | None = None,
    threads: int | None = None,
) -> Tensor:
    """The class given to every image, (n,) int64, on the CPU."""
    device = device or pick_device()
    return predictions(frozen(network, device), data, device, threads)


def predictions(
    network: nn.Module, data: ImageSet, device: torch.device, threads: int | None
) -> Tensor:
    """The same of a network that is frozen already."""
    parts = torch.arange(len(data)).split(BATCH.get(device.type, 1000))

    def work(k: int) -> Tensor:
        with torch.no_grad():
            found: Tensor = network(data.batch(parts[k], device)[0]).argmax(1).cpu()
            return found

    workers = threads if device.type == "cpu" else 1
    with evaluating(network):
        found = dict(map_batches(work, len(parts), workers))
    return torch.cat([found[k] for k in range(len(parts))])


def is_steady(network: nn.Module, x: Tensor) -> bool:
    """Whether two passes give the same logits for images, (n, *d), but for rounding."""
    with evaluating(network), torch.no_grad(), torch_seeded(0, x.device):
        one, other = network(x).nan_to_num(), network(x).nan_to_num()
    return bool((one - other).abs().max() <= 1e-3 * one.abs().max())


def share_right(network: nn.Module, x: Tensor, y: Tensor, draws: int, seed: int) -> Tensor:
    """In which share of the draws each image gets its class, (n,), on the CPU."""
    right = torch.zeros(len(x))
    parts = list(torch.arange(len(x)).split(BATCH.get(x.device.type, 1000)))
    with evaluating(network), torch.no_grad(), torch_seeded(seed, x.device):
        for rows in parts * draws:
            right[rows] += (network(x[rows]).argmax(1) == y[rows]).float().cpu()
    return right / draws


@contextmanager
def torch_seeded(seed: int, device: torch.device) -> Iterator[None]:
    """A seed for torch's own generators, which random layers draw from; afterwards they are as
    they were.
    """
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield

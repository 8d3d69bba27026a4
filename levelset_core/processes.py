"""Several processes that train one network, started by torchrun: each takes a part of a batch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")


@contextmanager
def process_group(device: torch.device) -> Iterator[None]:
    """Join the other processes that torchrun started, if it did.

    Through NCCL where each has a GPU of its own, otherwise through gloo.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def rank_and_size() -> tuple[int, int]:
    """This process's number, and how many there are."""
    if not distributed.is_initialized():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def local_device(device: torch.device) -> torch.device:
    """The GPU of this process; anything else as it is."""
    if device.type == "cuda" and rank_and_size()[1] > 1:
        return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return device


def data_parallel(network: nn.Module) -> nn.Module:
    """The same network, but with gradients averaged over all processes; alone it is itself."""
    return DistributedDataParallel(network) if rank_and_size()[1] > 1 else network


def shard(batch: Tensor) -> Tensor:
    """This process's rows of a batch."""
    rank, count = rank_and_size()
    return batch[rank::count]


def broadcast(value: T | None) -> T:
    """What the first process has, in every process: plain values."""
    box = [value]
    if rank_and_size()[1] > 1:
        distributed.broadcast_object_list(box)
    assert box[0] is not None
    return box[0]

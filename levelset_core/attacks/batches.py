"""Independent batches on several cores, each core with a batch of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import TypeVar

import torch

T = TypeVar("T")


def map_batches(
    work: Callable[[int], T], count: int, threads: int | None = None
) -> Iterator[tuple[int, T]]:
    """``(k, work(k))`` for k = 0, ..., count - 1, as they are done.

    torch would split every operation over all cores and wait for the slowest: with one core
    busy elsewhere it falls to a fraction of its speed. Here a busy core only does fewer batches.

    Args:
        work: calls torch, which lets other threads run meanwhile.
        count: how many batches.
        threads: how many at once; default: the cores this process may use.
    """
    workers = min(threads or _cores(), count)
    if workers <= 1:  # torch may split the operations of one batch after all, if nobody minds
        with operations_on(threads):
            yield from ((k, work(k)) for k in range(count))
        return
    # Threads made from now on take this over.
    with operations_on(1), ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(work, k): k for k in range(count)}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            for future in futures:
                future.cancel()


@contextmanager
def operations_on(threads: int | None) -> Iterator[None]:
    """Let torch split an operation over so many threads meanwhile; ``None``: as it stands."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _cores() -> int:
    """Cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1

"""Work on several cores: blocks of rows in a fixed order, or batches as they are done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Rows of a block on a CPU: what a wide layer makes of them stays in the cache of one core.
CPU_ROWS, DEVICE_ROWS = 512, 1 << 16


class Workers:
    """Maps a function over blocks, on several threads if there are any.

    The blocks and the order of the results do not depend on the number of threads, so sums over
    them are the same bit for bit. Inside a thread torch works alone: a small matrix product
    shared by several threads spends its time waiting for them.

    Args:
        threads: how many; ``None`` takes the cores this process may use, 1 is the caller alone.
    """

    def __init__(self, threads: int | None = None) -> None:
        self.threads = threads or cores()
        self._pool: ThreadPoolExecutor | None = None

    def map(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """``[work(item) for item in items]``."""
        items = list(items)
        if self.threads == 1 or len(items) < 2:
            return [work(item) for item in items]
        if self._pool is None:
            torch.set_num_threads(1)  # for this process: see above
            self._pool = ThreadPoolExecutor(
                self.threads, "rows", initializer=partial(torch.set_num_threads, 1)
            )
        return list(self._pool.map(work, items))

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None

    def __deepcopy__(self, _: object) -> Workers:
        return Workers(self.threads)


#: The caller's own thread, and nobody else.
ALONE = Workers(1)


def row_blocks(rows: int, device: torch.device, cpu_rows: int = CPU_ROWS) -> list[slice]:
    """The rows of a batch in blocks, at least one: small on a CPU, large elsewhere."""
    size = cpu_rows if device.type == "cpu" else DEVICE_ROWS
    return [slice(start, min(start + size, rows)) for start in range(0, max(rows, 1), size)]


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def torch_threads(threads: int | None) -> Iterator[None]:
    """Torch splits an operation over so many threads meanwhile; ``None``: over as many as now.

    One is best for small work, and beside other work: several wait for the busiest core.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def map_batches(
    work: Callable[[int], Result], count: int, threads: int | None = None
) -> Iterator[tuple[int, Result]]:
    """``(k, work(k))`` for k = 0, ..., count - 1, as they are done.

    torch would split every operation over all cores and wait for the slowest: with one core
    busy elsewhere it falls to a fraction of its speed. Here a busy core only does fewer batches.

    Args:
        work: calls torch, which lets other threads run meanwhile.
        count: how many batches.
        threads: how many at once; default: the cores this process may use.
    """
    workers = min(threads or cores(), count)
    if workers <= 1:  # torch may split the operations of one batch after all, if nobody minds
        with torch_threads(threads):
            yield from ((k, work(k)) for k in range(count))
        return
    # Threads made from now on take this over.
    with torch_threads(1), ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(work, k): k for k in range(count)}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            for future in futures:
                future.cancel()

"""Independent batches on several cores, each core with a batch of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from levelset_core.parallel import cores, torch_threads

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

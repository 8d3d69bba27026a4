"""Work on other machines: ``$LEVELSET_CLUSTER`` names a Dask scheduler that takes it.

Scheduler and workers are started by Dask's own commands (see docs/deploy.md). The workers need
this package, and the folders of runs and data at the same paths.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from levelset_core.errors import LevelsetError, optional

if TYPE_CHECKING:
    from distributed import Client

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Seconds to wait for the scheduler.
PATIENCE = 10
#: Seconds before one that did not answer is asked again.
ASKED_AGAIN = 15
_SILENT = (
    "No Dask scheduler answers at {address} (LEVELSET_CLUSTER): start it, or unset the variable to "
    "work on this machine."
)
#: Until when an address is not asked.
_silent: dict[str, float] = {}
#: Times that Dask may give up an item (after four workers that died under it each time): more, and
#: it is the item that kills them.
DEATHS = 20


@dataclass(frozen=True)
class Needs:
    """What a task asks of its worker; workers say what they have by Dask's ``--resources``.

    Attributes:
        gpus: accelerators: ``GPU=2``.
        memory: in GB: ``MEMORY=16e9``. Workers have it for all their tasks together.
    """

    gpus: int = 0
    memory: float = 0.0

    @classmethod
    def of_device(cls, device: str, processes: int = 1, memory: float | None = None) -> Needs:
        """Of work on a device: an accelerator for each of its processes, none on the CPU."""
        return cls(0 if device == "cpu" else processes, memory or 0.0)

    @property
    def resources(self) -> dict[str, float]:
        """As Dask has them."""
        wanted = {"GPU": float(self.gpus), "MEMORY": self.memory * 1e9}
        return {name: amount for name, amount in wanted.items() if amount}

    def unmet(self, workers: Sequence[dict[str, float]]) -> str:
        """One sentence if none of the workers, each given by its resources, has enough."""
        if any(all(w.get(k, 0.0) >= v for k, v in self.resources.items()) for w in workers):
            return ""
        if not workers:
            return "Waits: the cluster has no worker yet."
        gpus = f"{self.gpus} GPU{'s' if self.gpus > 1 else ''} (GPU={self.gpus})"
        memory = f"{self.memory:g} GB of memory (MEMORY={self.memory:g}e9)"
        wanted = [gpus] * (self.gpus > 0) + [memory] * (self.memory > 0)
        return (
            f"Waits: none of the cluster's workers says that it has {' and '.join(wanted)}; "
            "start one with these --resources."
        )


def cluster_address() -> str | None:
    """``$LEVELSET_CLUSTER``, e.g. "tcp://scheduler:8786"; None where work stays here."""
    return os.environ.get("LEVELSET_CLUSTER") or None


def connect() -> Client:
    """The connection to the scheduler; there is one for every process.

    Raises:
        LevelsetError: ``distributed`` is not installed, no address is given, or none answers.
    """
    address = cluster_address()
    if address is None:
        raise LevelsetError("No cluster: set LEVELSET_CLUSTER to a Dask scheduler's address.")
    if time.monotonic() < _silent.get(address, 0.0):
        raise LevelsetError(_SILENT.format(address=address))
    client = _client(address, os.getpid())
    if client.status != "running":  # the scheduler was gone
        _client.cache_clear()
        client.close(timeout=0)  # type: ignore[no-untyped-call]
        client = _client(address, os.getpid())
    return client


def on_scheduler(work: Callable[..., Result], *arguments: object) -> Result:
    """``work(*arguments, dask_scheduler=...)``, done by the scheduler.

    Raises:
        LevelsetError: it does not answer: it is gone, or has stopped, or the network has.
    """
    client = connect()
    try:
        found: Result = client.sync(  # type: ignore[no-untyped-call]
            client._run_on_scheduler, work, *arguments, callback_timeout=PATIENCE
        )
    except OSError as error:  # TimeoutError and CommClosedError are
        raise _no_answer(str(cluster_address())) from error
    return found


def _no_answer(address: str) -> LevelsetError:
    """It is not asked again for a while, in which nobody need wait for it."""
    _silent[address] = time.monotonic() + ASKED_AGAIN
    return LevelsetError(_SILENT.format(address=address))


@cache
def _client(address: str, process: int) -> Client:
    distributed = optional("distributed", "cluster")
    try:
        return distributed.Client(address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-any-return]
    except (OSError, ValueError) as error:  # TimeoutError is one
        raise _no_answer(address) from error


def dashboard() -> str | None:
    """The address of Dask's own dashboard; None without a cluster, or where it is not reached."""
    if cluster_address() is None:
        return None
    try:
        return str(connect().dashboard_link)
    except LevelsetError:
        return None


def spreads() -> bool:
    """Whether parts of work go to other machines: there is a cluster, or this is a task on it."""
    return cluster_address() is not None or on_worker()


def on_worker() -> bool:
    """Whether this is a task on a worker."""
    if "distributed" not in sys.modules:
        return False
    try:
        sys.modules["distributed"].get_worker()
    except ValueError:
        return False
    return True


def spread(
    work: Callable[..., Result],
    items: Sequence[Item],
    *,
    shared: object = None,
    needs: Needs | None = None,
    given_up: Callable[[Item, str], Result] | None = None,
) -> Iterator[tuple[int, Result]]:
    """``(k, work(items[k]))``, in the order in which the workers are done.

    An item whose worker dies is done again by another one. Within a task the worker takes others
    meanwhile. Where no worker has what is needed, or there is none, a warning says so.

    Args:
        work: a function of a module that the workers have, or one that can be pickled.
        items: what it is called with, each pickled by itself.
        shared: what all items need besides, sent once to each worker: ``work(shared, items[k])``.
        needs: what each item asks of its worker.
        given_up: what stands for an item under which workers keep dying, from it and a sentence.

    Raises:
        LevelsetError: no scheduler answers, or workers keep dying under one item and nothing can
            stand for it.
    """
    if not items:  # all was done before: nobody need answer
        return
    distributed = optional("distributed", "cluster")
    resources = needs.resources if needs else {}
    deaths_most = DEATHS if given_up is None else 1
    place: AbstractContextManager[Any] = (
        distributed.worker_client() if on_worker() else nullcontext(connect())
    )
    with place as client:
        address = client.scheduler.address
        if why := (needs or Needs()).unmet(_workers(client)):
            logger.warning("%s", why)
        # A task that gives it back: where the worker that holds it dies, it is made again.
        pack = distributed.protocol.pickle.dumps
        held = () if shared is None else (client.submit(_unpacked, pack(shared), pure=False),)
        packed = pack(work)

        def submit(item: Item) -> Any:
            # Not to be kept by the scheduler after this: pure functions would be.
            return client.submit(
                _do, packed, pack(item), *held, pure=False, resources=resources or None
            )

        waiting = {submit(item): (k, item) for k, item in enumerate(items)}
        deaths: dict[int, int] = {}
        with client.as_current():
            arriving = distributed.as_completed(list(waiting))
        try:
            for future in arriving:
                k, item = waiting.pop(future)
                if isinstance(error := future.exception(), distributed.KilledWorker):
                    deaths[k] = deaths.get(k, 0) + 1
                    if deaths[k] > deaths_most:
                        sentence = (
                            f"Workers of the cluster keep dying under part {k + 1} of "
                            f"{len(items)}: is their memory enough?"
                        )
                        if given_up is None:
                            raise LevelsetError(sentence) from error
                        yield k, given_up(item, sentence)
                        continue
                    again = submit(item)
                    waiting[again] = k, item
                    arriving.add(again)
                    continue
                if future.cancelled():  # nobody else has a handle on it
                    raise LevelsetError(
                        f"The scheduler at {address} went away before part "
                        f"{k + 1} of {len(items)} was done: start it, then begin again."
                    )
                if isinstance(error, RuntimeError) and "deserializ" in str(error):
                    raise LevelsetError(
                        f"The scheduler at {address} cannot read the work: "
                        "install the same version of this package there."
                    ) from error
                yield k, future.result()
        finally:
            client.cancel(list(waiting))


def _workers(client: Any) -> list[dict[str, float]]:
    """The resources of each worker."""
    workers = client.scheduler_info()["workers"].values()
    return [worker.get("resources") or {} for worker in workers]


def _do(work: bytes, item: bytes, *shared: Any) -> Any:
    """On the worker. The scheduler, which looks at what tasks are made of, only sees bytes: it need
    not import what they need.
    """
    return _unpacked(work)(*shared, _unpacked(item))


def _unpacked(content: bytes) -> Any:
    """What was packed here, on the worker.

    Raises:
        LevelsetError: the worker does not know it.
    """
    try:
        return sys.modules["distributed"].protocol.pickle.loads(content)
    except (ImportError, AttributeError) as error:
        raise LevelsetError(
            f"A worker cannot read the work ({error}): install the same version of this package "
            "there."
        ) from error

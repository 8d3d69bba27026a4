"""What every test shares: where tensors live, their precision, seeded draws and networks."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from hypothesis import settings
from torch import Tensor

from levelset_core import pick_device
from levelset_core.confined import release
from levelset_core.networks import MLP
from levelset_core.random import torch_generator

torch.set_num_threads(1)
os.environ.setdefault("LEVELSET_SESSIONS", "off")  # of live sessions nothing is kept
# How long an example takes says how busy the machine is.
# In CI the same examples each time: a new one is found at somebody's desk, not in a landing.
settings.register_profile("levelset", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("levelset")


@pytest.fixture(autouse=True)
def own_main() -> Iterator[None]:
    """Streamlit's AppTest leaves the page's script as ``__main__``, which processes would start."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session", autouse=True)
def readers_end() -> Iterator[None]:
    """The process that pages read files with ends before Python looks for what was left open."""
    yield
    release()


@pytest.fixture(scope="session")
def device() -> torch.device:
    """The device under test: ``$LEVELSET_DEVICE``."""
    return pick_device()


@pytest.fixture(scope="session")
def dtype() -> torch.dtype:
    return torch.float64


@pytest.fixture
def randn(device: torch.device, dtype: torch.dtype) -> Callable[..., Tensor]:
    """Normal numbers, the same in every run and on every device: ``randn(200, 2)``."""
    generator = torch_generator(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype).to(device)

    return draw


@pytest.fixture
def mlp(device: torch.device, dtype: torch.dtype) -> Callable[..., MLP]:
    """A small seeded network: ``mlp(2, (16, 16), outputs=1, activation="tanh", seed=0)``."""

    def build(
        inputs: int = 2,
        hidden: tuple[int, ...] = (16, 16),
        outputs: int = 1,
        activation: str = "tanh",
        seed: int = 0,
    ) -> MLP:
        network = MLP(
            inputs, hidden, outputs, activation=activation, generator=torch_generator(seed)
        )
        return network.to(device, dtype)

    return build


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    """A Dask cluster of this machine: two workers of one thread, each with one GPU, so it says.

    A worker that was killed is forked anew, from a process that has torch: at once, not after
    seconds of importing. On a busy machine those become 40, and after 15 a LocalCluster, unlike
    ``dask worker``, gives up on it.
    """
    distributed = pytest.importorskip("distributed")
    import dask
    from distributed.utils import get_mp_context

    settings = {
        "distributed.worker.multiprocessing-method": "forkserver",
        "distributed.deploy.lost-worker-timeout": "1 hour",
    }
    with pytest.MonkeyPatch.context() as patch, dask.config.set(settings):
        patch.setenv("LEVELSET_RUN_KINDS", "tests.runs.tiny_kind")  # the workers' too
        patch.setenv("LEVELSET_CHECKPOINT_SECONDS", "0.05")
        get_mp_context().set_forkserver_preload(["distributed", "tests.runs.forked"])
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0",
            resources={"GPU": 1, "MEMORY": 2e9}, host="127.0.0.1",
        ) as local:  # fmt: skip
            yield local


@pytest.fixture
def cluster(scheduler: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The scheduler, with both workers, as ``$LEVELSET_CLUSTER``."""
    import distributed

    monkeypatch.setenv("LEVELSET_CLUSTER", scheduler.scheduler_address)
    with distributed.Client(scheduler.scheduler_address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=120)  # a test before may have killed one
    return scheduler

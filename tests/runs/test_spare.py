"""A process that waits for a run: it works on it, and goes when nobody needs it."""

import numpy as np
import pytest

from levelset_core.data import PointCloud
from levelset_core.reconstruction.shapes import CLOUD, cloud_bytes
from levelset_core.runs import RunStore, spare
from tests.runs.support import wait, wait_for_state


@pytest.fixture
def one():
    waiting = spare.Spare(threads=1)
    yield waiting
    waiting.dismiss()


def test_without_a_run_it_ends_when_its_owner_lets_go(one):
    assert one.process.poll() is None
    one._socket.close()
    wait(lambda: one.process.poll() is not None, "the process to end")
    assert one.process.returncode == 0


def test_the_queue_gives_it_the_next_run_that_fits(tmp_path, one, monkeypatch):
    monkeypatch.setattr(spare, "_spare", one)
    monkeypatch.setattr(spare, "REPLACED_AFTER", 1e6)
    assert spare.take_spare(threads=2) is None
    store = RunStore(tmp_path / "runs")
    points = np.random.default_rng(0).normal(size=(300, 3))
    config = {"atlas": "atlasnet-1-patch", "steps": 3}
    run = store.create(
        "atlasnet", {"config": config}, inputs={CLOUD: cloud_bytes(PointCloud(points))},
        device="cpu", threads=1,
    )  # fmt: skip
    store.submit(run)
    status = wait_for_state(run, "done", "failed", "interrupted")
    assert status.state == "done", (status, (run.path / "log.txt").read_text())
    assert one.process.wait(30) == 0  # it was this process, and it ended with the run
    assert spare.take_spare(threads=1) is None


def test_one_that_died_is_not_used(tmp_path, one):
    one.process.kill()
    one.process.wait()
    run = RunStore(tmp_path).create("poisson", {}, device="cpu")
    assert not one.give(run, None)

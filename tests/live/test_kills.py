"""Training processes of playgrounds killed at random moments: no point and no session is lost."""

import os
import random
import signal
import time

import pytest

from levelset_core.data import PointSet
from levelset_core.live import LiveHub
from tests.live.decoding import decode_frame
from tests.live.test_hub import Ear

pytestmark = pytest.mark.slow

SEED, KILLS = 0, 25


def drawn(version):
    """Points that tell which edit they are of."""
    return PointSet([[0.5, 0.001 * version], [-0.5, -0.5]], [1, -1])


def test_sessions_whose_worker_dies_lose_nothing(small_state):
    draw, hub = random.Random(SEED), LiveHub(1)
    try:
        ears = [Ear(hub.create(small_state())) for _ in range(3)]
        versions, steps = [ear.session.version for ear in ears], []
        for kill in range(KILLS):
            for ear in ears if kill % 3 else ():  # else it may not have said a word yet
                ear.wait("news", lambda news: news["step"] > 0, seconds=240)
            end = time.monotonic() + draw.uniform(0, 1.5)
            while time.monotonic() < end:  # they draw on until the moment comes
                k = draw.randrange(len(ears))
                versions[k] += 1
                ears[k].session.set_points(drawn(versions[k]), versions[k])
                ears[k].session.want_frame()
                time.sleep(draw.uniform(0, 0.05))
            steps.append(max((ear.session.news or {}).get("step", 0) for ear in ears))
            (pid,) = hub.processes()
            os.kill(pid, signal.SIGKILL)
            for ear in ears:
                assert "started again" in ear.wait("error", seconds=240), kill
                ear.heard.clear()
                ear.session.want_frame(at_once=True)
        for ear, version in zip(ears, versions, strict=True):
            header, _ = decode_frame(ear.wait("frame", seconds=240))
            assert header["version"] == version
            assert ear.session.state.points == drawn(version)
            ear.wait("news", lambda news: news["step"] > 0 and news["playing"], seconds=240)
        told = f"{KILLS} training processes killed, at steps {sorted(steps)}"
        print(f"\n{told}: {sum(versions) - len(ears)} edits of 3 playgrounds, none lost.")
    finally:
        hub.close()

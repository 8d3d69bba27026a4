"""Work in a process of its own, with limits."""

import io
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from levelset_core.confined import Limits, confined, is_confined, prepare
from levelset_core.confined.door import Door
from levelset_core.errors import LevelsetError
from tests.confined import stranger

QUICK = Limits(seconds=1, wall=20)
ABOUT_MEMORY = "x.svg: this file cannot be read with 1,280 MB of memory"


def do(work, *arguments, limits=None):
    return confined(work, "x.svg", 0, *arguments, limits=limits)


@pytest.fixture(scope="module", autouse=True)
def ready():
    prepare("levelset_core.data")


def test_arguments_go_there_and_answers_come_back():
    assert do(stranger.length, b"four", 3) == 12
    assert do(stranger.length, io.BytesIO(b"four"), 3) == 12
    assert len(do(stranger.points, 7)) == 7
    assert np.array_equal(do(stranger.big_array, 10**6), np.arange(10**6))
    assert not is_confined()


def test_it_knows_nothing_of_the_server(monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "mine")
    door = Door()
    environment, _ = door.do(
        stranger.surroundings.__module__, "surroundings", (), "x.svg", Limits()
    )
    door.close()
    assert "SECRET_TOKEN" not in environment
    assert set(environment) <= {
        "PATH", "HOME", "LANG", "LC_CTYPE", "LD_LIBRARY_PATH", "TMPDIR", "PYTHONPATH",
        "LEVELSET_DATA", "MALLOC_ARENA_MAX", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK",
        "TORCHINDUCTOR_CACHE_DIR",
    }  # fmt: skip


def test_an_errors_sentence_comes_back():
    with pytest.raises(LevelsetError, match="no outline in it"):
        do(stranger.refuse)


def test_what_nobody_foresaw_becomes_a_sentence():
    with pytest.raises(LevelsetError, match=r"damaged or of another kind \(KeyError\)\.$"):
        do(stranger.fail)


@pytest.mark.parametrize(
    ("work", "arguments", "sentence"),
    [
        (stranger.eat, (5000,), ABOUT_MEMORY),
        (stranger.burn, (), "within 1 s; simplify it"),
        (stranger.end, (11,), "its reader broke off"),
        (stranger.end, (9,), ABOUT_MEMORY),  # as the system does where memory is short
        (stranger.path, (), "its reader broke off"),  # an answer that is not plain
    ],
)
def test_what_goes_too_far_is_ended(work, arguments, sentence):
    with pytest.raises(LevelsetError, match=sentence):
        do(work, *arguments, limits=QUICK)


def test_waiting_does_not_last_for_ever():
    with pytest.raises(LevelsetError, match="within 1 s; simplify it, or try again later"):
        do(stranger.sleep, limits=Limits(wall=1))


def test_a_process_that_was_ended_leaves_no_files(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(LevelsetError):
        do(stranger.leave_files)
    assert not list(tmp_path.iterdir())


def test_larger_files_may_take_more():
    small, large, huge = (Limits.of_file(size << 20) for size in (0, 100, 2000))
    assert small == Limits()
    assert small.memory < large.memory < huge.memory == 3 << 30
    assert small.seconds < large.seconds and small.wall < large.wall


def test_work_goes_on_beside_work_that_waits():
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(do, stranger.sleep, limits=Limits(wall=4))
        assert do(stranger.length, b"four", 3) == 12
        assert not waits.done()
        assert isinstance(waits.exception(60), LevelsetError)


def test_another_one_is_started_where_it_has_died():
    door = Door()
    first, second = [door.do(stranger.__name__, "pid", (), "x", Limits()) for _ in range(2)]
    assert first != second != os.getpid()
    door._process.kill()
    door._process.wait()
    assert door.do(stranger.__name__, "pid", (), "x", Limits()) != second
    door.close()


def test_it_ends_with_its_owner_and_so_does_its_work(tmp_path):
    door = Door()
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(door.do, stranger.__name__, "hold", (str(tmp_path),), "x", Limits())
        end = time.monotonic() + 60
        while not list(tmp_path.iterdir()):
            assert time.monotonic() < end
            time.sleep(0.05)
        (pid,) = (int(path.name) for path in tmp_path.iterdir())
        door._control.close()
        with pytest.raises(LevelsetError):
            work.result(60)
        door._process.wait(60)
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < end
        time.sleep(0.05)

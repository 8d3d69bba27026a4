"""What a reader may do over a stranger's file, as functions of a module."""

import os
import pathlib
import signal
import time

import numpy as np

from levelset_core.data import PointSet
from levelset_core.errors import LevelsetError


def length(content, factor):
    return len(content) * factor


def points(n):
    return PointSet(np.zeros((n, 2)), np.ones(n))


def surroundings():
    return dict(os.environ), os.listdir("/proc/self/fd")


def refuse():
    raise LevelsetError("x.svg: no outline in it.")


def fail():
    raise KeyError("stroke")


def eat(megabytes):
    return len(bytearray(megabytes << 20))


def burn():
    while True:
        pass


def sleep():
    time.sleep(600)


def end(number):
    os.kill(os.getpid(), number)


def path():
    return pathlib.Path("/")


def big_array(n):
    return np.arange(n, dtype=np.float64)


def leave_files():
    import tempfile

    name = tempfile.mkdtemp()
    os.kill(os.getpid(), signal.SIGKILL)
    return name


def pid():
    return os.getpid()


def hold(folder):
    (pathlib.Path(folder) / str(os.getpid())).touch()
    time.sleep(600)

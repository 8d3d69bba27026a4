"""The core on a device that is none, in a process of its own.

A second device makes autograd start threads, after which a process can no longer fork; other tests
do.
"""

import subprocess
import sys

from levelset_core.paths import ROOT


def test_the_core_is_the_same_elsewhere():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "tests/elsewhere/core.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]

"""Memory that is freed stays with the process."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

#: glibc moves its own threshold with what it sees, so that blocks are given back or kept by where
#: they happen to lie. Here it starts from a fixed one: every block of a step is given back.
PROGRAM = """
import ctypes, resource, sys
import torch
from levelset_core.memory import keep_memory

torch.set_num_threads(1)
ctypes.CDLL(None).mallopt(-3, 128 << 10)  # M_MMAP_THRESHOLD
if sys.argv[1] == "kept":
    assert keep_memory()

def step():  # of an attack: several blocks live together, then all are freed
    blocks = [torch.ones(6, 1 << 18) for _ in range(8)]
    del blocks

for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator")
def test_no_page_is_asked_for_twice():
    def faults(how: str) -> int:
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
        )
        return int(run.stdout)

    kept, given_back = faults("kept"), faults("given back")
    assert kept < given_back / 10

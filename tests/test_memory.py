"""Memory that is freed stays with the process."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import torch
from levelset_core.memory import keep_memory

torch.set_num_threads(1)
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

    kept, given_back = faults("kept"), faults("as it is")
    assert kept < given_back / 10

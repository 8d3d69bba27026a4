from __future__ import annotations

import copy
import threading

import torch

from levelset_core.parallel import CPU_ROWS, Workers, row_blocks


def test_results_keep_their_order():
    workers = Workers(3)
    assert workers.map(lambda k: k * k, range(50)) == [k * k for k in range(50)]
    names = set(workers.map(lambda _: threading.current_thread().name, range(50)))
    assert all(name.startswith("rows") for name in names)
    assert copy.deepcopy(workers).threads == 3
    workers.close()


def test_blocks_cover_every_row_once():
    cpu = torch.device("cpu")
    blocks = row_blocks(2 * CPU_ROWS + 3, cpu)
    assert [len(range(2 * CPU_ROWS + 3)[b]) for b in blocks] == [CPU_ROWS, CPU_ROWS, 3]
    assert len(row_blocks(0, cpu)) == 1

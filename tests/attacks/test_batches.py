"""Batches on several cores."""

import pytest
import torch

from levelset_core.parallel import map_batches


@pytest.mark.parametrize(("threads", "count", "within"), [(1, 3, 1), (2, 3, 1), (None, 1, 2)])
def test_an_operation_has_one_core_unless_there_is_one_batch(threads, count, within):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = dict(map_batches(lambda k: (k, torch.get_num_threads()), count, threads))
        assert found == {k: (k, within) for k in range(count)}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)

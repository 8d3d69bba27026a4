"""Two processes that share batches end with the weights of one."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
import torch
from torch import distributed

from levelset_core.data.images import load_images
from levelset_core.robustness.config import RobustConfig
from levelset_core.robustness.trainer import RobustTrainer
from levelset_core.runs import load_checkpoint, save_checkpoint

CONFIG = RobustConfig(
    epochs=1, batch=32, epsilon=0.1, attack_step=0.05, attack_step_wrong=0.2, attack_steps=2,
    learning_rate=1e-4, weight_attacked=0.5,
)  # fmt: skip


def train(method, file):
    # One step of ours: then rounding decides which images have a level set point.
    data = load_images("mnist_excerpt", "train").first(32 if method == "ours" else 96)
    trainer = RobustTrainer(replace(CONFIG, method=method), data, device=torch.device("cpu"))
    for _ in trainer:
        pass
    save_checkpoint(file, dict(trainer.network.state_dict()))


@pytest.mark.parametrize("method", ["madry", "trades", "ours"])
def test_two_processes_train_as_one(tmp_path, method):
    children = []
    for rank in range(2):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                distributed.init_process_group(
                    "gloo", init_method=f"file://{tmp_path}/meet", rank=rank, world_size=2
                )
                train(method, tmp_path / f"{rank}.safetensors")
                distributed.destroy_process_group()
                code = 0
            finally:
                os._exit(code)
        children.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0, 0]
    train(method, tmp_path / "alone.safetensors")
    alone, one, two = (
        load_checkpoint(tmp_path / f"{name}.safetensors") for name in ("alone", "0", "1")
    )
    for name, wanted in alone.items():
        assert torch.equal(one[name], two[name])
        # Sums in another order, through Adam: about its step times rounding.
        torch.testing.assert_close(one[name], wanted, rtol=1e-3, atol=3e-5)

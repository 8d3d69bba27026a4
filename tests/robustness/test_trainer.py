"""The robust trainer: reproducible, resumable bit for bit, and it learns."""

from __future__ import annotations

import signal
import sys
import time
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from levelset_core import LevelsetError
from levelset_core.data.images import ImageSet, load_images
from levelset_core.paths import child_environment
from levelset_core.random import torch_generator
from levelset_core.robustness.config import METHODS, RANGES, RobustConfig, robust_preset
from levelset_core.robustness.trainer import RobustTrainer
from levelset_core.runs import RunStore, load_checkpoint, work_here
from tests.children import child

CPU = torch.device("cpu")
TINY = RobustConfig(
    epochs=2, batch=16, epsilon=0.1, attack_step=0.05, attack_step_wrong=0.2, attack_steps=2
)


@pytest.fixture(scope="module")
def data():
    pixels = torch.randint(256, (40, 1, 16, 16), generator=torch_generator(0), dtype=torch.uint8)
    return ImageSet("random", pixels, torch.arange(40) % 4, tuple("abcd"))


def same(a, b):
    return all(torch.equal(p, q) for p, q in zip(a.values(), b.values(), strict=True))


@pytest.mark.parametrize("method", METHODS)
def test_a_seed_gives_the_same_weights_and_another_others(data, method):
    def train(seed):
        trainer = RobustTrainer(replace(TINY, method=method), data, seed=seed, device=CPU)
        snapshots = list(trainer)
        assert [s.step for s in snapshots] == list(range(1, 7))  # 3 batches an epoch
        assert snapshots[-1].epoch == 2
        return trainer.network.state_dict()

    one = train(0)
    assert same(one, train(0)) and not same(one, train(1))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("varied", [False, True])
def test_a_checkpoint_in_the_middle_of_an_epoch_goes_on_bit_for_bit(data, method, varied):
    config = replace(TINY, method=method, epochs=4, augment=varied, affine=varied)
    whole = RobustTrainer(config, data, device=CPU)
    for _ in range(7):
        next(whole)
    saved = whole.checkpoint()
    rest = [next(whole) for _ in range(4)]
    again = RobustTrainer(config, data, device=CPU)
    again.restore(saved)
    assert repr([next(again) for _ in range(4)]) == repr(rest)
    assert same(whole.network.state_dict(), again.network.state_dict())


def test_sigkill_in_the_middle_of_an_epoch_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("LEVELSET_CHECKPOINT_SECONDS", "0")
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path))
    store = RunStore()
    settings = {
        **TINY.as_dict(), "method": "ours", "epochs": 4, "data": "mnist_excerpt",
        "limit": 80, "test_limit": 8, "epsilon_wrong": 0.3,
    }  # fmt: skip

    def create():
        return store.create("robust", settings, device="cpu", seed=3)

    expected = create()
    assert work_here(store, expected).state == "done"
    run = create()
    # Not a fork: whatever threads this process has, the child would have their locks.
    work = f"store = RunStore(); work_here(store, store.get({run.id!r}))"
    code = f"from levelset_core.runs import RunStore, work_here; {work}"
    patience = time.monotonic() + 60

    def saved():
        return load_checkpoint(run.checkpoint_file)["step"] if run.checkpoint_file.exists() else 0

    with child([sys.executable, "-c", code], env=child_environment(1)) as process:
        while saved() < 7:  # of 20, five an epoch
            assert time.monotonic() < patience and run.status().state != "failed"
    assert process.returncode == -signal.SIGKILL and run.status().state == "interrupted"
    assert work_here(store, run).state == "done"
    model = "model.safetensors"
    one, other = (load_file(r.artifacts / model) for r in (expected, run))
    assert same(one, other)
    assert run.metrics()[-1]["loss"] == expected.metrics()[-1]["loss"]
    figures = run.result()["figures"]
    assert figures["images"] == 8 and figures["epsilon"] == 0.3


def test_ours_finds_level_set_points_from_a_cold_start():
    data = load_images("mnist_excerpt", "train")
    config = replace(robust_preset("paper", "ours", "convnet4a", "mnist"), attack_steps=10,
                     attack_step=0.05, attack_step_wrong=0.05)  # fmt: skip
    found = next(RobustTrainer(config, data, device=CPU)).found
    assert found > 0.9


@pytest.mark.parametrize("method", ["madry", "trades", "ours"])
def test_attacks_in_mixed_precision(data, method):
    # Cross-entropy beside Eq. 12: rounding decides which of a few images have level set points.
    config = replace(TINY, method=method, weight_attacked=1.0, mixed=True)
    trainer = RobustTrainer(config, data, device=CPU)
    seen = next(trainer)
    assert seen.loss > 0 and all(p.dtype == torch.float32 for p in trainer.network.parameters())
    exact = next(RobustTrainer(replace(config, mixed=False), data, device=CPU))
    assert seen.loss == pytest.approx(exact.loss, rel=0.2) and seen.loss != exact.loss


def test_it_learns(data):
    config = replace(TINY, method="madry", epochs=30, learning_rate=3e-3, attack_step=0.01,
                     epsilon=0.02)  # fmt: skip
    few = replace(data, images=data.images[:16], labels=data.labels[:16])
    snapshots = list(RobustTrainer(config, few, device=CPU))
    assert snapshots[-1].loss < 0.3 * snapshots[0].loss
    assert snapshots[-1].robust > 0.9


def test_schedules():
    c = RobustConfig(epochs=200, schedule="halve", learning_rate=1e-3)
    assert [c.learning_rate_at(e) for e in (0, 99.9, 100, 150)] == [1e-3, 1e-3, 5e-4, 2.5e-4]
    c = RobustConfig(epochs=10, schedule="cycle", learning_rate=1e-3)
    rates = [c.learning_rate_at(e / 10) for e in range(101)]
    assert max(rates) == pytest.approx(1e-3) and rates[-1] == 0 and rates[0] == pytest.approx(1e-4)
    c = RobustConfig(epsilon=0.045, epsilon_start=0.001, warmup_epochs=50)
    assert [c.epsilon_at(e) for e in (0, 25, 50, 99)] == pytest.approx([0.001, 0.023, 0.045, 0.045])


def test_the_papers_settings():
    c = robust_preset("paper", "ours", "convnet4a", "mnist")
    assert (c.epsilon, c.epsilon_wrong, c.attack_steps, c.weight_correct) == (0.4, 0.5, 40, 1.0)
    assert c.attack_step == pytest.approx(0.01 * 0.4 / 0.3) and c.attack_step_wrong == 0.01
    c = robust_preset("paper", "ours", "convnet4b", "cifar10")
    assert (c.learning_rate, c.weight_decay, c.weight_correct) == (3e-4, 1e-6, 11.0)
    assert (c.epsilon_start, c.epsilon, c.warmup_epochs, c.attack_steps) == (0.001, 0.045, 50, 20)
    assert robust_preset("paper", "ours", "resnet18", "cifar10").learning_rate == 1e-4


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"method": "free"}, "Unknown method 'free': choose one of standard, madry"),
        ({"model": "vgg"}, "Unknown model 'vgg'"),
        ({"epochs": 0}, "epochs must be 1 to 10000, got 0"),
        ({"epochs": 1.5}, "epochs must be a whole number, got 1.5"),
        ({"epsilon": float("nan")}, "epsilon must be 0 to 1, got nan"),
        ({"augment": 1}, "augment must be true or false, got 1"),
    ],
)
def test_bad_settings_are_one_sentence(settings, sentence):
    with pytest.raises(LevelsetError, match=sentence):
        RobustConfig(**settings)
    assert set(RANGES) <= set(RobustConfig().as_dict())


@pytest.mark.parametrize("method", ["madry", "trades"])
def test_fast_steps_go_from_twice_epsilon_to_a_fifth_of_it(method):
    c = robust_preset("fast", method, "convnet4a", "mnist")
    last = c.attack_step * c.attack_shrink ** (c.attack_steps - 1)
    assert c.attack_step == 2 * c.epsilon and last == pytest.approx(c.epsilon / 5, rel=1e-3)
    ours = robust_preset("fast", "ours", "convnet4a", "mnist")
    assert ours.first_crossing and ours.attack_shrink == 1

"""A training watched from outside: what is seen is right, and seeing changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from levelset_core import LevelsetError
from levelset_core.classifiers.architectures import make_classifier
from levelset_core.data.images import ImageSet
from levelset_core.random import torch_generator
from levelset_core.robustness.config import METHODS, RobustConfig, quick_config, robust_preset
from levelset_core.robustness.kinds.robust import LOOKS
from levelset_core.robustness.trainer import RobustTrainer
from levelset_core.robustness.watch import Watch, looks_from_arrays, looks_to_arrays
from levelset_core.runs import RunStore, load_checkpoint, save_checkpoint, work_here
from levelset_core.runs.files import read_arrays

CPU = torch.device("cpu")
TINY = RobustConfig(
    method="madry", epochs=2, batch=16, epsilon=0.1, attack_step=0.05, attack_steps=2
)


@pytest.fixture(scope="module")
def data():
    pixels = torch.randint(256, (40, 1, 16, 16), generator=torch_generator(0), dtype=torch.uint8)
    return ImageSet("random", pixels, torch.arange(40) % 4, tuple("abcd"))


class Linear(torch.nn.Module):
    """Logits (w.x - c, 0): the distance to {F = 0} in the max norm is |w.x - c| / |w|_1."""

    def __init__(self, n):
        super().__init__()
        self.w = torch.randn(n, generator=torch_generator(1))
        self.c = 0.5 * self.w.sum()

    def forward(self, x):
        value = x.flatten(1) @ self.w - self.c
        return torch.stack([value, torch.zeros_like(value)], 1)


def test_distances_of_a_linear_classifier(data):
    network = Linear(256)
    x, _ = data.batch(slice(None))
    middle = 0.5 + 0.2 * (x - 0.5)  # far from the pixels' limits
    pixels = (middle * 255).round().to(torch.uint8)
    labels = (network(pixels / 255)[:, 0] < 0).long()
    labels[::4] = 1 - labels[::4]
    images = ImageSet("linear", pixels, labels, ("a", "b"))
    look = Watch(images, 0.02, CPU).look(network, 3.0)
    value = network(pixels / 255)[:, 0]
    exact = value.abs() / network.w.abs().sum()
    sign = torch.ones(40)
    sign[::4] = -1
    torch.testing.assert_close(look.distances, sign * exact, rtol=0.02, atol=1e-4)
    assert look.clean == 0.75 and look.epoch == 3.0
    # A linear classifier is attacked as well as can be: what is farther than epsilon stands.
    assert look.robust == pytest.approx(float(((sign > 0) & (exact > 0.02)).float().mean()))


def test_it_looks_before_the_first_step_and_after_every_epoch_and_changes_nothing(data):
    watched = RobustTrainer(TINY, data, device=CPU, watch=Watch(data.first(8), 0.1, CPU))
    plain = RobustTrainer(TINY, data, device=CPU)
    assert [s.loss for s in watched] == [s.loss for s in plain]
    assert [look.epoch for look in watched.looks] == [0.0, 1.0, 2.0]
    assert all(look.distances.shape == (8,) for look in watched.looks)
    assert plain.looks == []


def test_a_resumed_training_saw_the_same(data, tmp_path):
    def trainer():
        return RobustTrainer(TINY, data, device=CPU, watch=Watch(data.first(8), 0.1, CPU))

    whole, half = trainer(), trainer()
    list(whole)
    for _ in range(4):
        next(half)
    save_checkpoint(tmp_path / "checkpoint.safetensors", half.checkpoint())
    again = trainer()
    again.restore(load_checkpoint(tmp_path / "checkpoint.safetensors"))
    list(again)
    expected, found = looks_to_arrays(whole.looks), looks_to_arrays(again.looks)
    for name, array in expected.items():
        assert array.tobytes() == found[name].tobytes()


def test_a_run_keeps_what_it_saw(tmp_path, monkeypatch):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path))
    store = RunStore()
    settings = {
        **replace(TINY, model="convnet4a_narrow").as_dict(), "data": "mnist_excerpt", "limit": 32,
        "test_limit": 4, "watch": 6, "watch_epsilon": 0.2,
    }  # fmt: skip
    run = store.create("robust", settings, device="cpu")
    assert work_here(store, run).state == "done"
    looks = looks_from_arrays(read_arrays(run.artifacts / LOOKS))
    assert [look.epoch for look in looks] == [0.0, 1.0, 2.0]
    assert all(0 <= look.robust <= look.clean <= 1 for look in looks)


def test_damaged_records_are_one_sentence():
    with pytest.raises(LevelsetError, match="record of a training is damaged"):
        looks_from_arrays({"epoch": [0.0]})


def test_a_narrow_network_is_a_small_one():
    network = make_classifier("convnet4a_narrow", (1, 28, 28), 10)
    assert sum(p.numel() for p in network.parameters()) < 25_000
    assert network(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_standard_epochs_come_first(data):
    config = replace(TINY, method="trades", epochs=2, standard_epochs=1)
    snapshots = list(RobustTrainer(config, data, device=CPU))
    looked = [s.robust == s.robust for s in snapshots]  # not NaN: the method attacks
    assert looked == [False] * 3 + [True] * 3


@pytest.mark.parametrize("method", METHODS)
def test_the_quick_preset(method):
    config = robust_preset("quick", method, "convnet4a_narrow", "mnist_excerpt")
    assert config == quick_config(method, "convnet4a_narrow")
    assert config.method == method and config.batch == 64
    reach = 0.2 if method == "standard" else 0.3  # one radius for all methods
    assert config.epsilon == pytest.approx(reach, abs=1e-4)
    if method != "standard":
        last = config.attack_step * config.attack_shrink ** (config.attack_steps - 1)
        assert (config.attack_step, last) == pytest.approx((2 * reach, reach / 5), rel=1e-2)
    assert (config.weight_attacked == 3) == (method == "level-set")
    one = quick_config(method, "convnet4a_narrow", epsilon=0.4, attack_steps=1, weight_attacked=0)
    assert one.weight_attacked == 0 and one.attack_shrink == 1.0
    if method == "level-set":  # the paper's form
        assert (one.search, one.distance, one.replays) == ("margin", "rho", 0)

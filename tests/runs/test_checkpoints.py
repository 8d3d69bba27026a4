import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from levelset_core.errors import LevelsetError
from levelset_core.random import numpy_generator, torch_generator
from levelset_core.runs import load_checkpoint, save_checkpoint

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
trees = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.integers() | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def same(a, b):
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif isinstance(a, torch.Tensor):
        assert a.dtype == b.dtype and a.shape == b.shape
        bits = [t.flatten().view(torch.uint8).numpy() for t in (a, b)]
        np.testing.assert_array_equal(*bits)
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    else:
        assert repr(a) == repr(b)  # also NaN and -0.0


@given(tree=trees)
def test_any_nesting_of_plain_values_comes_back(tree, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "checkpoint.safetensors"
    save_checkpoint(path, tree)
    same(load_checkpoint(path), tree)


def test_tensors_arrays_optimizer_and_generators_come_back(tmp_path):
    network = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1, betas=(0.9, 0.95))
    network(torch.randn(4, 3, generator=torch_generator(0))).sum().backward()
    optimizer.step()
    weight = torch.arange(6.0).view(2, 3)
    tree = {
        "optimizer": optimizer.state_dict(),
        "generator": torch_generator(5).get_state(),
        "numpy": numpy_generator(3).bit_generator.state,
        "views": [weight, weight.T.contiguous(), weight[:1], torch.tensor(2.5).bfloat16()[None]],
        "empty": torch.zeros(0, 3),
        "arrays": (np.arange(3), np.zeros((2, 0)), np.array([True])),
    }
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, tree)
    same(load_checkpoint(path), tree)
    save_checkpoint(path, {"transposed": weight.T})
    assert torch.equal(load_checkpoint(path)["transposed"], weight.T)


def test_what_no_checkpoint_can_hold_is_named(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, {"step": 1})
    with pytest.raises(LevelsetError, match=r"checkpoint\['a'\]\[1\] is a set"):
        save_checkpoint(path, {"a": [0, {1}]})
    assert load_checkpoint(path) == {"step": 1}
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("cut", [0, 4, 60, -1])
def test_a_damaged_file_is_one_sentence(tmp_path, cut):
    path = tmp_path / "checkpoint.safetensors"
    save_checkpoint(path, {"w": torch.zeros(100)})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(LevelsetError, match=r"checkpoint\.safetensors"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"format": "other"},
        {"format": "levelset-checkpoint-1", "structure": "{"},
        {"format": "levelset-checkpoint-1", "structure": json.dumps({"tensor": "missing"})},
        {"format": "levelset-checkpoint-1", "structure": json.dumps({"a": 1, "b": 2})},
    ],
)
def test_another_safetensors_file_is_one_sentence(tmp_path, metadata):
    path = tmp_path / "checkpoint.safetensors"
    save_file({"w": torch.zeros(2)}, path, metadata)
    with pytest.raises(LevelsetError):
        load_checkpoint(path)

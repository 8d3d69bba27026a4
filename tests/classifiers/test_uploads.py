"""What comes in from a stranger: recognized, or refused in one sentence."""

from __future__ import annotations

import io
import pickle
import warnings
from argparse import Namespace
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import nn

from levelset_core import LevelsetError
from levelset_core.classifiers.architectures import make_classifier
from levelset_core.classifiers.looking import look_at
from levelset_core.classifiers.uploads import classifier_from_bytes
from levelset_core.data.images import ImageSet


def pt(value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("model", "shape", "classes"),
    [
        ("convnet4a", (1, 28, 28), 10),
        ("convnet4a", (3, 32, 32), 10),
        ("convnet4b", (3, 32, 32), 100),
        ("resnet18", (3, 32, 32), 10),
    ],
)
def test_the_architecture_is_found(model, shape, classes):
    network = make_classifier(model, shape, classes).eval()
    weights = {f"module.{k}": v for k, v in network.state_dict().items()}
    found = classifier_from_bytes("My model (1).pth", pt({"state_dict": weights}))
    assert (found.model, found.shape, found.classes) == (model, shape, classes)
    x = torch.rand(2, *shape)
    assert torch.equal(found.network(x), network(x))


def test_the_head_is_found_and_said():
    network = make_classifier("convnet4a_linear", (1, 28, 28), 10, seed=2).eval()
    pixels = torch.randint(256, (200, 1, 28, 28), dtype=torch.uint8)
    data = ImageSet("noise", pixels, torch.zeros(200, dtype=torch.int64), tuple("0123456789"))
    with torch.no_grad():
        data = replace(data, labels=network(data.batch(slice(None))[0]).argmax(1))
    weights = {k: v.contiguous() for k, v in network.state_dict().items()}
    found = classifier_from_bytes("model.safetensors", save(weights))
    assert found.model == "convnet4a"
    look = look_at(found, data)
    assert (look.classifier.model, look.accuracy) == ("convnet4a_linear", 1.0)
    assert "without ReLUs in its head" in look.notes[0] and not look.warning


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.h5", b"x", r"a\.h5 must end in one of \.safetensors, \.pt, \.pth, .*\.pt2, \.onnx"),
        ("a.pt", b"", r"a\.pt is empty"),
        ("a.pt", b"garbage", r"a\.pt is damaged or holds more than tensors"),
        ("a.safetensors", b"\xff" * 50, r"a\.safetensors is damaged"),
        ("a.pt2", b"PK\x03\x04 no", r"a\.pt2 is damaged or no program"),
        ("a.pt", pt({"w": torch.zeros(3)}), r"1 tensors with 3 numbers \(w\), which are"),
        ("a.pt", pickle.dumps({"w": 1}), r"a\.pt is damaged or holds more than tensors"),
        ("a.pt", pt([1, 2]), "holds no state dict"),
    ],
)
def test_bad_files_are_one_sentence(name, content, sentence):
    with pytest.raises(LevelsetError, match=sentence) as caught:
        classifier_from_bytes(name, content)
    assert "\n" not in str(caught.value)


def test_a_named_architecture_that_does_not_fit_says_why():
    weights = make_classifier("convnet4b", (3, 32, 32), 10).state_dict()
    with pytest.raises(LevelsetError, match="is no convnet4a: The network needs"):
        classifier_from_bytes("b.pt", pt(weights), arch="convnet4a")


def weights_of(seed):
    return make_classifier("convnet4a", (1, 28, 28), 10, seed=seed).eval().state_dict()


def is_of(found, seed):
    x = torch.rand(2, 1, 28, 28)
    wanted = make_classifier("convnet4a", (1, 28, 28), 10, seed=seed).eval()
    return torch.equal(found.network(x), wanted(x))


@pytest.mark.parametrize(
    "key",
    ["ema", "model_ema", "params", "params_ema", "state", "student", "state_dict", "model", "net",
     "module", "model.state_dict", "checkpoint.weights"],
)  # fmt: skip
def test_state_dicts_below_other_names(key):
    content = weights_of(1)
    for part in reversed(key.split(".")):
        content = {part: content, "epoch": 3, "optimizer": {"state": {0: {"exp_avg": content}}}}
    found = classifier_from_bytes("a.pt", pt(content))
    assert is_of(found, 1) and not found.choices


def test_of_several_networks_the_averaged_one_is_taken_and_said():
    raw, averaged = weights_of(1), weights_of(2)
    for content in (
        {"model": raw, "ema": averaged},
        {"state": raw, "params_ema": {"module." + k: v for k, v in averaged.items()}},
        {f"{name}.{k}": v for name, w in (("model", raw), ("ema", averaged)) for k, v in w.items()},
    ):
        found = classifier_from_bytes("a.pt", pt(content))
        assert is_of(found, 2)
        (sentence,) = found.choices
        assert "holds several networks" in sentence and "(averaged weights) was taken" in sentence
    found = classifier_from_bytes("a.pt", pt({"teacher": raw, "student": averaged}))
    assert is_of(found, 2) and "'student' was taken, not 'teacher'" in found.choices[0]


def holder(weights):
    """A network saved whole whose parts are of classes that nobody here knows."""
    root = nn.Module()
    for name, tensor in weights.items():
        *parts, last = name.split(".")
        part = root
        for inner in parts:
            if not hasattr(part, inner):
                part.add_module(inner, nn.Module())
            part = getattr(part, inner)
        part.register_parameter(last, nn.Parameter(tensor))
    return root


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda w: {"state_dict": w, "args": Namespace(lr=0.1)}, "argparse.Namespace"),
        (lambda w: {"net": w, "acc": np.float64(0.93), "epoch": 3}, "scalar"),
        (holder, "torch.nn.modules.module.Module"),
        (lambda w: {"epoch": 1, "model": holder(w)}, "torch.nn.modules.module.Module"),
        (lambda w: ({f"module.{k}": v for k, v in w.items()}, 3), None),
        (lambda w: {"state_dict": {f"net.{k}": v for k, v in w.items()}
                    | {"criterion.weight": torch.ones(10)}}, "criterion.weight: left out"),
    ],
)  # fmt: skip
def test_what_is_beside_the_tensors_is_not_opened_and_said(content, said):
    found = classifier_from_bytes("a.ckpt", pt(content(weights_of(1))))
    assert is_of(found, 1)
    assert [said in choice for choice in found.choices] == [True] * (said is not None)


class Evil:
    def __init__(self, call):
        self.call = call

    def __reduce__(self):
        return self.call


def test_no_code_of_a_file_runs(tmp_path):
    marker = tmp_path / "ran"
    for call in ((eval, (f"open({str(marker)!r}, 'w')",)), (Path.touch, (marker,))):
        with suppress(LevelsetError):
            classifier_from_bytes("a.pt", pt({"model": weights_of(1), "args": Evil(call)}))
    assert not marker.exists()


def test_parts_that_hold_the_same_part_twice_are_no_work_for_hours():
    part = nn.Module()
    for _ in range(28):
        outer = nn.Module()
        outer.add_module("a", part)
        outer.add_module("b", part)
        part = outer
    with pytest.raises(LevelsetError, match="holds no state dict"):
        classifier_from_bytes("a.pt", pt(part))


def test_torchscript_is_named(tmp_path):
    with warnings.catch_warnings():  # torch leaves it behind
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "a.pt")
    with pytest.raises(LevelsetError, match="TorchScript program, and no code of a file is run"):
        classifier_from_bytes("a.pt", (tmp_path / "a.pt").read_bytes())


def test_a_normalization_in_a_state_dict_is_taken():
    network = make_classifier("convnet4b", (3, 32, 32), 10, seed=1).eval()
    weights = {f"1.{k}": v for k, v in network.state_dict().items()}
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.247, 0.2435, 0.2616])
    weights |= {"0.mean": mean.view(1, 3, 1, 1), "0.std": std.view(1, 3, 1, 1)}
    found = classifier_from_bytes("a.pt", pt(weights))
    x = torch.rand(2, 3, 32, 32)
    normal = (x - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    torch.testing.assert_close(found.network(x), network(normal))
    assert found.choices == (
        "The file has a normalization of its own: CIFAR-10's (mean 0.4914, 0.4822, 0.4465, std "
        "0.247, 0.2435, 0.2616).",
    )


def test_keys_that_hold_no_network_are_named():
    with pytest.raises(LevelsetError, match="holds no state dict: its keys are epoch, optimizer"):
        classifier_from_bytes("a.pt", pt({"epoch": 3, "optimizer": {"state": {}}}))
    weights = {"encoder.weight": torch.zeros(3, 3), "encoder.bias": torch.zeros(3)}
    with pytest.raises(LevelsetError, match=r"\(encoder\.weight, encoder\.bias\), which are none"):
        classifier_from_bytes("a.pt", pt({"state_dict": weights}))

"""ONNX files: torch's numbers and gradients where they can be converted, else said; safe."""

from __future__ import annotations

import io
import math
import warnings

import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional as F

from levelset_core import LevelsetError
from levelset_core._torchvision import torchvision
from levelset_core.classifiers.files import load_classifier, save_classifier
from levelset_core.classifiers.looking import remarks
from levelset_core.classifiers.onnx_files import OnnxNetwork
from levelset_core.classifiers.uploads import classifier_from_bytes

SHAPE = (1, 12, 12)


class Small(nn.Module):
    def __init__(self, f=F.relu):
        super().__init__()
        self.conv, self.norm, self.f = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), f
        self.head = nn.Linear(100, 10)

    def forward(self, x):
        x = F.max_pool2d(self.f(self.norm(self.conv((x - 0.13) / 0.3))), 2)
        return self.head(x.view(x.shape[0], -1))


def written(network, shape=SHAPE, dynamic=True, **options):
    if dynamic:
        options |= {"dynamic_axes": {"x": {0: "n"}}, "input_names": ["x"]}
    buffer = io.BytesIO()
    with warnings.catch_warnings():  # torch has another exporter, with other packages, by now
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (torch.rand(1, *shape),), buffer, dynamo=False, **options)
    return buffer.getvalue()


def vit():
    return torchvision.models.VisionTransformer(16, 8, 1, 2, 16, 32, num_classes=10)


@pytest.mark.parametrize(
    ("build", "shape", "options"),
    [
        (Small, SHAPE, {}),
        (Small, SHAPE, {"dynamic": False}),
        (Small, SHAPE, {"opset_version": 13}),
        (lambda: Small(F.gelu), SHAPE, {}),
        (lambda: Small(F.hardswish), SHAPE, {"dynamic": False}),
        (vit, (3, 16, 16), {}),
        (vit, (3, 16, 16), {"dynamic": False, "opset_version": 17}),
    ],
)
def test_values_and_gradients_are_torchs(tmp_path, build, shape, options):
    torch.manual_seed(0)
    network = build().eval()
    (tmp_path / "n.onnx").write_bytes(written(network, shape, **options))
    found = load_classifier(tmp_path / "n.onnx")
    assert (found.model, found.shape, found.classes) == ("onnx", shape, 10)
    assert not list(remarks(found.network))
    save_classifier(
        tmp_path / "s.safetensors", found.network, found.model, shape, 10, {"name": "a"}
    )
    again = load_classifier(tmp_path / "s.safetensors")
    assert again.card == {"name": "a"} and again.described
    x = torch.rand(3, *shape, requires_grad=True)
    wanted = network(x)
    (gradient,) = torch.autograd.grad(wanted[:, 0].sum(), x)
    for classifier in (found, again):
        values = classifier.network(x)
        torch.testing.assert_close(values, wanted, rtol=1e-3, atol=1e-5)
        (own,) = torch.autograd.grad(values[:, 0].sum(), x)
        torch.testing.assert_close(own, gradient, rtol=1e-3, atol=1e-5)


def model(nodes, weights=(), out=(0, 10), shape=SHAPE, opset=17):
    def value(name, dims):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *dims[1:]])

    graph = helper.make_graph(
        nodes, "g", [value("x", (0, *shape))], [value("y", out)], list(weights)
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9
    ).SerializeToString()


def linear(name="W"):
    weights = torch.rand(144, 10, generator=torch.Generator().manual_seed(0))
    return [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("MatMul", ["f", name], ["y"]),
    ], [numpy_helper.from_array(weights.numpy(), name)]


def test_what_has_no_gradients_says_so():
    nodes, weights = linear()
    nodes[1].output[0] = "z"
    content = model([*nodes, helper.make_node("Hardmax", ["z"], ["y"])], weights)
    found = classifier_from_bytes("a.onnx", content)
    x = torch.rand(3, *SHAPE, requires_grad=True)
    logits = found.network(x)
    assert logits.shape == (3, 10) and not logits.requires_grad
    (sentence,) = remarks(found.network)
    assert "without gradients" in sentence and "Hardmax" in sentence and "Square" in sentence


def reshaped(allowzero):
    _, weights = linear()
    size = numpy_helper.from_array(torch.tensor([-1, 144]).numpy(), "size")
    nodes = [
        helper.make_node("Reshape", ["x", "size"], ["f"], allowzero=allowzero),
        helper.make_node("MatMul", ["f", "W"], ["y"]),
    ]
    return nodes, [*weights, size]


def test_what_a_zero_would_mean_hinders_no_gradient():
    """As torch's exporter of today writes every view."""
    found = classifier_from_bytes("a.onnx", model(*reshaped(1)))
    assert not list(remarks(found.network))
    x = torch.rand(3, *SHAPE, requires_grad=True)
    assert found.network(x).requires_grad


@pytest.mark.parametrize("axes", [(784,), (28, 28), (32, 32, 3), (28, 28, 1)])
def test_images_in_other_forms(axes):
    weights = torch.rand(math.prod(axes), 10)
    nodes, _ = linear()
    content = model(nodes, [numpy_helper.from_array(weights.numpy(), "W")], shape=axes)
    found = classifier_from_bytes("a.onnx", content)
    x = torch.rand(3, *found.shape)
    assert found.shape == ((3, 32, 32) if len(axes) == 3 and axes[2] == 3 else (1, 28, 28))
    taken = x.permute(0, 2, 3, 1) if len(axes) == 3 else x
    torch.testing.assert_close(found.network(x), taken.flatten(1) @ weights, rtol=1e-4, atol=1e-4)
    assert f"it is read as {found.shape[0]} x" in next(remarks(found.network))


def test_classes_that_a_file_does_not_say_are_inferred():
    assert classifier_from_bytes("a.onnx", model(*linear(), out=(0, "classes"))).classes == 10


def test_numbers_in_a_file_beside(tmp_path):
    path = tmp_path / "a.onnx"
    whole = onnx.load_model_from_string(model(*linear()))
    onnx.save(whole, path, save_as_external_data=True, location="a.onnx.data", size_threshold=0)
    assert load_classifier(path).classes == 10
    (tmp_path / "a.onnx.data").write_bytes(b"cut")
    with pytest.raises(LevelsetError, match=r"a\.onnx does not fit a\.onnx\.data"):
        load_classifier(path)


def test_names_in_a_file_are_no_code(tmp_path):
    marker = tmp_path / "ran"
    evil = f'W"); __import__("pathlib").Path({str(marker)!r}).touch() #'
    nodes, weights = linear(evil)
    for k, node in enumerate(nodes):
        node.name = f"{evil}{k}"
    found = OnnxNetwork(model(nodes, weights))
    assert found(torch.rand(2, *SHAPE)).shape == (2, 10) and not marker.exists()


def giant():
    size = numpy_helper.from_array(torch.tensor([1, 10**6, 10**6]).numpy(), "size")
    return model(
        [
            helper.make_node("ConstantOfShape", ["size"], ["big"]),
            helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0),
            helper.make_node("Flatten", ["x"], ["f"]),
            helper.make_node("Add", ["f", "sum"], ["y"]),
        ],
        [size], out=(0, 144),
    )  # fmt: skip


def elsewhere():
    nodes, weights = linear()
    content = onnx.load_model_from_string(model(nodes, weights))
    tensor = content.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    tensor.ClearField("raw_data")
    return content.SerializeToString()


def foreign():
    return model([helper.make_node("Run", ["x"], ["y"], domain="shell")])


def quantized():
    return model([helper.make_node("QLinearConv", ["x"] * 8, ["y"])])


def one():
    return model([helper.make_node("Flatten", ["x"], ["y"])], out=(0, 1))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (lambda: b"", "is empty"),
        (lambda: b"nonsense" * 9, "damaged or no ONNX file"),
        (giant, "makes a tensor of 1,000,000,000,000 numbers"),
        (elsewhere, "keeps its numbers in another file"),
        (foreign, "Run of shell, which is code of another program"),
        (quantized, "computes with integers"),
        (one, "one number for an image"),
    ],
)
def test_what_cannot_run_is_one_sentence(content, sentence):
    with pytest.raises(LevelsetError, match=sentence) as caught:
        classifier_from_bytes("a.onnx", content())
    assert "\n" not in str(caught.value)

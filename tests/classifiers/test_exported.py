"""Exported programs give what torch gives, and nothing in a file is unpickled or run."""

from __future__ import annotations

import io
import itertools
import json
import pickle
import zipfile

import pytest
import torch
from torch import nn

from levelset_core import LevelsetError
from levelset_core.classifiers.architectures import make_classifier
from levelset_core.classifiers.exported import ExportedNetwork
from levelset_core.classifiers.exported_files import read_exported
from levelset_core.classifiers.files import load_classifier, save_classifier


class Mixed(nn.Module):
    """Arithmetic on sizes, operators in place, a normalization, several kinds of arguments."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1, padding_mode="reflect")
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(4 * 36, 10)
        self.register_buffer("mean", torch.tensor(0.13))

    def forward(self, x):
        x = (x - self.mean) / 0.3
        x = self.norm(self.conv(x))
        x = x + nn.functional.avg_pool2d(x, 3, stride=1, padding=1)
        x += 0.1
        x = nn.functional.relu_(x)
        x = torch.cat([x[:, :2], x[:, 2:].clamp(0, 1)], dim=1)
        x = nn.functional.adaptive_avg_pool2d(x, 6)
        return self.head(nn.functional.dropout(x.view(x.shape[0], -1), training=self.training))


def program_of(network, shape=(1, 12, 12), dynamic=True, dtype=torch.float32):
    sizes = ({0: torch.export.Dim("n")},) if dynamic else None
    return torch.export.export(network, (torch.rand(3, *shape, dtype=dtype),), dynamic_shapes=sizes)


def export(network, path, *args, **options):
    torch.export.save(program_of(network, *args, **options), path)
    return path


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    torch.manual_seed(0)
    network = Mixed().eval()
    return network, export(network, tmp_path_factory.mktemp("export") / "mixed.pt2")


@pytest.mark.parametrize("dynamic", [True, False])
@pytest.mark.parametrize(
    ("name", "shape"),
    [("convnet4a", (1, 16, 16)), ("resnet18", (3, 16, 16)), ("mixed", (1, 12, 12))],
)
def test_values_and_gradients_are_torchs(tmp_path, name, shape, dynamic):
    torch.manual_seed(0)
    network = (Mixed() if name == "mixed" else make_classifier(name, shape, 10)).eval()
    path = export(network, tmp_path / "net.pt2", shape, dynamic)
    found = load_classifier(path)
    assert (found.model, found.shape, found.classes) == ("exported", shape, 10)
    stored = tmp_path / "stored.safetensors"
    save_classifier(stored, found.network, found.model, shape, 10, {"name": "mine"})
    again = load_classifier(stored)
    assert again.card == {"name": "mine"}
    x = torch.rand(7, *shape, requires_grad=True)
    wanted = network(x)
    (gradient,) = torch.autograd.grad(wanted.square().sum(), x)
    for classifier in (found, again):
        values = classifier.network(x)
        torch.testing.assert_close(values, wanted, rtol=1e-4, atol=1e-5)
        (own,) = torch.autograd.grad(values.square().sum(), x)
        torch.testing.assert_close(own, gradient, rtol=1e-3, atol=1e-4)
    before = x.detach().clone()
    with torch.no_grad():
        found.network(x)
    assert torch.equal(x, before)  # operators in place change no image


def test_a_graph_for_one_image_takes_many_where_it_gives_the_same(tmp_path):
    class Counted(nn.Module):  # how many images there are is written into the graph
        def forward(self, x):
            return x.reshape(x.shape[0], -1)[:, :10]

    for network, any_number in ((make_classifier("convnet4a", (1, 16, 16), 10), True),
                                (Counted(), False)):  # fmt: skip
        network = network.eval()
        program = torch.export.export(network, (torch.rand(1, 1, 16, 16),))
        torch.export.save(program, tmp_path / "one.pt2")
        found = load_classifier(tmp_path / "one.pt2").network
        assert (found._batch is None) == any_number
        x = torch.rand(5, 1, 16, 16)
        torch.testing.assert_close(found(x), network(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch", [None, 2])
def test_a_gradient_through_many_parts_keeps_one_at_a_time(batch, monkeypatch):
    """A graph that makes hundreds of channels of one: of a batch it would keep many GB."""
    args = [{"tensor": "x"}, {"plain": [1, 300, 1, 1]}]
    nodes = [{"target": "torch.ops.aten.repeat.default", "outputs": ["a"], "args": args,
              "kwargs": {}}]  # fmt: skip
    nodes += [
        {"target": "torch.ops.aten.mul.Tensor", "outputs": [b], "args": [{"tensor": a}] * 2,
         "kwargs": {}} for a, b in itertools.pairwise("abcde")
    ]  # fmt: skip
    nodes.append({"target": "torch.ops.aten.mean.dim", "outputs": ["z"], "kwargs": {},
                  "args": [{"tensor": "e"}, {"plain": [1, 3]}]})  # fmt: skip
    about = {"input": "x", "output": "z", "tensors": [], "batch": batch, "shape": [1, 28, 28],
             "classes": 28, "nodes": nodes}  # fmt: skip
    whole, parts = ExportedNetwork(about, {}), ExportedNetwork({**about, "batch": batch}, {})
    whole._batch = None
    monkeypatch.setattr(parts, "at_once", lambda n: 2)
    x = torch.rand(6, 1, 28, 28, requires_grad=True)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: (kept.append(t.numel()), t)[1], lambda t: t
    ):
        found = parts(x)
    assert sum(kept) < 300 * 28 * 28
    (slope,) = torch.autograd.grad(found.square().sum(), x)
    wanted = whole(x)
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(slope, torch.autograd.grad(wanted.square().sum(), x)[0])


def rewritten(path, target, change):
    """A copy whose files ``change(name, content)`` replaces."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return target


class Bomb:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize("where", ["weights", "sample_inputs", "opaque"])
def test_no_pickle_is_opened(mixed, tmp_path, where):
    _, path = mixed
    marker = tmp_path / "ran"
    bomb = pickle.dumps(Bomb(marker))

    def change(name, content):
        if where == "sample_inputs" and "sample_inputs" in name:
            return bomb
        if where == "weights" and name.endswith("model_weights_config.json"):
            config = json.loads(content)
            config["config"]["conv.weight"]["use_pickle"] = True
            return json.dumps(config)
        if where == "weights" and name.endswith("weight_0"):
            return bomb
        if where == "opaque" and name.endswith("constants_config.json"):
            entry = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True,
                     "tensor_meta": None}  # fmt: skip
            return json.dumps({"config": {"obj": entry}})
        return content

    bad = rewritten(path, tmp_path / "bad.pt2", change)
    if where == "opaque":
        with zipfile.ZipFile(bad, "a") as archive:
            archive.writestr("mixed/data/constants/opaque_obj_0", bomb)
    if where == "sample_inputs":
        read_exported(bad)  # they are not needed, so not looked at
    else:
        with pytest.raises(LevelsetError, match="as a pickle, which is never read here"):
            read_exported(bad)
    assert not marker.exists()


def model_json(change):
    def apply(name, content):
        if not name.endswith("models/model.json"):
            return content
        model = json.loads(content)
        change(model["graph_module"])
        return json.dumps(model)

    return apply


@pytest.mark.parametrize(
    "target",
    [
        "torch.ops.aten.set_.source_Tensor", "torch.ops.aten.relu.__class__", "os.system",
        "torch.ops.aten.from_file.default", "torch.load", "torch.ops.higher_order.cond",
    ],
)  # fmt: skip
def test_other_operators_are_refused(mixed, tmp_path, target):
    def change(module):
        module["graph"]["nodes"][2]["target"] = target

    bad = rewritten(mixed[1], tmp_path / "bad.pt2", model_json(change))
    with pytest.raises(LevelsetError, match="which is not supported here"):
        read_exported(bad)


def test_training_mode_is_refused(tmp_path):
    path = export(Mixed().train(), tmp_path / "train.pt2")
    with pytest.raises(LevelsetError, match=r"call \.eval\(\) before"):
        load_classifier(path)


def test_two_inputs_and_other_shapes_are_refused(tmp_path):
    class Two(nn.Module):
        def forward(self, x, y):
            return (x + y).flatten(1)

    x = torch.rand(2, 1, 4, 4)
    torch.export.save(torch.export.export(Two(), (x, x)), tmp_path / "two.pt2")
    with pytest.raises(LevelsetError, match="one input and one output, the exported program 2"):
        read_exported(tmp_path / "two.pt2")
    flat = nn.Linear(3, 4)
    torch.export.save(torch.export.export(flat, (torch.rand(2, 3),)), tmp_path / "flat.pt2")
    with pytest.raises(LevelsetError, match="has 2 and 2 axes"):
        read_exported(tmp_path / "flat.pt2")


@pytest.mark.parametrize("form", ["text", "cut", "empty zip", "no graph", "wrong size", "list"])
def test_damaged_files_are_one_sentence(mixed, tmp_path, form):
    content = mixed[1].read_bytes()
    bad = tmp_path / "bad.pt2"
    if form == "text":
        bad.write_bytes(b"hello" * 100)
    elif form == "cut":
        bad.write_bytes(content[: len(content) // 2])
    elif form == "empty zip":
        buffer = io.BytesIO()
        zipfile.ZipFile(buffer, "w").close()
        bad.write_bytes(buffer.getvalue())
    elif form == "no graph":
        rewritten(mixed[1], bad, lambda name, c: b"{}" if name.endswith("model.json") else c)
    elif form == "wrong size":
        rewritten(mixed[1], bad, lambda name, c: c[:4] if name.endswith("weight_0") else c)
    else:
        rewritten(mixed[1], bad, lambda name, c: b"[1, 2]" if name.endswith(".json") else c)
    with pytest.raises(LevelsetError, match=r"bad\.pt2 is damaged or no program of torch\.export"):
        read_exported(bad)


def test_a_damaged_graph_is_a_sentence():
    with pytest.raises(LevelsetError, match="graph is damaged"):
        ExportedNetwork({"tensors": ["w"], "nodes": []}, {})


@pytest.mark.parametrize(
    "change",
    [
        {"classes": None}, {"classes": "10"}, {"classes": 0}, {"shape": [1, 12]}, {"shape": None},
        {"shape": [1, "12", 12]}, {"shape": [1, -12, 12]}, {"axes": ["a"]}, {"batch": 0},
        {"batch": "two"},
    ],
)  # fmt: skip
def test_a_description_with_odd_sizes_is_damaged(change, tmp_path):
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 10))
    found = read_exported(export(network, tmp_path / "a.pt2"))
    tensors = {name: found.get_buffer(f"t{k}") for k, name in enumerate(found.graph["tensors"])}
    ExportedNetwork(found.graph, tensors)
    with pytest.raises(LevelsetError, match="graph is damaged"):
        ExportedNetwork({**found.graph, **change}, tensors)
    for name in change:
        left = {key: value for key, value in found.graph.items() if key != name}
        if name != "axes":
            with pytest.raises(LevelsetError, match="graph is damaged"):
                ExportedNetwork(left, tensors)

"""The paper's classifiers: sizes, and state dicts from elsewhere."""

from __future__ import annotations

import json
from collections import OrderedDict

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from levelset_core import LevelsetError
from levelset_core.classifiers.architectures import CLASSIFIERS, make_classifier
from levelset_core.classifiers.files import (
    load_classifier,
    save_classifier,
    write_card,
)
from levelset_core.classifiers.foreign import fit_state_dict
from levelset_core.classifiers.looking import look_at
from levelset_core.data.images import ImageSet

MNIST, CIFAR = (1, 28, 28), (3, 32, 32)


@pytest.mark.parametrize(
    ("model", "shape", "count"),
    [
        ("convnet4a", MNIST, 312_202),
        ("convnet4a_linear", MNIST, 312_202),
        ("convnet4b", CIFAR, 2_466_858),
        ("resnet18", CIFAR, 11_173_962),
    ],
)
def test_sizes_are_the_papers(model, shape, count):
    network = make_classifier(model, shape, 10)
    assert sum(p.numel() for p in network.parameters()) == count
    assert network.eval()(torch.rand(2, *shape)).shape == (2, 10)


@pytest.mark.parametrize("model", sorted(CLASSIFIERS))
@pytest.mark.parametrize("shape", [(1, 17, 33), (4, 48, 20)])
def test_any_size_of_image(model, shape):
    network = make_classifier(model, shape, 7).eval()
    assert network(torch.rand(2, *shape)).shape == (2, 7)


def test_a_seed_gives_the_same_weights():
    one, same, other = (make_classifier("convnet4a", MNIST, 10, seed=k) for k in (1, 1, 2))
    assert torch.equal(one.head.fc2.weight, same.head.fc2.weight)
    assert not torch.equal(one.head.fc2.weight, other.head.fc2.weight)
    logits = one(torch.rand(64, *MNIST))
    assert 0.1 < logits.std() < 3  # neither vanishing nor exploding


def test_pooling_before_the_relu_is_the_same_function():
    network = make_classifier("convnet4a", MNIST, 10)
    x = torch.rand(4, *MNIST)
    f = network.features
    pool = nn.functional.max_pool2d
    y = pool(torch.relu(f.conv2(torch.relu(f.conv1(x)))), 2)
    y = pool(torch.relu(f.conv4(torch.relu(f.conv3(y)))), 2)
    assert torch.equal(network(x), network.head(y.flatten(1)))


def trades_like(linear_head=False):
    """The names that the code of TRADES, and of many after it, gives the same layers."""
    network = make_classifier("convnet4a_linear" if linear_head else "convnet4a", MNIST, 10, seed=4)
    own = network.state_dict()
    renamed = OrderedDict(
        (k.replace("features.", "feature_extractor.").replace("head.", "classifier."), v)
        for k, v in own.items()
    )
    return network.eval(), renamed


@pytest.mark.parametrize("form", ["plain", "prefix", "alphabetical", "numbers", "nested"])
def test_state_dicts_with_other_names(tmp_path, form):
    network, weights = trades_like()
    x = torch.rand(4, *MNIST)
    file = tmp_path / "model.pt"
    if form == "prefix":
        weights = {f"module.net.{k}": v for k, v in network.state_dict().items()}
    elif form == "numbers":
        layers = list(dict.fromkeys(name.rpartition(".")[0] for name in weights))
        pairs = []
        for name, tensor in weights.items():
            layer, _, kind = name.rpartition(".")
            pairs.append((f"model.{2 * layers.index(layer)}.{kind}", tensor))
        weights = dict(sorted(pairs))  # as text, 10 comes before 2
    if form == "alphabetical":
        file = tmp_path / "model.safetensors"
        save_file(weights, file)
    else:
        torch.save({"state_dict": weights, "epoch": 3} if form == "nested" else weights, file)
    found = load_classifier(file, arch="convnet4a")
    assert found.card == {} and torch.equal(found.network(x), network(x))


@pytest.mark.parametrize(("arch", "shape"), [("convnet4a_linear", MNIST), ("convnet4b", CIFAR)])
def test_files_laid_out_as_the_papers_authors_publish_theirs(tmp_path, arch, shape):
    """Names below "model.model", of layers or, of ConvNet-4b, places that count the ReLUs too."""
    network = make_classifier(arch, shape, 10, seed=3).eval()
    own = network.state_dict()
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in own))
    place = {name: str(k) for name, k in zip(layers, (0, 2, 4, 6, 9, 11, 13), strict=True)}
    weights = OrderedDict()
    for name, tensor in own.items():
        layer, _, kind = name.rpartition(".")
        called = place[layer] if arch == "convnet4b" else layer.rpartition(".")[2]
        weights[f"model.model.{called}.{kind}"] = tensor
    torch.save({"epoch": 200, "model_state_dict": weights}, tmp_path / "200.pth")
    found = load_classifier(tmp_path / "200.pth", arch=arch, shape=shape)
    x = torch.rand(2, *shape)
    assert torch.equal(found.network(x), network(x))


def test_resnets_of_other_programs(tmp_path):
    network = make_classifier("resnet18", CIFAR, 10, seed=1).eval()
    with torch.no_grad():
        network.bn1.running_mean.normal_()
    weights = {
        "module." + k.replace("downsample", "shortcut").replace("fc.", "linear."): v
        for k, v in network.state_dict().items()
        if not k.endswith("num_batches_tracked")
    }
    torch.save(weights, tmp_path / "r.pth")
    found = load_classifier(tmp_path / "r.pth", arch="resnet18", shape=CIFAR)
    x = torch.rand(2, *CIFAR)
    assert torch.equal(found.network(x), network(x))


@pytest.mark.parametrize("linear_head", [False, True])
def test_which_head_a_state_dict_needs(tmp_path, linear_head):
    network, weights = trades_like(linear_head)
    torch.save(weights, tmp_path / "m.pt")
    pixels = torch.randint(256, (200, *MNIST), dtype=torch.uint8)
    labels = network(pixels.float() / 255).argmax(1)
    data = ImageSet("random", pixels, labels, tuple("0123456789"))
    loaded = load_classifier(tmp_path / "m.pt", arch="convnet4a")
    look = look_at(loaded, data)
    found, sentence = look.classifier, look.notes[0]
    assert found.model == ("convnet4a_linear" if linear_head else "convnet4a")
    assert torch.equal(found.network(pixels[:3] / 255.0), network(pixels[:3] / 255.0))
    head = "without ReLUs" if linear_head else "with ReLUs"
    assert f"{head} in its head: of 200 images 100.00% are right so" in sentence


def test_saved_networks_know_what_they_are(tmp_path):
    network = make_classifier("convnet4a", (1, 20, 24), 3, seed=2).eval()
    card = {"method": "ours", "figures": {"clean_accuracy": 0.5}}
    file = tmp_path / "n.safetensors"
    save_classifier(file, network, "convnet4a", (1, 20, 24), 3, card)
    write_card(file, card)
    found = load_classifier(file)
    assert (found.model, found.shape, found.classes) == ("convnet4a", (1, 20, 24), 3)
    assert found.card == card == json.loads((tmp_path / "n.json").read_text())
    x = torch.rand(2, 1, 20, 24)
    assert torch.equal(found.network(x), network(x))
    wrong = ImageSet("other", torch.zeros(1, 1, 28, 28, dtype=torch.uint8), torch.zeros(1), ("a",))
    with pytest.raises(LevelsetError, match=r"takes images of 1 x 20 x 24, other has 1 x 28 x 28"):
        found.check(wrong)


def test_bad_files_are_one_sentence(tmp_path):
    def says(sentence, name, content=b"nonsense", **settings):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(LevelsetError, match=sentence):
            load_classifier(tmp_path / name, **settings)

    says("There is no file", "none.pt", None)
    says(r"must end in one of", "a.txt")
    for name in ("a.pt", "a.pth", "a.safetensors"):
        says("is damaged or holds more than tensors", name)
    says("is damaged", "empty.pt", b"")
    torch.save(nn.Linear(2, 2), tmp_path / "pickled.pt")
    says("does not say which network", "pickled.pt", None)
    torch.save({"epoch": 3}, tmp_path / "nothing.pt")
    says("holds no state dict", "nothing.pt", None)
    _, weights = trades_like()
    torch.save(weights, tmp_path / "m.pt")
    says("does not say which network it holds: name it with --arch", "m.pt", None)
    says("Unknown model 'vgg'", "m.pt", None, arch="vgg")
    says("it holds another one", "m.pt", None, arch="resnet18")
    says(r"needs features\.conv2\.weight of shape", "m.pt", None, arch="convnet4b")


def test_shapes_are_compared():
    network = make_classifier("convnet4a", MNIST, 10)
    weights = dict(network.state_dict())
    weights["head.fc3.weight"] = torch.zeros(10, 100)
    with pytest.raises(LevelsetError, match=r"head\.fc3\.weight of shape \(10, 200\)"):
        fit_state_dict(weights, network)

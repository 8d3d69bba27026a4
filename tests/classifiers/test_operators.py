"""What people build networks of runs as torch runs it; what cannot run says why, in words."""

from __future__ import annotations

import json
import math
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from levelset_core import LevelsetError
from levelset_core.classifiers.bounds import TooLarge
from levelset_core.classifiers.exported_files import read_exported
from levelset_core.classifiers.files import load_classifier
from levelset_core.classifiers.looking import remarks
from tests.classifiers.test_exported import export, model_json, program_of, rewritten

SHAPE = (3, 16, 16)


class Of(nn.Module):
    """A few features of an image, then a function of them."""

    def __init__(self, f, layer=None):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.layer, self.head, self.f = layer, nn.Linear(8, 10), f

    def forward(self, x):
        x = self.conv(x)
        x = self.f(x) if self.layer is None else self.f(self.layer(x))
        return self.head(x.mean((2, 3)))


def attention(x):
    tokens = x.flatten(2).transpose(1, 2).reshape(x.shape[0], -1, 2, 4).transpose(1, 2)
    weights = (tokens @ tokens.transpose(-2, -1) / 2).softmax(-1)
    mixed = torch.einsum("nhij,nhjc->nhic", weights, tokens)
    mixed = mixed + F.scaled_dot_product_attention(tokens, tokens, tokens)
    return mixed.transpose(1, 2).reshape(x.shape[0], -1, 8).mT.unflatten(2, (16, 16))


def in_place(x):
    y = x.clone()
    y[:, 0] += 1  # through a view
    y[:, 1:3].mul_(2).clamp_(max=1)
    y[y > 1.5] = 1.5
    torch.relu_(y[:, 4:])
    return y


def compared(x):
    low, high = x.amin((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
    y = torch.where(x > 0.1, x, (x >= low).to(x.dtype) * x.square())
    return y.masked_fill(x == high, 0.5).max(x.min(dim=1, keepdim=True).values)


def cut(x):
    a, b = x.chunk(2, 1)
    c, d = x.split([3, 5], 1)
    y = torch.cat([a, torch.stack([b, b.flip(2)]).sum(0)], 1)
    return y + torch.cat([c, d], 1)[:, :, ::2].repeat(1, 1, 2, 1) + x[..., :1].expand_as(x)


def windows(x):
    n, c, h, w = x.shape
    y = x.view(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 3, 5, 1)
    y = torch.roll(y, (1, 1), (1, 2)).permute(0, 5, 1, 3, 2, 4)
    return y.reshape(n, c, h, w) + torch.arange(w, dtype=torch.float32) / w


def mixed_types(x):
    y = x.double().float().to(torch.float64).type_as(x)
    with torch.no_grad():
        scale = y.abs().mean() + 1
    return torch.zeros(x.shape[0], 8, 1, 1) + y.half().float() / scale


CASES = {
    "activations": lambda x: F.gelu(x) + F.silu(x) + F.mish(x) + F.hardswish(x) + F.softplus(x)
    + F.leaky_relu(x) + F.elu(x) + F.selu(x) + F.celu(x) + F.relu6(x) + F.hardsigmoid(x)
    + F.hardtanh(x) + F.logsigmoid(x) + F.softsign(x) + F.tanhshrink(x)
    + F.glu(x.repeat(1, 2, 1, 1), 1),
    "arithmetic": lambda x: (x.exp() + x.abs().add(1).log().sqrt()) / (x.sin() + 2) + x.erf()
    + x.square().rsqrt().clamp(max=2) - x.cumsum(1) + torch.remainder(x, 1) + x.sign() * x.floor(),
    "attention": attention,
    "comparisons": compared,
    "cutting": cut,
    "in place": in_place,
    "interpolation": lambda x: F.interpolate(
        F.interpolate(x, scale_factor=2.0), size=(16, 16), mode="bilinear"
    ) + F.interpolate(x, size=(16, 16), mode="bicubic", antialias=True),
    "norms": lambda x: F.normalize(x, dim=1) + x / (1 + x.norm(dim=1, keepdim=True))
    + x / (1 + torch.linalg.vector_norm(x, dim=(2, 3), keepdim=True)) + F.local_response_norm(x, 3),
    "padding": lambda x: F.pad(x, (1, 1, 1, 1), "reflect")[..., 1:-1, 1:-1]
    + F.pad(x, (2, 0, 0, 2), value=0.3)[..., 2:, 2:]
    * F.pad(x, (1, 1, 1, 1), "circular")[..., 2:, 2:]
    + F.pad(x, (1, 1, 0, 0), "replicate")[..., 2:],
    "pooling": lambda x: F.adaptive_avg_pool2d(x, 4).repeat(1, 1, 4, 4)
    + F.adaptive_max_pool2d(x, (1, 1)) + F.max_pool2d(x, 3, 1, 1) + F.lp_pool2d(x, 2, 1)
    + F.pixel_shuffle(F.avg_pool2d(x, 2).repeat(1, 4, 1, 1), 2),
    "rounding": lambda x: x + (torch.round(x * 255) / 255 - x).detach(),
    "statistics": lambda x: (x - x.mean(1, keepdim=True)) / (x.std(1, keepdim=True) + 0.1)
    + x.var((2, 3), keepdim=True) + x.logsumexp(1, keepdim=True) + x.topk(2, 1).values.sum(1, True)
    + x.sort(1).values + x.prod(1, keepdim=True),
    "types": mixed_types,
    "windows": windows,
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_functions_run_as_torch_runs_them(tmp_path, name):
    check(Of(CASES[name]), tmp_path, detaches=name in ("rounding", "types"))


class Standardized(nn.Conv2d):
    """As timm has it: a batch normalization of the weights, always in training mode."""

    def forward(self, x):
        weight = F.batch_norm(self.weight.reshape(1, 8, -1), None, None, training=True)
        return F.conv2d(x, weight.reshape_as(self.weight), self.bias, padding=1)


LAYERS = {
    "weight norm": nn.utils.parametrizations.weight_norm(nn.Conv2d(8, 8, 3, padding=1)),
    "layer norm": nn.LayerNorm([8, 16, 16]),
    "group norm": nn.GroupNorm(2, 8),
    "instance norm": nn.InstanceNorm2d(8, affine=True),
    "instance norm that tracks": nn.InstanceNorm2d(8, track_running_stats=True),
    "batch norm": nn.BatchNorm2d(8),
    "dropout": nn.Sequential(nn.Dropout(0.5), nn.Dropout2d(0.5), nn.AlphaDropout(0.5)),
    "transposed": nn.Sequential(nn.ConvTranspose2d(8, 8, 3, padding=1), nn.PReLU(8)),
    "channel shuffle": nn.ChannelShuffle(2),
    "weight standardization": Standardized(8, 8, 3, padding=1),
    "unfold": nn.Sequential(nn.Unfold(3, padding=1), nn.Fold(16, 3, padding=1)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_run_as_torch_runs_them(tmp_path, name):
    check(Of(lambda x: x, LAYERS[name]), tmp_path)


def check(network, tmp_path, shape=SHAPE, detaches=False):
    """As it is exported, and in the core operators that this decomposes into, which do not detach
    what the network detaches.
    """
    torch.manual_seed(0)
    network = network.eval()
    program = program_of(network, shape)
    torch.export.save(program, tmp_path / "n.pt2")
    with warnings.catch_warnings():  # torch warns of itself
        warnings.simplefilter("ignore", FutureWarning)
        torch.export.save(program.run_decompositions(), tmp_path / "core.pt2")
    x = torch.rand(4, *shape, requires_grad=True)
    wanted = network(x)
    (gradient,) = torch.autograd.grad(wanted[:, 0].sum(), x)
    for name in ("n.pt2", "core.pt2"):
        found = load_classifier(tmp_path / name)
        values = found.network(x)
        torch.testing.assert_close(values, wanted, rtol=1e-4, atol=1e-5)
        if detaches and name == "core.pt2":
            continue
        (own,) = torch.autograd.grad(values[:, 0].sum(), x)
        torch.testing.assert_close(own, gradient, rtol=1e-3, atol=1e-5)
        assert not list(remarks(found.network))
    return found


def test_random_parts_run_and_are_named(tmp_path):
    noisy = Of(lambda x: x + 0.1 * torch.randn_like(x))
    always = Of(lambda x: F.dropout(x, 0.5))  # as people forget self.training
    drawn = Of(lambda x: x + torch.empty_like(x).normal_())
    for network, name in ((noisy, "randn_like"), (always, "dropout"), (drawn, "normal")):
        found = load_classifier(export(network.eval(), tmp_path / "n.pt2", SHAPE))
        x = torch.rand(2, *SHAPE)
        assert not torch.equal(found.network(x), found.network(x))
        (sentence,) = remarks(found.network)
        assert f"draws at random ({name})" in sentence


def test_images_that_mix_are_told(tmp_path):
    network = Of(lambda x: x, nn.BatchNorm2d(8, track_running_stats=False)).eval()
    found = load_classifier(export(network, tmp_path / "n.pt2", SHAPE))
    assert "depend on the other images of its batch" in next(remarks(found.network))


def test_half_precision_runs_in_single_precision(tmp_path):
    network = Of(lambda x: x).eval()
    path = export(network.half(), tmp_path / "n.pt2", SHAPE, dtype=torch.float16)
    found = load_classifier(path)
    x = torch.rand(2, *SHAPE)
    torch.testing.assert_close(found.network(x), network.float()(x))
    assert list(remarks(found.network)) == [
        "The network was exported in half precision; it runs in single precision here."
    ]


def test_double_precision_gets_doubles(tmp_path):
    network = Of(lambda x: (x + 1e8) - 1e8).double().eval()
    found = load_classifier(export(network, tmp_path / "n.pt2", SHAPE, dtype=torch.float64))
    x = torch.rand(2, *SHAPE)
    torch.testing.assert_close(found.network(x), network(x.double()).float())


@pytest.mark.parametrize("classes", [2, 3, 9, 1000])
def test_any_number_of_classes(tmp_path, classes):
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 256, classes))
    assert check(network, tmp_path).classes == classes


@pytest.mark.parametrize("axes", [(784,), (28, 28)])
def test_images_taken_flat(tmp_path, axes):
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10)).eval()
    found = load_classifier(export(network, tmp_path / "n.pt2", axes))
    x = torch.rand(3, 1, 28, 28)
    assert found.shape == (1, 28, 28)
    torch.testing.assert_close(found.network(x), network(x))
    assert "it is read as 1 x 28 x 28" in next(remarks(found.network))


@pytest.mark.parametrize("axes", [(32, 32, 3), (28, 28, 1)])
def test_channels_last(tmp_path, axes):
    network = nn.Sequential(nn.Flatten(), nn.Linear(math.prod(axes), 10)).eval()
    found = load_classifier(export(network, tmp_path / "n.pt2", axes))
    x = torch.rand(3, axes[2], *axes[:2])
    assert found.shape == (axes[2], *axes[:2])
    torch.testing.assert_close(found.network(x), network(x.permute(0, 2, 3, 1)))
    assert "channels last" in next(remarks(found.network))


class Branch(nn.Module):
    def forward(self, x):
        y = torch.cond(x.sum() > 0, lambda x: x + 1, lambda x: x - 1, (x,))
        return y.mean((2, 3))


class Chosen(nn.Module):
    def forward(self, x):
        return torch.zeros(10) + x[x > 0.5].sum() * torch.ones(len(x), 1)


def one_output(x):
    return x.mean((1, 2, 3))


REFUSED = {
    "training": (Of(lambda x: x, nn.BatchNorm2d(8)).train(), r"training mode, .* call \.eval\(\)"),
    "branch": (Branch(), "by what an image holds"),
    "chosen": (Chosen(), "depends on what an image holds"),
    "one": (nn.Sequential(nn.Flatten(), nn.Linear(768, 1)), "gives one number for an image"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_run_says_why(tmp_path, name):
    network, sentence = REFUSED[name]
    path = export(network, tmp_path / "n.pt2", SHAPE, dynamic=name != "chosen")
    with pytest.raises(LevelsetError, match=sentence) as caught:
        load_classifier(path)
    assert "\n" not in str(caught.value)


# -- files that want too much ----------------------------------------------------------------


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    network = Of(lambda x: F.pad(x, (1, 1, 1, 1)).repeat(1, 1, 2, 2)).eval()
    return export(network, tmp_path_factory.mktemp("plain") / "n.pt2", SHAPE)


@pytest.mark.parametrize(("operator", "numbers"), [("pad", 10**6), ("repeat", 10**5)])
def test_giant_sizes_are_refused_before_they_are_made(plain, tmp_path, operator, numbers):
    def change(module):
        (node,) = [n for n in module["graph"]["nodes"] if f"aten.{operator}." in n["target"]]
        node["inputs"][1]["arg"]["as_ints"] = [numbers] * 4

    bad = rewritten(plain, tmp_path / "bad.pt2", model_json(change))
    with pytest.raises(LevelsetError, match=r"makes a tensor of [\d,]+ numbers|does not run"):
        load_classifier(bad)


def test_strides_of_zero_make_no_giant(plain, tmp_path):
    def change(name, content):
        if not name.endswith("model_weights_config.json"):
            return content
        config = json.loads(content)
        meta = config["config"]["conv.weight"]["tensor_meta"]
        meta["sizes"] = [{"as_int": 10**6}] * 3
        meta["strides"] = [{"as_int": 0}] * 3
        return json.dumps(config)

    with pytest.raises(LevelsetError, match=r"has the sizes .*, but only"):
        read_exported(rewritten(plain, tmp_path / "bad.pt2", change))


def test_sizes_that_explode_are_refused(plain, tmp_path):
    def change(module):
        first = {"target": "torch.ops.aten.sym_size.int", "inputs": [
            {"name": "self", "arg": {"as_tensor": {"name": "x"}}, "kind": 1},
            {"name": "dim", "arg": {"as_int": 2}, "kind": 1}],
            "outputs": [{"as_sym_int": {"as_name": "s0"}}]}  # fmt: skip
        squares = [{"target": "_operator.mul", "inputs": [
            {"name": "a", "arg": {"as_sym_int": {"as_name": f"s{k}"}}, "kind": 1},
            {"name": "b", "arg": {"as_sym_int": {"as_name": f"s{k}"}}, "kind": 1}],
            "outputs": [{"as_sym_int": {"as_name": f"s{k + 1}"}}]} for k in range(300)]  # fmt: skip
        module["graph"]["nodes"][:0] = [first, *squares]

    bad = rewritten(plain, tmp_path / "bad.pt2", model_json(change))
    with pytest.raises(LevelsetError, match="a size that is out of range"):
        load_classifier(bad)


def test_many_images_go_through_in_parts(plain, monkeypatch):
    found = load_classifier(plain)
    x = torch.rand(50, *SHAPE)
    wanted = found.network(x)
    monkeypatch.setattr("levelset_core.classifiers.bounds.MAX_TOTAL", 200_000)
    again = load_classifier(plain)
    assert again.network.at_once(50) < 50
    torch.testing.assert_close(again.network(x), wanted)
    monkeypatch.setattr("levelset_core.classifiers.bounds.MAX_TOTAL", 1000)
    with pytest.raises(TooLarge):
        load_classifier(plain)

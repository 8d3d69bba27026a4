"""Networks of torchvision and timm, small, run as exported programs."""

from __future__ import annotations

import warnings
from functools import partial

import pytest
import torch
from torch import nn

from levelset_core._torchvision import torchvision
from levelset_core.classifiers.files import load_classifier
from levelset_core.classifiers.looking import remarks
from tests.classifiers.test_exported import export

models = torchvision.models


def wide_resnet():
    block = models.resnet.BasicBlock
    network = models.ResNet(block, [1, 1, 1, 1], num_classes=10)
    network.layer1[0].conv1 = nn.Conv2d(64, 64, 3, padding=1, bias=False)
    return network


def efficientnet():
    settings = models.efficientnet.MBConvConfig
    stages = [settings(1, 3, 1, 16, 8, 1, 0.5, 1), settings(4, 5, 2, 8, 16, 1, 0.5, 1)]
    return models.EfficientNet(stages, dropout=0.2, num_classes=10)


def convnext():
    block = models.convnext.CNBlockConfig
    return models.ConvNeXt([block(8, 16, 1), block(16, None, 1)], num_classes=10)


def mobilenet_v3():
    block = partial(models.mobilenetv3.InvertedResidualConfig, width_mult=0.25)
    stages = [block(16, 3, 16, 16, True, "RE", 2, 1), block(16, 5, 32, 24, True, "HS", 1, 1)]
    return models.MobileNetV3(stages, 32, num_classes=10)


def vgg():
    network = models.VGG(models.vgg.make_layers([8, "M", 16, "M"], True), 10)
    network.classifier = nn.Sequential(nn.Linear(16 * 49, 32), nn.ReLU(), nn.Linear(32, 10))
    return network


def swin():
    return models.SwinTransformer([2, 2], 16, [2, 2], [2, 2], [2, 2], num_classes=10)


TORCHVISION = {
    "mobilenet_v2": lambda: models.mobilenet_v2(num_classes=10, width_mult=0.1),
    "mobilenet_v3": mobilenet_v3,
    "vit": lambda: models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=10),
    "vgg": vgg,
    "wide resnet": wide_resnet,
    "efficientnet": efficientnet,
    "convnext": convnext,
    "swin": swin,
}
TIMM = {
    "vit_tiny_patch16_224": {
        "img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2,
    },
    "wide_resnet50_2": {"layers": (1, 1, 1, 1), "base_width": 8},
    "mobilenetv3_small_050": {},
    "convnext_atto": {"depths": (1, 1, 1, 1), "dims": (8, 8, 16, 16)},
    "mixer_s16_224": {"img_size": 32},
}  # fmt: skip


def test_networks_of_torchvision(tmp_path, subtests):
    for name, build in TORCHVISION.items():
        with subtests.test(name):
            check(build, tmp_path)


def test_networks_of_timm(tmp_path, subtests):
    timm = pytest.importorskip("timm")
    for name, settings in TIMM.items():
        with subtests.test(name):
            check(partial(timm.create_model, name, num_classes=10, **settings), tmp_path)


def check(build, tmp_path):
    torch.manual_seed(0)
    with warnings.catch_warnings():  # a model's own
        warnings.simplefilter("ignore")
        network = build().eval()
        path = export(network, tmp_path / "n.pt2", (3, 32, 32))
    found = load_classifier(path)
    x = torch.rand(2, 3, 32, 32, requires_grad=True)
    wanted = network(x)
    values = found.network(x)
    torch.testing.assert_close(values, wanted, rtol=1e-3, atol=1e-5)
    (gradient,) = torch.autograd.grad(values[:, 0].sum(), x)
    (its,) = torch.autograd.grad(wanted[:, 0].sum(), x)
    torch.testing.assert_close(gradient, its, rtol=1e-2, atol=1e-5)
    assert not list(remarks(found.network))

"""torchvision imports through the shim in a fresh process, without a word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

CODE = """
import torch
from levelset_core import _torchvision as shim
import torchvision.datasets, torchvision.models, torchvision.transforms.v2
from torchvision.extension import _has_ops

net = shim.torchvision.models.resnet18(num_classes=10).eval()
print(tuple(net(torch.zeros(2, 3, 32, 32)).shape))
print(shim.torchvision.datasets.MNIST.__name__)
print("compiled" if _has_ops() else "missing", "none" if shim._schemas is None else "defined")
"""


def test_datasets_and_models_import_silently() -> None:
    """Warnings are errors; schemas are defined exactly where the operators are missing."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    shape, name, operators = done.stdout.splitlines()
    assert shape == "(2, 10)"
    assert name == "MNIST"
    assert operators in ("compiled none", "missing defined")

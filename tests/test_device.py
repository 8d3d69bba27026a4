"""The one place that chooses a device."""

from __future__ import annotations

import pytest
import torch

from levelset_core import LevelsetError, pick_device
from levelset_core.device import describe_device


def test_the_cpu_is_always_there(monkeypatch):
    assert pick_device("cpu") == torch.device("cpu")
    monkeypatch.setenv("LEVELSET_DEVICE", "cpu")
    assert pick_device() == torch.device("cpu")


def test_a_name_goes_before_the_environment(monkeypatch):
    monkeypatch.setenv("LEVELSET_DEVICE", "tpu")
    assert pick_device("cpu") == torch.device("cpu")
    with pytest.raises(LevelsetError, match="'tpu'"):
        pick_device()


def test_auto_takes_a_device_that_works(monkeypatch):
    for name in ("auto", ""):
        monkeypatch.setenv("LEVELSET_DEVICE", name)
        device = pick_device()
        assert torch.ones(1, device=device).item() == 1
        assert (device.type == "cuda") == torch.cuda.is_available()


def test_a_device_that_is_not_here_is_refused():
    missing = [f"cuda:{torch.cuda.device_count()}", "cuda:x", "cpu:1"]
    if not torch.backends.mps.is_available():
        missing.append("mps")
    for name in missing:
        with pytest.raises(LevelsetError, match=f"'{name}'"):
            pick_device(name)


def test_the_description_is_short_and_tells_the_kind(device):
    assert "core" in describe_device(torch.device("cpu"))
    assert 0 < len(describe_device(device)) < 60

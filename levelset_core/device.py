"""Where tensors live: the only place that chooses between cuda, mps and cpu."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from levelset_core.errors import LevelsetError

if TYPE_CHECKING:  # the command line names devices without loading it
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")


def pick_device(name: str | None = None) -> torch.device:
    """The device called ``name``; ``None`` reads ``$LEVELSET_DEVICE``, "auto" takes the best.

    Raises:
        LevelsetError: the name is unknown, or that device is not on this machine.
    """
    import torch

    name = name or os.environ.get("LEVELSET_DEVICE") or "auto"
    kind, _, index = name.partition(":")
    if kind not in DEVICES:
        raise LevelsetError(f"Unknown device {name!r}: choose one of {', '.join(DEVICES)}.")
    counts = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    if kind == "auto":
        return torch.device(next(k for k in ("cuda", "mps", "cpu") if counts[k]))
    index = index or "0"
    if not index.isdecimal() or int(index) >= counts[kind]:
        raise LevelsetError(f"Device {name!r} is not available here: use 'auto' or 'cpu'.")
    return torch.device(name)


def describe_device(device: torch.device) -> str:
    """A short human name, e.g. ``"CPU, 2 cores"`` or ``"NVIDIA H200"``."""
    if device.type == "cuda":
        import torch

        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    cores = os.cpu_count() or 1
    return f"CPU, {cores} core{'s' if cores > 1 else ''}"


def describe_cpu() -> str:
    """What the processor calls itself, e.g. ``"Intel(R) Xeon(R) ..."``."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def describe_machine(device: torch.device) -> str:
    """Processor and device, as results name where they were made."""
    return f"{describe_cpu()}; {describe_device(device)}"

"""How a benchmark's figures are printed and stored."""

from __future__ import annotations

import datetime
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).resolve().parent / "results"


def this_machine() -> dict[str, Any]:
    """What the figures depend on, without names or paths of this machine."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "torch_threads": torch.get_num_threads(),
    }


def store(name: str, figures: dict[str, Any], *, write: bool, seed: int = 0) -> None:
    """Print the figures; with ``write`` also keep them as ``results/<name>.json``."""
    result = {
        "command": " ".join(["python -m", f"benchmarks.{name}", *sys.argv[1:]]),
        "date": datetime.date.today().isoformat(),
        "seed": seed,
        "machine": this_machine(),
        "figures": figures,
    }
    text = json.dumps(result, indent=1)
    print(text)
    if write:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(text + "\n")

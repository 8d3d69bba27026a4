"""torchvision, importable beside a torch that cannot load its compiled operators.

``import torchvision`` describes its operators ``nms`` and ``qnms`` to torch, and stops with
"operator torchvision::nms does not exist" where its library ``_C`` does not load: a wheel built
for CUDA beside a CPU-only torch. Data sets, transforms and classifiers use neither operator, so
their schemas, without an implementation, are enough. Where ``_C`` loads, nothing is defined.

    from levelset_core._torchvision import torchvision
"""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path

import torch

_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_schemas: torch.library.Library | None = None  # what it defines lives as long as the object


def _has_compiled_operators() -> bool:
    """Whether torchvision's ``_C`` loads; loading it a second time does nothing."""
    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        return True  # not installed: leave the message to the import below
    folder = Path(spec.origin).parent
    for library in (folder / f"_C{suffix}" for suffix in EXTENSION_SUFFIXES):
        if library.is_file():
            try:
                torch.ops.load_library(library)
            except OSError:
                return False
            return True
    return False


if not _has_compiled_operators():
    _schemas = torch.library.Library("torchvision", "FRAGMENT")
    for _name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, _name):
            _schemas.define(_name + _SIGNATURE)

import torchvision  # noqa: E402

__all__ = ["torchvision"]

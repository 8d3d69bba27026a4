"""What ``torch.save`` wrote, with nothing in it run: tensors, and stand-ins for all other objects.

Programs put their arguments, NumPy numbers or whole networks beside the weights. PyTorch's reader
without code refuses such a file. Here each class or function that it does not know becomes an
:class:`Unopened`, which only keeps what it was given.
"""

from __future__ import annotations

import warnings
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from levelset_core.errors import LevelsetError

#: Depth of networks within networks.
_DEPTH = 30


class Unopened:
    """An object of a class that is not opened.

    Attributes:
        kept: its attributes, as the file has them.
    """

    kept: dict[str, Any]

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Unopened:
        made = super().__new__(cls)
        made.kept = {}
        return made

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.kept = state

    def tensors(
        self, prefix: str = "", depth: int = 0, seen: set[int] | None = None
    ) -> dict[str, Tensor]:
        """Those of a network that was saved whole, by the names of its state dict.

        A part that is there twice counts once, so that what holds itself comes to an end.
        """
        seen = {id(self)} if seen is None else seen
        found: dict[str, Tensor] = {}
        for kind in ("_parameters", "_buffers"):
            own = self.kept.get(kind)
            for name, tensor in own.items() if isinstance(own, dict) else ():
                if isinstance(tensor, Tensor):
                    found[f"{prefix}{name}"] = tensor
        parts = self.kept.get("_modules")
        for name, part in parts.items() if isinstance(parts, dict) and depth < _DEPTH else ():
            if isinstance(part, Unopened) and id(part) not in seen:
                seen.add(id(part))
                found |= part.tensors(f"{prefix}{name}.", depth + 1, seen)
        return found


def read_torch_file(path: Path) -> tuple[Any, tuple[str, ...]]:
    """The content of a file of ``torch.save``.

    Returns:
        It, and the names of the classes and functions that were not opened.

    Raises:
        LevelsetError: it is a TorchScript program, damaged, or tries to reach the system.
    """
    names: tuple[str, ...] = ()
    with suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        if any(name.endswith("/constants.pkl") for name in archive.namelist()):
            raise LevelsetError(
                f"{path.name} is a TorchScript program, and no code of a file is run: export "
                "its network with torch.export.save, or save its state dict."
            )
    with warnings.catch_warnings():  # of other protocols of pickle: they fail or not
        warnings.simplefilter("ignore")
        try:
            with suppress(ValueError):  # files of the older format
                names = tuple(sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path)))
            stand_ins: list[Any] = [(type("Unopened", (Unopened,), {}), name) for name in names]
            with torch.serialization.safe_globals(stand_ins):
                return torch.load(path, map_location="cpu", weights_only=True), names
        except Exception as error:  # of strangers' bytes torch's reader raises whatever it meets
            raise LevelsetError(
                f"{path.name} is damaged or holds more than tensors: it cannot be read."
            ) from error

"""Old addresses that lead on: names and modules in people's scripts, notes, stored results.

``moved`` gives a package the names that have left it, and ``OldModules`` makes an old module
importable, and runnable by ``python -m``, under its old name. Nothing of it is loaded before it is
asked for.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: Old module -> where its names are now, first come first.
MODULES: dict[str, tuple[str, ...]] = {
    "levelset_core.training": ("levelset_core.playground", "levelset_core.reconstruction"),
    "levelset_core.networks.exact": ("levelset_core.exact",),
    "levelset_core.exact.shape_files": ("levelset_core.exact.files.plane",),
    "levelset_core.networks.classifiers": ("levelset_core.classifiers.architectures",),
    "levelset_core.networks.classifier_files": ("levelset_core.classifiers.files",),
    "levelset_core.networks.convnets": ("levelset_core.classifiers.architectures",),
    "levelset_core.networks.resnet18": ("levelset_core.classifiers.architectures",),
    "levelset_core.networks.implicit_export": ("levelset_core.networks.export",),
    "levelset_core.levelsets.classifiers": ("levelset_core.levelsets.functions",),
    "levelset_core.attacks.batches": ("levelset_core.parallel",),
    "levelset_core.attacks.modes": ("levelset_core.levelsets.functions",),
    "levelset_core.attacks.report": ("levelset_core.attacks.config",),
    "levelset_core.attacks.trajectory": ("levelset_core.attacks.exploration",),
    "levelset_core.experiments": (),
    "levelset_core.experiments.table2": ("levelset_core.reconstruction.table2",),
    "levelset_core.runs.bundle": ("levelset_core.robustness.bundle",),
}


def moved(package: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` (PEP 562) for names that are elsewhere now.

    Args:
        package: its ``__name__``.
        names: name -> the module that holds it.
    """

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(names[name]), name)

    return find


def renamed(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function that still takes keywords by their old names.

    Args:
        names: old keyword -> the present one.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            present: Any = {names.get(name, name): value for name, value in kwargs.items()}
            return function(*args, **present)

        return call

    return decorate


class OldModules(MetaPathFinder, Loader):
    """Finds the modules of ``MODULES``."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in MODULES:
            return None
        places = MODULES[fullname]
        new = importlib.util.find_spec(places[0]) if len(places) == 1 else None
        origin = new.origin if new else None  # ``python -m`` calls the program by it
        return ModuleSpec(fullname, self, origin=origin, is_package=new is None)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module = ModuleType(spec.name, f"Old address of {', '.join(MODULES[spec.name])}.")

        def find(name: str) -> Any:
            for place in MODULES[spec.name]:
                new = importlib.import_module(place)
                if hasattr(new, name):
                    return getattr(new, name)
            raise AttributeError(f"module {spec.name!r} has no attribute {name!r}")

        module.__dict__["__getattr__"] = find
        return module

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run: names are looked up when they are asked for."""

    def get_code(self, fullname: str) -> CodeType | None:
        """For ``python -m``: the code of the new module."""
        spec = importlib.util.find_spec(MODULES[fullname][0])
        loader = spec.loader if spec else None
        return loader.get_code(loader.name) if isinstance(loader, SourceFileLoader) else None


def install() -> None:
    """Have old modules found from now on."""
    if not any(isinstance(finder, OldModules) for finder in sys.meta_path):
        sys.meta_path.append(OldModules())

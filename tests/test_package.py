"""`import levelset_core` stands alone."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import levelset_core


def test_the_core_imports_no_user_interface():
    script = """
import pkgutil, sys, importlib
sys.modules["streamlit"] = None  # an import of it would raise
import levelset_core
for module in pkgutil.walk_packages(levelset_core.__path__, "levelset_core."):
    if not module.name.rpartition(".")[2].startswith("_"):
        importlib.import_module(module.name)
assert "plotly" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


PACKAGES = [
    package.name
    for package in pkgutil.walk_packages(levelset_core.__path__, "levelset_core.")
    if package.ispkg
]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_can_be_imported_first(package):
    # Past the root package, whose own imports could hide a circle by their order.
    script = f"""
import importlib.util, sys
spec = importlib.util.find_spec("levelset_core")
sys.modules["levelset_core"] = importlib.util.module_from_spec(spec)
import {package}
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_old_names_and_modules_lead_on():
    script = """
import levelset_core as lc
from levelset_core.training import PlaygroundTrainer, ReconstructionTrainer
from levelset_core.networks.exact import exact_polygon
assert lc.networks.exact_polygon is exact_polygon
assert lc.levelsets.RowSpaceProjector
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "levelset_core.experiments.table2", "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "Table 2" in done.stdout, done.stderr


def test_the_package_and_its_help_load_nothing_heavy():
    script = """
import sys
import levelset_core as lc
from levelset_core.cli import build_parser, main
assert "project" in dir(lc)
build_parser()
try:
    main(["--help"])
except SystemExit:
    pass
heavy = {"torch", "scipy", "skimage", "trimesh", "torchvision", "shapely"} & set(sys.modules)
assert not heavy, heavy
assert lc.losses.margin and lc.project  # loaded when asked for
heavy = {"scipy", "skimage", "trimesh", "torchvision", "shapely"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout

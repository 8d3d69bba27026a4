"""`import levelset_core` stands alone."""

from __future__ import annotations

import subprocess
import sys


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

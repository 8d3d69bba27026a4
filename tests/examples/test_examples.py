"""Every example runs in a fresh interpreter, and every notebook is its example as it is now."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples"
SCRIPTS = sorted(path.name for path in FOLDER.glob("[0-9]*.py"))
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))
#: Runs the cells of a notebook one after another, as a kernel would.
RUN_CELLS = """
import json, sys
names = {"__name__": "__main__"}
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), "cell", "exec"), names)
"""


def run(*command: str, folder: Path) -> str:
    """What a command prints, run in a folder with the library in reach."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", *command],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_enough_of_them():
    assert len(SCRIPTS) >= 8
    assert len(NOTEBOOKS) == 3


#: Examples that write a file where they are asked to.
WRITES = {"05_reconstruct_a_cloud.py": "surface.ply", "06_trace_a_curve.py": "curve.csv"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_example_runs_and_says_a_few_lines(name, tmp_path):
    asked = [WRITES[name]] if name in WRITES else []
    printed = run(str(FOLDER / name), *asked, folder=tmp_path).splitlines()
    assert 2 <= len(printed) <= 12
    assert [path.name for path in tmp_path.iterdir()] == asked
    assert 20 <= len((FOLDER / name).read_text(encoding="utf-8").splitlines()) <= 60


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_notebooks", FOLDER / "make_notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_its_example_as_it_is_now(name, maker):
    path = FOLDER / name
    assert path.stat().st_size < 200_000
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    _, expected = maker.parts(path.with_suffix(".py").read_text(encoding="utf-8"))
    assert code[:-1] == expected
    assert code[-1] == maker.NOTEBOOKS[path.stem][0].strip()
    *_, drawn = [cell for cell in cells if cell["cell_type"] == "code"]
    assert any("image/png" in output.get("data", {}) for output in drawn["outputs"])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_cells_of_a_notebook_run_in_order(name, tmp_path):
    assert run("-c", RUN_CELLS, str(FOLDER / name), folder=tmp_path)

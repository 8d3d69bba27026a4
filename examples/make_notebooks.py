"""Makes three of the examples notebooks, with their output and small pictures.

Run from the folder of the project: python examples/make_notebooks.py [folder]. It needs
matplotlib, but not Jupyter: a cell is run here as a kernel would run it.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

PLOT_CURVES = """
import matplotlib.pyplot as plt
import numpy as np

from levelset_core.geometry import contours, evaluate_grid

field = evaluate_grid(f, (-2, 2, -2, 2), 200)
figure, axes = plt.subplots(figsize=(4, 4), dpi=60)
for level in np.linspace(-1, 1, 9):
    for line in contours(field, (-2, 2, -2, 2), level):
        axes.plot(*line.T, color="black" if level == 0 else "0.75", lw=2 if level == 0 else 1)
axes.set_aspect("equal")
"""

#: Notebook -> the example it is made from, and what is drawn at its end, and what is said of it.
NOTEBOOKS: dict[str, tuple[str, str]] = {
    "03_area_and_length": (
        PLOT_CURVES,
        "The level sets of the trained network. The black one has found the shape with the least "
        "length for its area.",
    ),
    "04_curvature": (
        PLOT_CURVES,
        "The level sets of the trained network: the zero set, in black, is the unit circle, "
        "although the loss only ever saw curvatures.",
    ),
    "07_exact_polygon": (
        PLOT_CURVES.replace("-2, 2", "-1.2, 1.2").replace("(-1, 1, 9)", "(-0.4, 0.4, 9)"),
        "The level sets of the exact network. The black one is the star with its hole, corner by "
        "corner.",
    ),
}


def parts(text: str) -> tuple[str, list[str]]:
    """What a script says of itself, and its code in cells; a comment at its margin begins one."""
    _, about, code = text.split('"""', 2)
    cells: list[str] = []
    for paragraph in code.strip().split("\n\n"):
        if cells and not paragraph.startswith("# "):
            cells[-1] += "\n\n" + paragraph
        else:
            cells.append(paragraph)
    return about.split("\n\nRun:")[0].strip(), cells


def run(code: str, names: dict[str, Any], picture: bool = False) -> list[dict[str, Any]]:
    """The outputs of a cell: what it prints and, if asked for, the picture that it leaves."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "cell", "exec"), names)
    outputs: list[dict[str, Any]] = []
    if said.getvalue():
        text = said.getvalue().splitlines(keepends=True)
        outputs.append({"output_type": "stream", "name": "stdout", "text": text})
    if picture:
        shot = io.BytesIO()
        names["figure"].savefig(shot, bbox_inches="tight")
        data = {"image/png": base64.b64encode(shot.getvalue()).decode()}
        outputs.append({"output_type": "display_data", "metadata": {}, "data": data})
    return outputs


def notebook(name: str) -> dict[str, Any]:
    """The notebook of an example, in Jupyter's format 4."""
    drawing, caption = NOTEBOOKS[name]
    about, codes = parts((HERE / f"{name}.py").read_text(encoding="utf-8"))
    title, *rest = about.split("\n", 1)
    names: dict[str, Any] = {"__name__": "__main__"}
    cells: list[dict[str, Any]] = [_text("title", f"# {title}\n" + "\n".join(rest))]
    for k, code in enumerate([*codes, drawing.strip()], 1):
        outputs = run(code, names, picture=code == drawing.strip())
        cells.append({
            "cell_type": "code", "id": f"code-{k}", "execution_count": k, "metadata": {},
            "source": code.splitlines(keepends=True), "outputs": outputs,
        })  # fmt: skip
    cells.append(_text("end", caption))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _text(name: str, text: str) -> dict[str, Any]:
    source = text.strip().splitlines(keepends=True)
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def main(folder: Path) -> None:
    """Write all notebooks into a folder."""
    import matplotlib

    matplotlib.use("agg")
    for name in NOTEBOOKS:
        path = folder / f"{name}.ipynb"
        path.write_text(json.dumps(notebook(name), indent=1) + "\n", encoding="utf-8")
        print(path, f"{path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)

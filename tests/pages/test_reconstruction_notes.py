"""What the page says of a result: its preview, its steps, its pieces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from levelset_core.geometry import Mesh
from levelset_core.reconstruction.shapes import Shape
from levelset_core.runs import RunStatus
from pages.reconstruction.report import describe, notes_of
from pages.reconstruction.results import Result

GAP = {"length": 1.1789, "start": [0.5, -0.25, 0.0], "end": [0.7, 0.625, 0.2]}


def test_a_closed_curve_with_a_gap():
    told = {"pieces": 1, "closed": 1, "length": 9.6312, "gaps": [GAP], "ends": []}
    assert describe(told) == (
        "One closed curve, length 9.631. No data over 1.18 of it, from (0.50, -0.25, 0.00) to "
        "(0.70, 0.62, 0.20): closed smoothly."
    )


def test_open_ends_and_pieces():
    told = {"pieces": 1, "closed": 0, "length": 2.0, "gaps": [], "ends": [[0, 0], [1, 1]]}
    assert describe(told) == "One open curve, length 2. Ends at (0.00, 0.00), (1.00, 1.00)."
    assert describe({**told, "pieces": 3, "closed": 2}).startswith("3 pieces, 2 of them closed")


def result(shape, *, final=False, kind="reconstruct", **told):
    run = SimpleNamespace(path=Path("run"), config=SimpleNamespace(kind=kind), result=lambda: told)
    return Result(run, RunStatus("done" if final else "running"), "Ours", shape, final, None, {})


def test_a_preview_from_before_the_training_says_so():
    first = Shape((Mesh.empty(),))
    ((_, text),) = notes_of(result(first))
    assert text.startswith("A preview before training: the surface between inside")
    ((_, text),) = notes_of(result(first, kind="curve"))
    assert "smooth curve" in text
    assert not list(notes_of(result(replace(first, step=20))))
    assert not list(notes_of(result(None))) and not list(notes_of(result(first, final=True)))


def test_too_few_steps_are_told_with_the_result_only():
    shape = Shape((Mesh.empty(),), (), 49)
    assert list(notes_of(result(shape, final=True, note="Only 49."))) == [
        ("warning", ":orange[Only 49.]")
    ]
    assert not list(notes_of(result(shape, note="Only 49.")))

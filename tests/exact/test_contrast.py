from __future__ import annotations

import pytest

from levelset_core.errors import LevelsetError
from levelset_core.exact import exact_polygon
from levelset_core.exact.contrast import train_contrast
from levelset_core.exact.network import edges, perturbed
from levelset_core.exact.shapes import PLANE_SHAPES
from levelset_core.exact.sign_check import check_signs, plane_reference

RINGS = PLANE_SHAPES["L"]().rings


def test_training_learns_the_shape_but_not_exactly():
    reference = plane_reference(RINGS)
    e = exact_polygon(RINGS)
    first, *_, last = train_contrast((2, 16, 16, 1), reference, steps=400, every=100)
    assert (first.step, last.step) == (100, 400) and last.loss < first.loss
    *_, tally = check_signs(last.network, reference, points=10_000)
    assert 0 < tally.wrong < 1500
    *_, tally = check_signs(e.network, reference, points=10_000)
    assert tally.wrong == 0


def test_a_seed_gives_the_same_training():
    runs = [list(train_contrast((2, 4, 1), plane_reference(RINGS), steps=20, every=20, seed=3))
            for _ in range(2)]  # fmt: skip
    assert runs[0][-1].loss == runs[1][-1].loss


def test_edges_and_one_weight_changed():
    e = exact_polygon(RINGS)
    found, total = edges(e.network, 5)
    everything, same = edges(e.network, 1000)
    assert len(found) == 5 and total == same == len(everything) <= e.weights
    assert set(found) <= set(everything) and found == sorted(found)
    assert min(abs(w) for *_, w in found) >= sorted(abs(w) for *_, w in everything)[-5]
    layer, row, column, weight = found[0]
    other = perturbed(e.network, (layer, row, column), 0.5)
    changed, _ = edges(other, 1000)
    assert set(changed) - set(everything) == {(layer, row, column, weight + 0.5)}
    assert edges(e.network, 1000)[0] == everything
    with pytest.raises(LevelsetError, match="layers 0 to"):
        perturbed(e.network, (99, 0, 0), 1.0)
    with pytest.raises(LevelsetError, match="there is none at"):
        perturbed(e.network, (0, 99, 0), 1.0)

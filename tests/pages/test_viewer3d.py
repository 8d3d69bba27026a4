"""What Python tells the 3D viewer."""

import numpy as np
import pytest

from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, Polyline
from pages.server.arrays import store
from pages.shared import viewer3d as v

TRIANGLE = np.eye(3)
FACE = np.array([[0, 1, 2]])


def taken(ref):
    return np.frombuffer(store.get(ref["name"]), ref["dtype"]).reshape(ref["shape"])


def test_a_field_arrives_within_half_a_step_of_sixteen_bits():
    values = np.random.default_rng(0).normal(size=(4, 5, 6))
    told = v._layer(v.Surface("s", "S", field=v.Field(values, (0, 0, 0), (1, 2, 3))))["field"]
    back = told["offset"] + told["scale"] * taken(told["values"])
    np.testing.assert_allclose(back, values, atol=0.51 * told["scale"] + 1e-6)
    assert told["scale"] == pytest.approx(np.ptp(values) / 65535, rel=1e-5)


def test_a_constant_field_survives():
    told = v._layer(v.Surface("s", "S", field=v.Field(np.full((2, 2, 2), 3.0), (0,) * 3, (1,) * 3)))
    assert told["field"]["offset"] == 3.0
    assert not taken(told["field"]["values"]).any()


def test_a_mesh_with_scalars_arrives_as_it_is():
    scalar = v.Scalar("error", "Error", np.array([0.0, np.nan, 2.0]), "mm", limits=(0.0, 1.0))
    told = v._layer(v.Surface("s", "S", Mesh(TRIANGLE, FACE), opacity=0.5, scalars=[scalar]))
    np.testing.assert_array_equal(taken(told["mesh"]["positions"]), TRIANGLE)
    np.testing.assert_array_equal(taken(told["mesh"]["faces"]), FACE)
    np.testing.assert_array_equal(taken(told["mesh"]["scalars"][0]["values"]), scalar.values)
    assert told["opacity"] == 0.5 and told["mesh"]["normals"] is None
    assert told["mesh"]["scalars"][0]["limits"] == [0.0, 1.0]


def test_every_array_is_named_for_prefetching():
    layers = [v.Points("p", "P", TRIANGLE), v.Curve("c", "C", Polyline(2 * TRIANGLE, closed=False))]
    told = [v._layer(layer) for layer in layers]
    assert set(v._names(told)) == {layer["positions"]["name"] for layer in told}


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (lambda: v.Surface("s", "S"), "needs a mesh or a field"),
        (lambda: v.Points("p", "P", np.zeros((4, 2))), "shape"),
        (lambda: v.Surface("s", "S", Mesh(TRIANGLE, np.array([[0, 1, 3]]))), "not among the 3"),
        (
            lambda: v.Surface("s", "S", Mesh(TRIANGLE, FACE, normals=np.zeros((2, 3)))),
            "as many normals",
        ),
        (
            lambda: v.Surface("s", "S", field=v.Field(np.zeros((2, 2)), (0,), (1,))),
            "at least 2 each",
        ),
        (
            lambda: v.Surface("s", "S", field=v.Field(np.full((2, 2, 2), np.nan), (0,), (1,))),
            "not finite",
        ),
        (
            lambda: v.Points("p", "P", TRIANGLE, [v.Scalar("e", "Error", np.zeros(2))]),
            r"expected \(3,\)",
        ),
    ],
)
def test_arrays_of_a_wrong_shape_get_one_sentence(layer, sentence):
    with pytest.raises(LevelsetError, match=sentence):
        v._layer(layer())


def test_far_away_coordinates_arrive_around_an_origin_with_colours():
    far = np.array([1e7, 4.5e6, 100.0])
    tints = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], dtype=np.uint8)
    mesh = Mesh(TRIANGLE + far, FACE, colours=tints)
    field = v.Field(np.random.default_rng(0).normal(size=(2, 2, 2)), far, far + 1)
    told = v._layer(v.Surface("s", "S", mesh, field), far)
    np.testing.assert_array_equal(taken(told["mesh"]["positions"]), TRIANGLE)
    np.testing.assert_array_equal(taken(told["mesh"]["colours"]), tints)
    assert (told["field"]["low"], told["field"]["high"]) == ([0.0] * 3, [1.0] * 3)
    cloud = v._layer(v.Points("p", "P", TRIANGLE + far, colours=tints), far)
    np.testing.assert_array_equal(taken(cloud["positions"]), TRIANGLE)
    np.testing.assert_array_equal(taken(cloud["colours"]), tints)
    with pytest.raises(LevelsetError, match="Colours have shape"):
        v._layer(v.Points("p", "P", TRIANGLE, colours=tints[:2]))

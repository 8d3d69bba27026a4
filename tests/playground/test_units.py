"""What the units of a network compute."""

import torch

from levelset_core.networks import MLP
from levelset_core.playground.units import layers


def test_the_last_field_is_the_network_and_the_first_are_the_coordinates():
    network = MLP(2, (8, 6), generator=torch.Generator().manual_seed(0))
    first, *hidden, last = layers(network, grid=5, shown=4)
    assert [len(layer.index) for layer in hidden] == [4, 4]
    assert [layer.width for layer in (first, *hidden, last)] == [2, 8, 6, 1]
    x, y = first.fields
    assert x[0, 0] == -1.5 and x[0, -1] == 1.5 and y[0, 0] == -1.5 and y[-1, 0] == 1.5
    with torch.no_grad():
        there = network(torch.stack([x.flatten(), y.flatten()], 1)).reshape(5, 5)
    assert torch.allclose(last.fields[0], there)


def test_weights_join_the_units_that_are_shown():
    network = MLP(2, (8, 6), generator=torch.Generator().manual_seed(0))
    found = layers(network, grid=5, shown=4)
    for k, linear in enumerate(network.layers):
        expected = linear.weight[found[k + 1].index][:, found[k].index]
        assert torch.equal(found[k + 1].weights, expected)


def test_units_that_nobody_hears_are_left_out_first():
    network = MLP(2, (5,), activation="tanh", generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.layers[1].weight[:] = torch.tensor([[0.1, 2.0, 0.0, -3.0, 0.2]])
    assert layers(network, grid=5, shown=2)[1].index.tolist() == [1, 3]


def test_a_linear_model_has_inputs_and_an_output():
    assert [layer.width for layer in layers(MLP(2, ()), grid=3)] == [2, 1]

"""The networks, merges and lengths of training of the few-samples experiment."""

from dataclasses import replace

import pytest
import torch

from levelset_core.errors import LevelsetError
from levelset_core.few_samples.binary_images import MERGES, binary_images, second_side
from levelset_core.few_samples.config import DOUBLINGS, GeneralizationConfig, Unit
from levelset_core.few_samples.networks import COST, MODELS, NetworkStack, make_network, stack
from levelset_core.few_samples.results import conclusion, in_short, key_of, result_table, title
from levelset_core.few_samples.training import accuracy, run_group, train_group
from levelset_core.levelsets import project, value_and_jacobian
from levelset_core.networks import MLP

CIFAR = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
SMALL = GeneralizationConfig(
    data="mnist_excerpt", model="convnet", fractions=(0.05,), repeats=2, tuning=1, steps=20,
    batch=16,
)  # fmt: skip


@pytest.fixture(scope="module")
def data():
    return binary_images("mnist_excerpt")


@pytest.mark.parametrize("model", list(MODELS))
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
def test_every_network_has_one_output_a_row_and_its_seed(model, shape):
    x = torch.rand(3, shape[0] * shape[1] * shape[2]) - 0.5
    one, same, other = (
        make_network(model, shape, width=8, depth=1, seed=seed)(x) for seed in (4, 4, 5)
    )
    assert one.shape == (3,)
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert model in COST


def test_a_stack_of_convnets_is_each_of_them(data):
    members = [make_network("convnet", data.shape, width=0, depth=0, seed=s) for s in range(3)]
    f = stack([m.double() for m in members])
    assert isinstance(f, NetworkStack) and len(f) == 3
    member = torch.tensor([2, 0, 0, 2, 0])
    x = data.test[:5].double()
    value, jacobian = value_and_jacobian(f, x, (member,))
    for k, number in enumerate(member.tolist()):
        alone = value_and_jacobian(members[number], x[k : k + 1])
        torch.testing.assert_close((value[k : k + 1], jacobian[k : k + 1]), alone)
        torch.testing.assert_close(f.member(number)(x[k : k + 1]), alone[0])
    s = project(f, x, args=(member,), max_steps=30, tol=1e-9)
    good = s.converged
    assert good.any()
    torch.testing.assert_close(f(s.points, member)[good], torch.zeros(int(good.sum())).double())


def test_networks_with_statistics_of_a_batch_cannot_be_stacked():
    with pytest.raises(LevelsetError, match="buffers"):
        stack([torch.nn.BatchNorm1d(3)])
    assert len(stack([MLP(4, (3,), 1)])) == 1


@pytest.mark.parametrize("loss", ["xent", "ours"])
def test_a_convnet_learns_and_comes_out_alike_alone(data, loss):
    units = [Unit(loss, 0.05, repeat, 7) for repeat in range(2)]
    exact = replace(data, train=data.train.double(), train_labels=data.train_labels.double())
    config = replace(SMALL, steps=16)
    together = train_group(config, units, exact)
    alone = train_group(config, units[1:], exact)[0]
    for a, b in zip(together[1].network.parameters(), alone.network.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert alone.fit > 0.5 and alone.steps == 16
    assert 0 <= alone.fallback < 1 and (loss == "ours" or alone.fallback == 0)


def test_merges_name_both_sides():
    assert second_side(CIFAR, "half") == (5, 6, 7, 8, 9)
    assert second_side(tuple("0123456789"), "odd-even") == (1, 3, 5, 7, 9)
    assert second_side(CIFAR, "vehicles-animals") == (2, 3, 4, 5, 6, 7)
    with pytest.raises(LevelsetError, match="classes of CIFAR-10"):
        second_side(tuple("0123456789"), "vehicles-animals")
    with pytest.raises(LevelsetError, match="merge"):
        second_side(CIFAR, "thirds")
    with pytest.raises(LevelsetError, match="one class"):
        second_side(("a",), "half")
    odd = binary_images("mnist_excerpt", merge="odd-even")
    assert odd.labels == {"-1": list("02468"), "+1": list("13579")}
    half = binary_images("mnist_excerpt")
    assert half.labels == {"-1": list("01234"), "+1": list("56789")}
    assert torch.equal(half.train, odd.train) and set(MERGES) >= {"half", "odd-even"}
    assert not torch.equal(half.train_labels, odd.train_labels)


def test_until_converged_doubles_the_steps_of_those_that_do_not_fit(data):
    config = GeneralizationConfig(
        data="mnist_excerpt", width=16, depth=1, steps=5, batch=16, until="converged"
    )
    units = [Unit("xent", 0.1, repeat, 7) for repeat in range(3)]
    found = train_group(config, units, data)
    assert all(one.steps in [5 * 2**k for k in range(DOUBLINGS + 1)] for one in found)
    assert max(one.steps for one in found) > 5
    short = train_group(replace(config, until="steps"), units, data)
    for one, other, unit in zip(found, short, units, strict=True):
        assert one.fit >= other.fit
        assert one.fit == accuracy(one.network, *data.draw(0.1, unit.repeat))


def test_equal_compute_gives_the_baselines_more_steps():
    config = replace(SMALL, match="compute", steps=10)
    assert config.first_steps("ours") == 10
    assert config.first_steps("xent") == round(10 * COST["convnet"])
    assert replace(config, match="steps").first_steps("xent") == 10


def test_results_of_different_kinds_have_keys_titles_and_a_sentence():
    assert key_of(SMALL.to_dict()) == "mnist_excerpt_convnet"
    assert key_of({"data": "mnist"}) == "mnist"  # a result of before
    other = replace(SMALL, merge="odd-even", until="converged", match="compute").to_dict()
    assert key_of(other) == "mnist_excerpt_convnet_odd-even_converged_compute"
    said = title({"data": "mnist_excerpt", "settings": other})
    assert "small ConvNet, odd against even, until converged, equal compute" in said

    chosen = dict.fromkeys([(loss, 0.05) for loss in SMALL.losses], 0)
    values = {"ours": (0.9, 0.92), "xent": (0.85, 0.86), "hinge": (0.9, 0.93)}
    units = {Unit(k, 0.05, r, 0): v[r] for k, v in values.items() for r in range(2)}
    details = {u: {"fit": 1.0, "steps": 20.0, "fallback": 0.25 * (u.loss == "ours")} for u in units}
    rows = result_table(SMALL, chosen, units, details)
    assert rows[0]["losses"]["ours"]["fallback"] == 0.25
    result = {"rows": rows, "settings": SMALL.to_dict()}
    text = conclusion(result)
    assert "level with hinge (-0.50 [" in text and "cross-entropy (+5.50 [" in text
    assert "25.0% of its samples had no level set points" in text
    assert "about as many correctly as cross-entropy, and about as many as hinge" in in_short(
        result
    )
    ahead = {u: {"ours": 0.9, "xent": 0.845, "hinge": 0.92}[u.loss] for u in units}
    clear = {**result, "rows": result_table(SMALL, chosen, ahead, details)}
    assert in_short(clear) == (
        "Of 100 test images, the geometric SVM classifies 5.5 more correctly than cross-entropy, "
        "and 2.0 fewer than hinge."
    )
    bare = result_table(SMALL, chosen, units)
    assert "fit" not in bare[0]["losses"]["ours"]
    assert "no level set points" not in conclusion({**result, "rows": bare})


def test_a_unit_tells_its_fit_steps_and_fallback():
    (found,) = run_group(SMALL, [Unit("ours", 0.05, 0, 7)])
    assert set(found) == {"accuracy", "fit", "steps", "fallback", "seconds"}
    assert found["steps"] == SMALL.steps and 0 <= found["fallback"] <= 1


@pytest.mark.parametrize("model", ["mlp", "convnet"])
def test_nearest_points_are_an_option(data, model):
    config = replace(SMALL, model=model, width=8, depth=1, steps=4, points="nearest")
    units = [Unit("ours", 0.05, repeat, 7) for repeat in range(2)]
    near = train_group(config, units, data)
    newton = train_group(replace(config, points="newton"), units, data)
    assert all(0 <= one.fallback < 1 for one in near)
    pairs = zip(near[0].network.parameters(), newton[0].network.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in pairs)
    assert key_of(config.to_dict()).endswith("nearest")

"""Published figures, found for networks like the published ones."""

from levelset_core.robustness.table1 import BLACK_BOX, PUBLISHED, README, published_for


def test_the_nearest_epsilon_within_reach():
    row = published_for("mnist", "convnet4a", "madry", 0.32)
    assert row is not None and (row.epsilon, row.margin) == (0.3, 96.11)
    assert published_for("mnist", "convnet4a_linear", "ours", 0.4).figure("pgd-xent") == 99.23
    assert published_for("mnist", "convnet4a", "madry", 0.15) is None
    assert published_for("fashion_mnist", "convnet4a", "madry", 0.3) is None
    assert published_for("mnist", "convnet4a", "standard", 0.0).figure("clean") == 99.34


def test_figures_that_the_paper_lacks_say_where_they_are_from():
    ours = published_for("cifar10", "resnet18", "ours", 0.045)
    assert ours.reference("autoattack").source == README
    assert ours.reference("clean").short == "paper 81.30" and ours.reference("pgd-worst") is None
    madry = published_for("mnist", "convnet4a", "madry", 0.32)
    assert madry.reference("pgd-worst").short == "authors' model, margin 92.00"
    assert "first 200 test images" in madry.reference("pgd-worst").text
    assert madry.reference("clean").text == "99.35% (Table 1 of the paper; trained with ε = 0.3)"
    assert ours.figure("autoattack") < ours.figure("pgd-margin") < ours.figure("pgd-xent")


def test_the_black_box_diagonal_is_the_tables_white_box():
    for (method, epsilon), sources in BLACK_BOX.items():
        row = next(
            r for r in PUBLISHED if (r.data, r.method, r.epsilon) == ("mnist", method, epsilon)
        )
        xent, margin = sources[method, epsilon]
        assert abs(xent - row.xent) < 0.1 and abs(margin - row.margin) < 0.1

"""An evaluation that is cut off, or extended by more images, ends as if it never was."""

from __future__ import annotations

from dataclasses import replace

import pytest
import scipy.stats
import torch

from levelset_core.attacks import AttackConfig, Evaluation, evaluate_attack, pgd, share_interval
from levelset_core.attacks.autoattack import STAGES, Cascade
from levelset_core.runs import load_checkpoint, save_checkpoint

CPU = torch.device("cpu")
ATTACK = AttackConfig(epsilon=0.012, step=0.003, steps=3)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr("levelset_core.attacks.evaluation.BATCH", {"cpu": 16})
    monkeypatch.setattr("levelset_core.attacks.evaluation.CASCADE", {"cpu": 4})


def evaluation(tiny, attack=ATTACK, images=None, seed=0):
    network, data = tiny
    return Evaluation(network, data.first(images), attack, seed=seed, device=CPU, threads=1)


def finish(e):
    for _ in e:
        pass
    return e.report()


def same(a, b):
    assert torch.equal(a.broken, b.broken) and torch.equal(a.found, b.found)
    assert (a.robust_accuracy, a.stages) == (b.robust_accuracy, b.stages)


def test_cut_off_after_any_block(tiny, tmp_path):
    whole = finish(evaluation(tiny))
    assert 0 < whole.standing < int(whole.right.sum())
    blocks = len(evaluation(tiny).blocks)
    assert blocks == 6
    for after in range(blocks + 1):
        first = evaluation(tiny)
        for _, _ in zip(range(after), first, strict=False):
            pass
        save_checkpoint(tmp_path / "c", first.checkpoint())
        second = evaluation(tiny)
        second.restore(load_checkpoint(tmp_path / "c"))
        assert sum(1 for _ in second) == blocks - after
        same(second.report(), whole)


def test_more_images_take_over_what_is_known_of_the_first(tiny):
    whole = finish(evaluation(tiny))
    few = evaluation(tiny, images=50)  # 45 of them right: two full blocks, one of 13
    finish(few)
    more = evaluation(tiny)
    more.restore(few.checkpoint())
    assert sum(1 for _ in more) == 4
    same(more.report(), whole)


def test_another_attack_on_the_way_takes_nothing_over_from_more_images(tiny):
    many = evaluation(tiny)
    finish(many)
    few = evaluation(tiny, images=50)
    few.restore(many.checkpoint())
    assert sum(1 for _ in few) == 3


def test_progress_is_about_the_first_images(tiny):
    e = evaluation(tiny)
    known = [e.progress()]
    for part in e:
        known.append(e.progress())
        assert part.of == 88 and part.step <= e.steps
    images = [n for n, _ in known]
    assert images == sorted(images) and images[-1] == 96
    report = e.report()
    for n, standing in known:
        assert standing == int((report.right & ~report.broken)[:n].sum())


def weak_parts(network, x, y, *, epsilon, norm, draws, seed, stages):
    """In place of AutoAttack's own parts, which take long: PGD of ever more steps."""
    (stage,) = stages
    step = epsilon / 4
    found = pgd(network, x, y, epsilon=epsilon, step=step, steps=STAGES.index(stage) + 1)
    assert (network(x).argmax(1) == y).all()  # each part sees only what stands
    return Cascade(found.images, found.broken, {stage: 0}, ("a warning",))


def test_autoattack_goes_on_within_a_block(tiny, monkeypatch):
    monkeypatch.setattr("levelset_core.attacks.blocks.autoattack", weak_parts)
    attack = AttackConfig("autoattack", epsilon=0.012)
    whole = evaluation(tiny, attack, images=20)
    steps = [part.step for part in whole]
    assert steps[-1] == whole.steps and len(steps) == 4 * len(whole.blocks) == 20
    shares = list(whole.report().stages.values())
    assert shares == sorted(shares, reverse=True) and len(set(shares)) > 2
    for after in (1, 6, 19):
        first = evaluation(tiny, attack, images=20)
        for _, _ in zip(range(after), first, strict=False):
            pass
        second = evaluation(tiny, attack, images=20)
        second.restore(first.checkpoint())
        same(finish(second), whole.report())
        assert second.report().warnings == ("a warning",)


def test_the_worst_case_is_at_most_each_of_its_parts(tiny):
    network, data = tiny
    worst = evaluate_attack(network, data, replace(ATTACK, attack="pgd-worst"), device=CPU)
    margin = evaluate_attack(network, data, ATTACK, device=CPU)
    assert not (margin.broken & ~worst.broken).any()
    more = evaluate_attack(
        network, data, replace(ATTACK, attack="pgd-worst", restarts=3), device=CPU
    )
    assert not (worst.broken & ~more.broken).any()
    with torch.no_grad():
        wrong = network(worst.found).argmax(1) != data.labels
    assert torch.equal(wrong, worst.broken | ~worst.right)


def test_clean_attacks_nobody(tiny):
    report = finish(evaluation(tiny, AttackConfig("clean", epsilon=0.0, steps=0)))
    assert report.robust_accuracy == report.clean_accuracy == pytest.approx(88 / 96)


@pytest.mark.parametrize(("count", "n"), [(0, 10), (10, 10), (3, 7), (181, 200), (904, 1000)])
def test_the_interval_of_a_share(count, n):
    exact = scipy.stats.binomtest(count, n).proportion_ci(0.95, method="exact")
    assert share_interval(count, n) == pytest.approx((exact.low, exact.high), abs=1e-9)

"""An attack on a Dask cluster of this machine: the same result, whoever does which block."""

import os
import signal
from pathlib import Path

import pytest
import torch

from levelset_core.attacks import AttackConfig, Evaluation
from levelset_core.classifiers.files import load_classifier
from levelset_core.data.images import load_images

distributed = pytest.importorskip("distributed")

CPU = torch.device("cpu")
CASES = Path(__file__).parents[1] / "robustness" / "cases"


@pytest.fixture
def cluster(cluster, monkeypatch):
    """In small blocks."""
    monkeypatch.setattr("levelset_core.attacks.evaluation.BATCH", {"cpu": 8})
    monkeypatch.setattr("levelset_core.attacks.evaluation.CASCADE", {"cpu": 6})
    monkeypatch.setattr("levelset_core.attacks.evaluation.STAGES", ("apgd-ce", "apgd-t"))
    return cluster


def attacked(network, data, attack, after=None, **how):
    evaluation = Evaluation(network, data, attack, device=CPU, threads=1, **how)
    for _ in evaluation:
        if after:
            after()
    return evaluation.report()


def same(a, b):
    assert torch.equal(a.broken, b.broken) and torch.equal(a.found, b.found)
    assert (a.robust_accuracy, a.stages, a.warnings) == (b.robust_accuracy, b.stages, b.warnings)


ATTACKS = {
    "pgd-worst": AttackConfig("pgd-worst", epsilon=0.012, step=0.003, steps=3, restarts=2),
    "autoattack": AttackConfig("autoattack", epsilon=0.012),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_the_same_images_stand_as_here(tiny, cluster, name, monkeypatch):
    network, data = tiny
    data = data.first(20)
    here = attacked(network, data, ATTACKS[name])
    assert 0 < here.standing < int(here.right.sum())
    # The workers alone attack: here nothing would come of it.
    monkeypatch.setattr("levelset_core.attacks.evaluation.BlockAttack.pgd", None)
    monkeypatch.setattr("levelset_core.attacks.evaluation.BlockAttack.cascade", None)
    same(attacked(network, data, ATTACKS[name], share=True), here)


def test_blocks_on_an_accelerator_ask_for_one(tiny, monkeypatch):
    network, data = tiny
    asked = []
    monkeypatch.setenv("LEVELSET_CLUSTER", "tcp://127.0.0.1:9")
    monkeypatch.setattr(
        "levelset_core.attacks.evaluation.spread", lambda *a, needs, **k: asked.append(needs) or ()
    )
    attack = ATTACKS["pgd-worst"]
    evaluation = Evaluation(network, data.first(8), attack, device=CPU, threads=1, share=True)
    assert list(evaluation) == [] and asked.pop().resources == {}
    evaluation = Evaluation(network, data.first(8), attack, device=CPU, threads=1, share=True)
    evaluation.device = torch.device("cuda")
    assert list(evaluation) == [] and asked.pop().resources == {"GPU": 1.0}


def test_an_exported_network_is_sent_too(cluster):
    classifier = load_classifier(CASES / "plain.pt2")
    data = load_images("mnist_excerpt", "test").first(30)
    attack = AttackConfig("pgd-xent", epsilon=0.1, step=0.05, steps=4)
    here = attacked(classifier.network, data, attack)
    same(attacked(classifier.network, data, attack, share=True), here)


def test_a_worker_that_dies_costs_nothing(tiny, cluster):
    network, data = tiny
    here = attacked(network, data, ATTACKS["pgd-worst"])
    pids = [worker["pid"] for worker in _workers(cluster)]

    def kill():
        if pids:
            os.kill(pids.pop(), signal.SIGKILL)
            pids.clear()

    same(attacked(network, data, ATTACKS["pgd-worst"], kill, share=True), here)


def _workers(cluster):
    with distributed.Client(cluster.scheduler_address, set_as_default=False) as client:
        return list(client.run(lambda: {"pid": os.getpid()}).values())

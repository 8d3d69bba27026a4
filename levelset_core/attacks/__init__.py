"""Attacks on classifiers."""

from levelset_core.attacks.evaluation import (
    ATTACKS,
    AttackConfig,
    AttackReport,
    clean_predictions,
    evaluate_attack,
    paper_attack,
)
from levelset_core.attacks.modes import evaluating
from levelset_core.attacks.pgd import LOSSES, Attacked, ascend, box, margin_of, pgd, uniform_in

__all__ = [
    "ATTACKS",
    "LOSSES",
    "AttackConfig",
    "AttackReport",
    "Attacked",
    "ascend",
    "box",
    "clean_predictions",
    "evaluate_attack",
    "evaluating",
    "margin_of",
    "paper_attack",
    "pgd",
    "uniform_in",
]

"""Attacks on classifiers, and what they say about them.

data = load_images("mnist", "test").first(1000)
report = evaluate_attack(network, data, AttackConfig("pgd-margin", epsilon=0.3))
report.clean_accuracy, report.robust_accuracy
"""

from levelset_core.attacks.balls import box
from levelset_core.attacks.boundary import (
    BoundaryPoints,
    attack_points,
    margin_along,
    nearest_boundary_points,
    newton_points,
    rho_axes,
    segment_points,
)
from levelset_core.attacks.config import (
    ATTACKS,
    AttackConfig,
    AttackReport,
    over_epsilon,
    over_steps,
    paper_attack,
    share_interval,
)
from levelset_core.attacks.cross_section import (
    Axes,
    CrossSection,
    cross_section,
    make_axes,
    random_direction,
)
from levelset_core.attacks.evaluation import (
    Evaluation,
    EvaluationSnapshot,
    evaluate_attack,
)
from levelset_core.attacks.exploration import (
    LevelPoint,
    MarginProfile,
    Trajectory,
    margin_profile,
    nearest_level_points,
    pgd_trajectory,
)
from levelset_core.attacks.masking import diagnose
from levelset_core.attacks.pgd import LOSSES, Attacked, margin_of, pgd, projected_ascent
from levelset_core.attacks.predictions import clean_predictions
from levelset_core.attacks.strong import STRONG_LOSSES, strong_pgd
from levelset_core.attacks.transfer import accuracy_on, adversarial_images, transfer_matrix
from levelset_core.attacks.verdict import (
    Finding,
    Masking,
    beyond_chance,
    chance_of,
    findings_in,
)
from levelset_core.levelsets.functions import evaluating

ascend = projected_ascent  # its old name

__all__ = [
    "ATTACKS",
    "LOSSES",
    "STRONG_LOSSES",
    "AttackConfig",
    "AttackReport",
    "Attacked",
    "Axes",
    "BoundaryPoints",
    "CrossSection",
    "Evaluation",
    "EvaluationSnapshot",
    "Finding",
    "LevelPoint",
    "MarginProfile",
    "Masking",
    "Trajectory",
    "accuracy_on",
    "adversarial_images",
    "ascend",
    "attack_points",
    "beyond_chance",
    "box",
    "chance_of",
    "clean_predictions",
    "cross_section",
    "diagnose",
    "evaluate_attack",
    "evaluating",
    "findings_in",
    "make_axes",
    "margin_along",
    "margin_of",
    "margin_profile",
    "nearest_boundary_points",
    "nearest_level_points",
    "newton_points",
    "over_epsilon",
    "over_steps",
    "paper_attack",
    "pgd",
    "pgd_trajectory",
    "projected_ascent",
    "random_direction",
    "rho_axes",
    "segment_points",
    "share_interval",
    "strong_pgd",
    "transfer_matrix",
]

"""What a playground can train, and all the settings of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from torch import Tensor

from levelset_core import losses
from levelset_core.levelsets import LevelSetSamples, Network, norm_for
from levelset_core.losses.finder import POINTS, Starts
from levelset_core.networks import ACTIVATIONS
from levelset_core.settings import Settings, setting

#: |F - level| at which a projection of the playground has arrived; float32 allows no less.
NEWTON_TOL = 1e-4
#: An extension: a point fails before it goes further than this times (1 + ||x||); the plane is
#: 3 wide.
NEWTON_MAX_JUMP = 10.0
#: Nearest points are searched anew at least every so many steps, more often at the beginning.
#: In between the last ones are taken along (``follow_points``), at the cost of one evaluation.
#: Eq. 11 searches three sets and has no epsilon to miss.
SEARCH_EVERY, SEARCH_EVERY_SVM = 10, 20
#: After a point was drawn or moved: it counts by y F(x) alone until then.
SEARCH_SOON = 3
#: A search starts from the contours on a grid of so many nodes a side too; its steps at most.
SEARCH_GRID, SEARCH_STEPS = 100, 3
#: A longer gradient is shortened to this length: where D_xF is short, the pseudo-inverse
#: of Eq. 9 is long, and one step of a hundred times the usual length can end a boundary.
MAX_GRADIENT = 5.0
#: A change of one of these builds a new network; the others take effect at the next step.
REBUILDS = ("seed", "depth", "width", "activation")


@dataclass(frozen=True)
class LossTerms:
    """A loss, and the terms of the paper's losses that it is made of."""

    loss: Tensor
    details: losses.GeometricSVMTerms | losses.MarginTerms | None = None


@dataclass(frozen=True)
class Last:
    """What a step knows of the level set points of the steps before.

    Attributes:
        samples: the last step's, as its terms hold them; none at the first.
        search: whether nearest points are searched anew.
        starts: where a search starts besides.
    """

    samples: tuple[LevelSetSamples, ...] = ()
    search: bool = True
    starts: Starts = 0


Found: TypeAlias = Tensor | losses.GeometricSVMTerms | losses.MarginTerms


@dataclass(frozen=True)
class Objective:
    """One way to train.

    Attributes:
        title: as a person reads it.
        equation: which equation of the paper it is, or its source.
        run: (F, x, y, config, last) -> the loss, or its terms.
        function: the core function that computes it ("show the code").
        uses: the settings it reads, by their names in :class:`PlaygroundConfig`.
        distance: the distance it fixes; ``None`` where the setting chooses, or none is used.
        limit: why it cannot promise the margin it asks for, one sentence; empty where it can.
        search_every: steps between two searches for nearest points.
    """

    title: str
    equation: str
    run: Callable[[Network, Tensor, Tensor, PlaygroundConfig, Last], Found]
    function: Callable[..., object]
    uses: tuple[str, ...] = ()
    distance: str | None = None
    limit: str = ""
    search_every: int = SEARCH_EVERY

    def terms(
        self, f: Network, x: Tensor, y: Tensor, config: PlaygroundConfig, last: Last | None = None
    ) -> LossTerms:
        """The loss of F on samples x, (n, 2), with labels y, (n,)."""
        found = self.run(f, x, y, config, last or Last())
        return LossTerms(found) if isinstance(found, Tensor) else LossTerms(found.loss, found)


def _points(c: PlaygroundConfig, last: Last) -> dict[str, Any]:
    """How the losses find their level set points."""
    how: dict[str, Any] = {"tol": NEWTON_TOL, "max_jump": NEWTON_MAX_JUMP}
    how |= {"max_steps": c.newton_steps}
    if c.points == "newton":
        return how
    how |= {"points": c.points, "starts": last.starts}
    if not last.samples:
        return how
    return how | {"search": last.search, "max_steps": min(SEARCH_STEPS, c.newton_steps)}


def _geometric_svm(
    f: Network, x: Tensor, y: Tensor, c: PlaygroundConfig, last: Last
) -> losses.GeometricSVMTerms:
    """Eq. 11, with the extension (``fallback``) where a point has no level set samples yet."""
    warm = (last.samples[0], last.samples[1]) if last.samples else None
    return losses.geometric_svm_terms(
        f, x, y, lam=c.lam, alpha=c.alpha, distance=c.metric, fallback=True, warm=warm,
        **_points(c, last),
    )  # fmt: skip


def _margin(
    f: Network, x: Tensor, y: Tensor, c: PlaygroundConfig, last: Last
) -> losses.MarginTerms:
    """Eq. 12, with the same extension."""
    return losses.margin_terms(
        f, x, y, epsilon=c.epsilon, weight_correct=c.weight_correct, distance=c.metric,
        fallback=True, warm=last.samples[0] if last.samples else None, **_points(c, last),
    )  # fmt: skip


def _margin_in(distance: str, title: str, limit: str = "") -> Objective:
    uses = ("epsilon", "weight_correct", "points", "newton_steps")
    return Objective(title, "Eq. 12", _margin, losses.margin_terms, uses, distance, limit)


OBJECTIVES: dict[str, Objective] = {
    "geometric_svm": Objective(
        "Geometric SVM", "Eq. 11", _geometric_svm, losses.geometric_svm_terms,
        ("lam", "alpha", "distance", "points", "newton_steps"), search_every=SEARCH_EVERY_SVM,
    ),
    "margin_linf": _margin_in("linf", "Margin L∞"),
    "margin_l2": _margin_in("l2", "Margin L2"),
    "margin_rho": _margin_in(
        "rho", "Margin ρ",
        "ρ measures along one axis alone and is no norm. Margins are shown in L∞, which ρ may "
        "fall short of at a corner: the loss can stay above 0 with all margins kept.",
    ),
    "cross_entropy": Objective(
        "Cross-entropy", "baseline",
        lambda f, x, y, c, last: losses.cross_entropy(f, x, y), losses.cross_entropy,
    ),
    "hinge": Objective(
        "Hinge", "baseline", lambda f, x, y, c, last: losses.hinge(f, x, y), losses.hinge
    ),
    "elsayed": Objective(
        "Elsayed et al.", "one Newton step",
        lambda f, x, y, c, last: losses.elsayed(f, x, y, epsilon=c.epsilon, distance=c.norm),
        losses.elsayed, ("epsilon", "distance"),
        limit="One Newton step sees the boundary of F linearized at x. The true one may be nearer, "
        "so points can miss ε while the loss is 0.",
    ),
}  # fmt: skip

#: How far a point is from S_0: those of the paper's experiments.
DISTANCES = ("l2", "linf", "rho")
#: The four panels of the paper's Figure 1, in its order.
FIGURE_1 = ("cross_entropy", "margin_linf", "margin_l2", "geometric_svm")


#: Those that a picture of the plane can show.
DISTANCES = ("l2", "linf", "rho")


@dataclass(frozen=True)
class PlaygroundConfig(Settings):
    """Settings of the playground."""

    objective: str = setting("geometric_svm", choices=OBJECTIVES, help="what is minimized")
    distance: str = setting(
        "linf", choices=DISTANCES, help="how far a point is from S₀, where the objective asks"
    )
    points: str = setting(
        "nearest", choices=POINTS, aliases={"auto": "nearest"},
        help="where on the level set a loss acts: at the nearest point (an extension), or at "
        "Newton's foot (the paper)",
    )  # fmt: skip
    epsilon: float = setting(
        0.2, low=0.0, high=1.0, help="margin that the objective asks for, in units of the plane"
    )
    weight_correct: float = setting(
        1.0, low=0.0, high=20.0, help="weight of right points in Eq. 12; wrong ones have 1"
    )
    lam: float = setting(0.002, low=0.0, high=5.0, help="weight of the margin term of Eq. 11")
    alpha: float = setting(-1.0, low=-4.0, high=-0.25, help="power of Δ in Eq. 11")
    learning_rate: float = setting(1e-3, low=1e-5, high=0.3, help="step size of Adam")
    newton_steps: int = setting(10, low=1, high=50, help="steps of a projection, at most")
    seed: int = setting(0, low=0, high=2**31 - 1, help="draws the initial weights")
    depth: int = setting(3, low=0, high=8, help="hidden layers; none is a linear model")
    width: int = setting(64, low=1, high=256, help="units of every hidden layer")
    activation: str = setting("relu", choices=ACTIVATIONS, help="of the hidden layers")
    speed: int = setting(
        0, low=0, high=1000, help="training steps a second, at most; 0 is as fast as it goes"
    )

    @property
    def metric(self) -> str:
        """The distance in force: the objective's own, else the setting."""
        return OBJECTIVES[self.objective].distance or self.distance

    @property
    def norm(self) -> str:
        """The norm that margins are measured in: L_inf stands in for rho, which is no norm."""
        return norm_for(self.metric)


#: Allowed range of every number: (lowest, highest).
RANGES = PlaygroundConfig.ranges()

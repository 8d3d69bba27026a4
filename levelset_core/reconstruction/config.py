"""The settings of a reconstruction, and its presets."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.geometry.curves.chains import ENDS
from levelset_core.networks import ACTIVATIONS

OPTIMIZERS = ("muon", "adam")

#: Allowed range of every number: (lowest, highest).
RANGES: dict[str, tuple[float, float]] = {
    "outputs": (1, 2),
    "depth": (1, 16),
    "width": (4, 1024),
    "octaves": (0, 12),
    "learning_rate": (1e-6, 0.3),
    "matrix_rate": (1e-6, 0.3),
    "final_rate": (0.0, 1.0),
    "data_batch": (1, 100_000),
    "projected": (0, 100_000),
    "near": (0, 100_000),
    "lam": (0.0, 100.0),
    "p": (1.0, 4.0),
    "newton_steps": (1, 50),
    "start_sigma": (0.0, 1.0),
    "normals_weight": (0.0, 100.0),
    "warm_share": (0.0, 0.9),
    "anchors": (0, 100_000),
    "anchor_weight": (0.0, 100.0),
    "resolution": (4, 1024),
    "seed": (0, 2**31 - 1),
}


@dataclass(frozen=True)
class ReconstructionConfig:
    """Settings of a reconstruction. Lengths are in units of the box [-1, 1]^d.

    Attributes:
        outputs: l, 1 for a surface (or a curve in the plane), 2 for a curve in space.
        depth, width: hidden layers of F.
        octaves: of the positional encoding of x, at most: a surface takes fewer where the cloud
            is too noisy to tell so fine a detail (ours); 0 is none (the paper).
        skip: x is concatenated to the input of every hidden layer after the first (the paper).
        activation: of the hidden layers.
        slope: |D_xF| that the initialization aims at; the authors' is 2.
        optimizer: "adam" (the paper) or "muon" for the matrices between hidden layers.
        learning_rate: of Adam, at its highest.
        matrix_rate: of Muon.
        final_rate: the last rate over the highest; it falls as a cosine. 1 keeps it.
        data_batch: points of the cloud a step, for the second term of Eq. 13.
        projected: samples of S_0 a step.
        persistent: keep these samples from step to step, one Newton step each time (ours); else
            they start anew and take ``newton_steps`` at most.
        near: samples a step that are not projected, with |t| = |F|.
        near_sigmas: Gaussians around the cloud that they are drawn from, in equal parts.
        start_sigma: of the Gaussian around the cloud that 80 % of the projections start from;
            the others start uniformly in [-1.1, 1.1]^d.
        newton_steps, newton_tol: of the projections.
        lam, p: lambda and p of Eq. 13.
        normals_weight: of a term on the cloud's normals, if it has any: 0 ignores them (ours).
        warm_share: share of the budget in which F learns what a prior knows of it: of a surface
            a signed distance whose sign comes from the fitted winding number, of a curve the
            distance and half the solid angle of a smooth curve through the ordered points; 0
            starts from the sphere or from random functions, as the paper does (ours).
        anchors: places a step where the prior knows F and goes on being heard, after the warm
            start; anchor_weight: of their mean |F(q) - v(q)| (ours).
        ends: of a curve with a prior: "auto" closes it across a gap where that looks natural,
            "open" never, "closed" always (ours).
        outliers: drop statistical outliers first (ours).
        steps: training steps at most, or None.
        seconds: of training and extraction in all, or None; of a run, of its training alone.
        resolution: of the grid that the mesh or the curve is extracted on.
        seed: of all randomness.

    Raises:
        LevelsetError: an unknown name, a number out of its range (``RANGES``), or neither steps
            nor seconds.
    """

    outputs: int = 1
    depth: int = 4
    width: int = 128
    octaves: int = 6
    skip: bool = False
    activation: str = "relu"
    slope: float = 1.0
    optimizer: str = "muon"
    learning_rate: float = 2e-3
    matrix_rate: float = 0.01
    final_rate: float = 0.0
    data_batch: int = 1024
    projected: int = 1024
    persistent: bool = True
    near: int = 1024
    near_sigmas: tuple[float, ...] = (0.01, 0.2)
    start_sigma: float = 0.1
    newton_steps: int = 1
    newton_tol: float = 1e-3
    lam: float = 3.0
    p: float = 1.0
    normals_weight: float = 0.0
    warm_share: float = 0.12
    anchors: int = 256
    anchor_weight: float = 0.3
    ends: str = "auto"
    outliers: bool = True
    steps: int | None = None
    seconds: float | None = 60.0
    resolution: int = 256
    seed: int = 0

    def __post_init__(self) -> None:
        for name, choices in (
            ("activation", ACTIVATIONS), ("optimizer", OPTIMIZERS), ("ends", ENDS),
        ):  # fmt: skip
            if getattr(self, name) not in choices:
                raise LevelsetError(
                    f"Unknown {name} {getattr(self, name)!r}: choose one of {', '.join(choices)}."
                )
        for name, (low, high) in RANGES.items():
            kind = type(getattr(ReconstructionConfig, name))
            object.__setattr__(self, name, _number(name, getattr(self, name), low, high, kind))
        object.__setattr__(self, "near_sigmas", tuple(float(s) for s in self.near_sigmas))
        if not self.near_sigmas or not all(0 < s <= 1 for s in self.near_sigmas):
            raise LevelsetError(f"near_sigmas must be 0 to 1, got {self.near_sigmas}.")
        for name in ("slope", "newton_tol"):
            object.__setattr__(self, name, _number(name, getattr(self, name), 1e-8, 100.0, float))
        if self.steps is not None:
            object.__setattr__(self, "steps", _number("steps", self.steps, 1, 10**9, int))
        if self.seconds is not None:
            object.__setattr__(self, "seconds", _number("seconds", self.seconds, 1, 1e7, float))
        if self.steps is None and self.seconds is None:
            raise LevelsetError("A reconstruction needs a number of steps or of seconds.")
        if self.outputs > 1 and self.near:
            raise LevelsetError(
                f"A curve has no distance as its level, so near must be 0, got {self.near}."
            )

    @classmethod
    def preset(cls, name: str, **changes: Any) -> ReconstructionConfig:
        """A preset of surfaces or curves, with changes.

        Raises:
            LevelsetError: there is none of that name, or a change does not fit.
        """
        if name not in PRESETS:
            raise LevelsetError(f"Unknown preset {name!r}: choose one of {', '.join(PRESETS)}.")
        return cls.from_dict({**asdict(PRESETS[name]), **changes})

    def with_changes(self, **changes: Any) -> ReconstructionConfig:
        """The same settings but for some."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "near_sigmas": list(self.near_sigmas)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ReconstructionConfig:
        """From plain values; what is missing takes its default.

        Raises:
            LevelsetError: an unknown setting, or a value that does not fit.
        """
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise LevelsetError(f"Unknown setting {unknown[0]!r}.")
        return cls(**values)


def _number(name: str, value: Any, low: float, high: float, kind: type) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LevelsetError(f"{name} must be a number, got {value!r}.")
    if not low <= value <= high:  # NaN fails too
        raise LevelsetError(f"{name} must be {low:g} to {high:g}, got {value}.")
    if kind is int and int(value) != value:
        raise LevelsetError(f"{name} must be a whole number, got {value}.")
    return kind(value)


_QUICK = ReconstructionConfig()
_PAPER = ReconstructionConfig(
    depth=8, width=512, octaves=0, skip=True, slope=2.0,
    optimizer="adam", learning_rate=1e-4, final_rate=1.0,
    data_batch=10_000, projected=5000, persistent=False, near=5000, near_sigmas=(0.01, 0.2),
    newton_steps=10, newton_tol=1e-5, warm_share=0.0, outliers=False,
    steps=5000, seconds=None, resolution=100,
)  # fmt: skip
_CURVE = ReconstructionConfig(
    outputs=2, depth=4, width=64, octaves=0, activation="softplus", optimizer="adam",
    learning_rate=2e-3, data_batch=512, projected=512, near=0, lam=5.0, warm_share=0.7,
    anchors=512, anchor_weight=3.0, outliers=False, final_rate=0.02,
    steps=1000, seconds=50.0, resolution=96,
)  # fmt: skip
_PLANE = replace(_CURVE, outputs=1, near=256, resolution=256)

#: By name. Curves: "curve" in space, "curve2d" in the plane.
PRESETS: dict[str, ReconstructionConfig] = {
    "quick": _QUICK,
    "balanced": replace(_QUICK, depth=5, width=192, data_batch=2048, seconds=300.0, resolution=320),
    "paper": _PAPER,
    "curve": _CURVE,
    "curve2d": _PLANE,
    "curve-paper": replace(
        _PAPER, outputs=2, depth=4, near=0, projected=5000, lam=5.0, steps=2000, resolution=96
    ),
}

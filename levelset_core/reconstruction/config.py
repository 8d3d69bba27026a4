"""The settings of a reconstruction, and its presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from levelset_core.errors import LevelsetError
from levelset_core.geometry.curves.chains import ENDS
from levelset_core.networks import ACTIVATIONS
from levelset_core.settings import Settings, choose, setting

SURFACES = ("auto", "closed", "open")
OPTIMIZERS = ("muon", "adam")


@dataclass(frozen=True)
class ReconstructionConfig(Settings):
    """Settings of a reconstruction. Lengths are in units of the box [-1, 1]^d.

    The prior that ``warm_share`` and ``anchors`` speak of: of a surface a signed distance whose
    sign comes from the fitted winding number, of a curve the distance and half the solid angle of
    a smooth curve through the ordered points. Without, F starts from the sphere or from random
    functions, as in the paper.

    Raises:
        LevelsetError: a value does not fit its field, or there are neither steps nor seconds.
    """

    outputs: int = setting(
        1, low=1, high=2, help="l: 1 for a surface or a curve in the plane, 2 for one in space"
    )
    depth: int = setting(4, low=1, high=16, help="hidden layers of F")
    width: int = setting(128, low=4, high=1024, help="units of a hidden layer")
    octaves: int = setting(
        6, low=0, high=12, help="of the positional encoding of x, at most: a surface takes fewer "
        "where the cloud is too noisy to tell so fine a detail, a curve where its strands are far "
        "apart (extension); 0 in the paper",
    )  # fmt: skip
    skip: bool = setting(
        False, help="x is concatenated to the input of every hidden layer after the first (paper)"
    )
    activation: str = setting("relu", choices=ACTIVATIONS, help="of the hidden layers")
    slope: float = setting(
        1.0, low=1e-8, high=100.0, help="|D_xF| that the initialization aims at; the authors' is 2"
    )
    optimizer: str = setting(
        "muon", choices=OPTIMIZERS, help="adam (paper), or muon for matrices between hidden layers"
    )
    learning_rate: float = setting(2e-3, low=1e-6, high=0.3, help="of Adam, at its highest")
    matrix_rate: float = setting(0.01, low=1e-6, high=0.3, help="of Muon, at its highest")
    final_rate: float = setting(
        0.0, low=0.0, high=1.0,
        help="the last rate over the highest; it falls as a cosine. 1 keeps it",
    )  # fmt: skip
    data_batch: int = setting(
        512, low=1, high=100_000, help="points of the cloud a step, in the second term of Eq. 13"
    )
    projected: int = setting(512, low=0, high=100_000, help="samples of S_0 a step")
    persistent: bool = setting(
        True, help="keep these samples from step to step, one Newton step each time (extension); "
        "else they start anew and take newton_steps at most",
    )  # fmt: skip
    near: int = setting(
        512, low=0, high=100_000, help="samples a step that are not projected, with |t| = |F|"
    )
    near_sigmas: tuple[float, ...] = setting(
        (0.01, 0.2), above=0.0, high=1.0,
        help="Gaussians around the cloud that they are drawn from, in equal parts",
    )  # fmt: skip
    start_sigma: float = setting(
        0.1, low=0.0, high=1.0, help="of the Gaussian around the cloud that 80% of the "
        "projections start from; the others start uniformly in [-1.1, 1.1]^d",
    )  # fmt: skip
    newton_steps: int = setting(1, low=1, high=50, help="of the projections, at most")
    newton_tol: float = setting(1e-3, low=1e-8, high=100.0, help="|F| at which they have arrived")
    lam: float = setting(3.0, low=0.0, high=100.0, help="lambda of Eq. 13")
    p: float = setting(1.0, low=1.0, high=4.0, help="p of Eq. 13")
    normals_weight: float = setting(
        0.0, low=0.0, high=100.0, help="of a term on the cloud's normals, if it has any (extension)"
    )
    warm_share: float = setting(
        0.12, low=0.0, high=0.9,
        help="share of the budget in which F learns what a prior knows of it (extension)",
    )  # fmt: skip
    prior_nodes: int = setting(
        112, low=32, high=512,
        help="of the grid, along the longest side, that tells where the prior of a surface closes "
        "holes, and how many pieces it has (extension)",
    )  # fmt: skip
    anchors: int = setting(
        256, low=0, high=100_000,
        help="places a step where the prior goes on being heard afterwards (extension)",
    )  # fmt: skip
    anchor_weight: float = setting(
        0.3, low=0.0, high=100.0, help="of their mean |F(q) - v(q)| (extension)"
    )
    side_weight: float = setting(
        3.0, low=0.0, high=100.0,
        help="of a surface's places on the wrong side, max(0, d/2 - s F) in the mean (extension)",
    )  # fmt: skip
    ends: str = setting(
        "auto", choices=ENDS, help="of a curve with a prior: auto closes it across a gap where "
        "that looks natural, open never, closed always (extension)",
    )  # fmt: skip
    outliers: bool = setting(True, help="drop outliers first (extension)")
    outlier_ratio: float = setting(
        3.0, low=1.0, high=20.0,
        help="how many times what is usual around it an outlier is away: less drops more",
    )  # fmt: skip
    surface: str = setting(
        "auto", choices=SURFACES, help="closed, or open: trimmed where there is no data; auto "
        "takes what the cloud seems to be (extension)",
    )  # fmt: skip
    trim: float = setting(
        1.5, low=0.5, high=100.0,
        help="of an open surface: how far it may be from the points, in their spacings",
    )  # fmt: skip
    refine: bool = setting(
        True, help="after the training, local features take F of a surface in space to the points "
        "(extension)",
    )  # fmt: skip
    steps: int | None = setting(None, kind=int, low=1, high=10**9, help="training steps at most")
    seconds: float | None = setting(
        60.0, optional=True, low=1, high=1e7,
        help="of training and extraction in all; of a run, of its training alone",
    )  # fmt: skip
    resolution: int = setting(
        256, low=4, high=1024, help="of the grid that the mesh or the curve is extracted on"
    )
    seed: int = setting(0, low=0, high=2**31 - 1, help="of all randomness")

    def __post_init__(self) -> None:
        super().__post_init__()
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
        return cls.from_dict({**PRESETS[choose("preset", name, PRESETS)], **changes})


_PAPER: dict[str, Any] = {
    "depth": 8, "width": 512, "octaves": 0, "skip": True, "slope": 2.0,
    "optimizer": "adam", "learning_rate": 1e-4, "final_rate": 1.0,
    "data_batch": 10_000, "projected": 5000, "persistent": False, "near": 5000,
    "newton_steps": 10, "newton_tol": 1e-5, "warm_share": 0.0, "outliers": False,
    "refine": False, "steps": 5000, "seconds": None, "resolution": 100,
}  # fmt: skip
_CURVE: dict[str, Any] = {
    "outputs": 2, "depth": 4, "width": 64, "octaves": 6, "activation": "softplus",
    "optimizer": "muon", "learning_rate": 2e-3, "final_rate": 0.02,
    "data_batch": 512, "projected": 512, "near": 0, "lam": 5.0,
    "warm_share": 0.7, "anchors": 512, "anchor_weight": 3.0, "outliers": False,
    "steps": 1000, "seconds": 50.0, "resolution": 96,
}  # fmt: skip

#: What differs from the defaults, by name. Curves: "curve" in space, "curve2d" in the plane.
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {},
    # Local features bring the detail: F has its topology sooner in many small steps.
    "hurried": {
        "depth": 3, "width": 64, "data_batch": 256, "projected": 256, "near": 256,
        "anchors": 128, "seconds": 20.0,
    },
    "balanced": {
        "depth": 5, "width": 192, "data_batch": 2048, "projected": 1024, "near": 1024,
        "anchors": 512, "seconds": 300.0, "resolution": 320,
    },
    "paper": _PAPER,  # Sec. 5.3
    "curve": _CURVE,
    "curve2d": {**_CURVE, "outputs": 1, "near": 256, "resolution": 256},
    "curve-paper": {
        **_PAPER, "outputs": 2, "depth": 4, "near": 0, "lam": 5.0, "steps": 2000, "resolution": 96,
    },
}  # fmt: skip

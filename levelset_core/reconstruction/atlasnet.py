"""AtlasNet on a single raw cloud, the baseline of Table 2: an iterator of snapshots."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from levelset_core.data import PointCloud, check_spread
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh
from levelset_core.geometry.clouds import NearestPoints
from levelset_core.geometry.frames import Normalization
from levelset_core.networks import AtlasNet
from levelset_core.random import torch_generator
from levelset_core.reconstruction.budget import Budget, Budgeted, check_loss
from levelset_core.settings import Settings, choose, setting

#: The rows of Table 2: name -> patches, template, width.
ATLASES: dict[str, tuple[int, str, int]] = {
    "atlasnet-1-sphere": (1, "sphere", 128),
    "atlasnet-1-patch": (1, "square", 128),
    "atlasnet-25-patches": (25, "square", 64),
}
#: Faces of the extracted mesh, about.
FACES = 80_000


@dataclass(frozen=True)
class AtlasNetConfig(Settings):
    """Settings of an AtlasNet on one cloud; sizes are chosen for a CPU (extension).

    Without ``seconds`` the learning rate depends on steps alone, and the same seed gives the same
    run.

    Raises:
        LevelsetError: neither steps nor seconds, or a number that is not positive.
    """

    patches: int = setting(25, help="see levelset_core.networks.AtlasNet")
    template: str = setting("square", help="see levelset_core.networks.AtlasNet")
    width: int = setting(64, help="of every patch's MLP")
    depth: int = setting(3, help="of every patch's MLP")
    batch: int = setting(2500, above=0, help="points drawn from the atlas, and the cloud, a step")
    learning_rate: float = setting(2e-3, above=0.0, help="of Adam; it falls to 0 as a cosine")
    steps: int | None = setting(None, kind=int, above=0, help="at most")
    seconds: float | None = setting(None, kind=float, above=0.0, help="of training at most")
    seed: int = setting(0, help="of all randomness")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps is None and self.seconds is None:
            raise LevelsetError("AtlasNet needs a number of steps or of seconds.")

    @classmethod
    def row(cls, name: str, **changes: float | None) -> AtlasNetConfig:
        """The settings of a row of Table 2, a name in ``ATLASES``; a minute, if nothing is said.

        Raises:
            LevelsetError: there is no such row.
        """
        patches, template, width = ATLASES[choose("AtlasNet", name, ATLASES)]
        if changes.get("steps") is None and changes.get("seconds") is None:
            changes["seconds"] = 60.0
        return cls(patches, template, width, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class AtlasNetSnapshot:
    """One optimizer step; lengths are in units of the box, see ``AtlasNetTrainer.normalization``.

    Attributes:
        step: its number, counted from 1.
        loss: ``to_cloud + from_cloud``.
        to_cloud: mean squared distance of points of the atlas to the cloud.
        from_cloud: mean squared distance of points of the cloud to those of the atlas.
        fraction: of the budget that is used, 0 to 1.
        seconds: of work so far.
    """

    step: int
    loss: float
    to_cloud: float
    from_cloud: float
    fraction: float
    seconds: float


class AtlasNetTrainer(Budgeted):
    """Fits an atlas to a cloud by the Chamfer loss; ``for snapshot in trainer`` trains.

        mean_u min_j |x(u) - x_j|^2 + mean_j min_u |x(u) - x_j|^2

    The first minimum runs over the whole cloud X, the second over the points drawn from the atlas
    in this step; both are found by :class:`levelset_core.geometry.clouds.NearestPoints`.

    Args:
        config: all settings.
        cloud: the raw points, (n, 3).
        device: of the network; default: :func:`levelset_core.pick_device`.

    Attributes:
        network: in units of the box.
        normalization: from the cloud's units to the box and back.
        step, seconds: done so far.

    Raises:
        LevelsetError: the cloud is in the plane, or does not spread.
    """

    def __init__(
        self, config: AtlasNetConfig, cloud: PointCloud, *, device: torch.device | None = None
    ) -> None:
        check_spread(cloud, "surface")
        self.config, self.device = config, device or pick_device()
        self.budget = Budget(config.steps, config.seconds)
        with self.budget.timed():
            self.normalization = Normalization.of(cloud.points)
            self.points = torch.from_numpy(self.normalization.apply(cloud.points)).float()
            self.points = self.points.to(self.device)
            self.nearest = NearestPoints(self.points, approximate=True)
            self.generator = torch_generator(config.seed + 1)
            self.network = AtlasNet(
                config.patches, config.template, width=config.width, depth=config.depth,
                generator=torch_generator(config.seed),
            ).to(self.device)  # fmt: skip
            self.optimizer = torch.optim.Adam(self.network.parameters(), lr=config.learning_rate)

    def __next__(self) -> AtlasNetSnapshot:
        """One optimizer step.

        Raises:
            LevelsetError: the loss is no longer finite.
        """
        if self.fraction >= 1.0:
            raise StopIteration
        with self.budget.timed():
            loss, to_cloud, from_cloud = self._descend()
            self.budget.step += 1
        return AtlasNetSnapshot(self.step, loss, to_cloud, from_cloud, self.fraction, self.seconds)

    def _descend(self) -> tuple[float, float, float]:
        """The loss and its two parts before the step."""
        rate = 0.5 * self.config.learning_rate * (1 + math.cos(math.pi * self.fraction))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        each = max(1, self.config.batch // self.config.patches)
        drawn = self.network(self.network.draw(each, self.generator).to(self.device))
        rows = torch.randint(len(self.points), (self.config.batch,), generator=self.generator)
        to_cloud, from_cloud = self._chamfer(drawn.flatten(0, 1), self.points[rows.to(self.device)])
        loss = to_cloud + from_cloud
        check_loss(loss.item(), self.step)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item(), to_cloud.item(), from_cloud.item()

    def _chamfer(self, x: Tensor, batch: Tensor) -> tuple[Tensor, Tensor]:
        rows = NearestPoints(x.detach()).indices(batch)
        to_cloud = (x - self.nearest(x)).square().sum(1).mean()
        from_cloud = (x[rows] - batch).square().sum(1).mean()
        return to_cloud, from_cloud

    @torch.no_grad()
    def extract_mesh(self, faces: int = FACES) -> Mesh:
        """All patches, about ``faces`` faces together, in the cloud's units; patches stay apart."""
        template, triangles = self.network.grid(max(2, faces // self.config.patches))
        places = template.to(self.device).expand(self.config.patches, -1, -1)
        vertices = self.network(places).double().cpu().numpy()  # (patches, n, 3)
        first = len(template) * np.arange(self.config.patches)[:, None, None]
        mesh = Mesh(vertices.reshape(-1, 3), (triangles + first).reshape(-1, 3))
        return mesh.moved(self.normalization.scale, self.normalization.center)

    def checkpoint(self) -> dict[str, Any]:
        """Weights, optimizer, generator and how far it is."""
        state = {name: getattr(self, name).state_dict() for name in ("network", "optimizer")}
        about = {"generator": self.generator.get_state(), "step": self.step}
        return copy.deepcopy({**state, **about, "seconds": self.seconds})

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go on from a :meth:`checkpoint`."""
        state = copy.deepcopy(checkpoint)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.generator.set_state(state["generator"])
        self.budget.step, self.budget.spent = state["step"], state["seconds"]

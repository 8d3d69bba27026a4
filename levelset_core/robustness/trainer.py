"""Training of robust classifiers: an iterator of immutable snapshots, one optimizer step each."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.attacks.fast import frozen
from levelset_core.classifiers.architectures import make_classifier
from levelset_core.data.images import ImageSet, epoch_order
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError
from levelset_core.processes import data_parallel, shard
from levelset_core.random import torch_generator
from levelset_core.robustness.config import RobustConfig
from levelset_core.robustness.objectives import OBJECTIVES, Batch
from levelset_core.robustness.watch import Observation, Watch, looks_from_arrays, looks_to_arrays

#: The most that :func:`random_affine` turns, in degrees; scales, as a share; and shifts, in pixels.
TURN, SCALE, SHIFT = 10.0, 0.1, 1.5


@dataclass(frozen=True)
class RobustSnapshot:
    """One optimizer step.

    Attributes:
        step: its number, from 1.
        epoch: epochs done, with the part of the present one.
        loss: that was descended.
        right: share of the batch that is classified rightly; NaN where the method does not look.
        robust: share that the training's own attack leaves right, likewise.
        found: share with a level set point, likewise.
        epsilon, learning_rate: at this step.
    """

    step: int
    epoch: float
    loss: float
    right: float
    robust: float
    found: float
    epsilon: float
    learning_rate: float


class RobustTrainer:
    """Trains a classifier by one of the methods of Table 1.

    ``for snapshot in trainer`` trains until the last epoch is over. The same settings, images
    and seed give the same snapshots.

    Args:
        config: all settings.
        data: the training images.
        seed: of the weights, the order of the images and the attacks' starts.
        device: default: :func:`levelset_core.pick_device`. In several processes of one group
            (see :mod:`levelset_core.processes`) each takes its part of every batch.
        weights: a state dict to begin from instead of new weights.
        watch: looks at the network before the first step and after every epoch: ``looks``.
    """

    def __init__(
        self,
        config: RobustConfig,
        data: ImageSet,
        *,
        seed: int = 0,
        device: torch.device | None = None,
        weights: dict[str, Tensor] | None = None,
        watch: Watch | None = None,
    ) -> None:
        if not len(data):
            raise LevelsetError("There are no images to train on.")
        self.config, self.data, self.seed = config, data, seed
        self.device = device or pick_device()
        network = make_classifier(config.model, data.shape, len(data.classes), seed=seed)
        if weights is not None:
            network.load_state_dict(weights)
        # Convolutions are faster in this layout; it changes nothing else.
        self.network: nn.Module = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.learner = data_parallel(self.network)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.noise = torch_generator(seed + 1)
        self.step = 0
        self.watch = watch
        self.looks: list[Observation] = []
        self._order: tuple[int, Tensor] | None = None

    @property
    def steps_an_epoch(self) -> int:
        """Optimizer steps a round over the images; the last batch may be smaller."""
        return math.ceil(len(self.data) / self.config.batch)

    @property
    def steps(self) -> int:
        """Optimizer steps in all."""
        return self.config.epochs * self.steps_an_epoch

    def __iter__(self) -> Iterator[RobustSnapshot]:
        return self

    def __next__(self) -> RobustSnapshot:
        """One optimizer step.

        Raises:
            LevelsetError: the loss is no longer finite.
        """
        if self.step >= self.steps:
            raise StopIteration
        if not self.looks:
            self._look()
        c = self.config
        epoch, k = divmod(self.step, self.steps_an_epoch)
        done = self.step / self.steps_an_epoch
        epsilon = c.epsilon_at(done)
        method = "standard" if done < c.standard_epochs else c.method
        # Only attacks need the copy.
        f = self.network if method == "standard" else frozen(self.network, self.device)
        batch = self._batch(f, self._rows(epoch, k), epsilon, done)

        self.network.train()
        terms = OBJECTIVES[method](batch, c)
        loss = terms.loss.item()
        if not math.isfinite(loss):
            raise LevelsetError(
                f"The loss is {loss} after {self.step} steps: lower the learning rate."
            )
        for group in self.optimizer.param_groups:
            group["lr"] = c.learning_rate_at(done)
        for k in range(1 + c.replays):
            self.optimizer.zero_grad()
            (terms.again() if k else terms.loss).backward()
            self.optimizer.step()

        self.step += 1
        if self.step % self.steps_an_epoch == 0:
            self._look()
        return RobustSnapshot(
            self.step, self.step / self.steps_an_epoch, loss, terms.right, terms.robust,
            terms.found, epsilon, c.learning_rate_at(done),
        )  # fmt: skip

    def _look(self) -> None:
        if self.watch is not None:
            self.looks.append(self.watch.look(self.network, self.step / self.steps_an_epoch))

    def _rows(self, epoch: int, k: int) -> Tensor:
        """The images of batch k of an epoch."""
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, epoch_order(len(self.data), self.seed, epoch)
        return self._order[1][k * self.config.batch : (k + 1) * self.config.batch]

    def _batch(self, f: nn.Module, rows: Tensor, epsilon: float, epoch: float) -> Batch:
        x, y = self.data.batch(rows, self.device)
        if self.config.augment:
            x = random_crop(x, self.noise)
        if self.config.affine:
            x = random_affine(x, self.noise)
        noise = torch.rand(x.shape, generator=self.noise).mul_(2).sub_(1).to(self.device)
        # Every process draws for the whole batch: their generators stay the same.
        x, y, noise = shard(x), shard(y), shard(noise)
        return Batch(f, self.learner, x, y, noise, epsilon, epoch)

    def checkpoint(self) -> dict[str, Any]:
        """Everything needed to go on bit for bit, in the middle of an epoch too."""
        state = {
            "network": dict(self.network.state_dict()),
            "optimizer": self.optimizer.state_dict(),
            "noise": self.noise.get_state(),
            "step": self.step,
            "looks": looks_to_arrays(self.looks) if self.looks else None,
        }
        return copy.deepcopy(state)

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go on from a :meth:`checkpoint` of a trainer with the same settings and images."""
        self.network.load_state_dict(checkpoint["network"])
        # The optimizer would go on in the checkpoint's own tensors.
        self.optimizer.load_state_dict(copy.deepcopy(checkpoint["optimizer"]))
        self.noise.set_state(checkpoint["noise"])
        self.step = checkpoint["step"]
        looks = checkpoint.get("looks")
        self.looks = looks_from_arrays(looks) if looks else []


# -- random variants of images -----------------------------------------------------------------


def random_crop(x: Tensor, generator: torch.Generator, padding: int = 4) -> Tensor:
    """Random crops of the padded images, half of them mirrored, (n, c, h, w)."""
    n, _, height, width = x.shape
    padded = nn.functional.pad(x, (padding,) * 4)
    top, left = torch.randint(2 * padding + 1, (2, n, 1), generator=generator).to(x.device)
    mirrored = (torch.rand(n, 1, generator=generator) < 0.5).to(x.device)
    columns = torch.arange(width, device=x.device)
    columns = left + torch.where(mirrored, columns.flip(0), columns)  # (n, w)
    rows = top + torch.arange(height, device=x.device)  # (n, h)
    image = torch.arange(n, device=x.device)[:, None, None]
    # Advanced indices around a slice put the channels last.
    return padded[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def random_affine(x: Tensor, generator: torch.Generator) -> Tensor:
    """Every image turned, scaled and shifted on its own, black coming in from outside.

    Uniform up to ``TURN``, ``SCALE`` and ``SHIFT``, bicubic, clamped to [0, 1]: (n, c, h, w).
    """
    n, _, height, width = x.shape
    turn, scale, right, down = torch.rand(4, n, generator=generator).mul_(2).sub_(1)
    turn, scale = turn * math.radians(TURN), 1 + SCALE * scale
    cos, sin = scale * turn.cos(), scale * turn.sin()
    right, down = right * SHIFT * 2 / width, down * SHIFT * 2 / height  # an image is 2 wide
    maps = torch.stack([cos, -sin, right, sin, cos, down], 1).view(n, 2, 3).to(x)
    grid = nn.functional.affine_grid(maps, list(x.shape), align_corners=False)
    result: Tensor = nn.functional.grid_sample(x, grid, mode="bicubic", align_corners=False)
    return result.clamp_(0, 1)

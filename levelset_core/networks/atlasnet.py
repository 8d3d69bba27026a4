"""AtlasNet's decoder: patches of a surface, each the image of a square or a sphere under an MLP."""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch
from torch import Tensor, nn

from levelset_core.errors import LevelsetError
from levelset_core.settings import choose

TEMPLATES = ("square", "sphere")


class AtlasNet(nn.Module):
    """x_k(u) = MLP_k(u), k = 1, ..., patches, as Groueix et al. (CVPR 2018) map templates to space.

    Theirs also feeds a code of the shape to every MLP. For a network that is trained on a single
    shape that code is a constant, which the first bias takes in; so there is none here.

    Args:
        patches: how many MLPs, with weights of their own.
        template: "square", u in [0, 1]^2, or "sphere", u in R^3 with |u| = 1.
        width, depth: hidden layers of each MLP (ReLU).
        generator: source of the initial weights, on the CPU; ``None`` seeds one with 0.

    Raises:
        LevelsetError: an unknown template, or a number below 1.
    """

    def __init__(
        self,
        patches: int = 25,
        template: str = "square",
        *,
        width: int = 128,
        depth: int = 3,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        choose("template", template, TEMPLATES)
        if min(patches, width, depth) < 1:
            raise LevelsetError(
                f"AtlasNet needs at least one patch, layer and unit, got {patches}, {depth} and "
                f"{width}."
            )
        generator = generator or torch.Generator().manual_seed(0)
        self.patches, self.template = patches, template
        sizes = [2 if template == "square" else 3, *[width] * depth, 3]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for inputs, outputs in itertools.pairwise(sizes):
            bound = 1 / math.sqrt(inputs)  # as nn.Linear does it
            weight = torch.empty(patches, inputs, outputs)
            bias = torch.empty(patches, 1, outputs)
            self.weights.append(nn.Parameter(weight.uniform_(-bound, bound, generator=generator)))
            self.biases.append(nn.Parameter(bias.uniform_(-bound, bound, generator=generator)))

    def forward(self, u: Tensor) -> Tensor:
        """Places on the templates, (patches, n, 2 or 3), to points in space, (patches, n, 3)."""
        for k, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            u = torch.baddbmm(bias, u if k == 0 else torch.relu(u), weight)
        return u

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Uniform places on the templates, ``count`` each: (patches, count, 2 or 3)."""
        if self.template == "square":
            return torch.rand(self.patches, count, 2, generator=generator)
        u = torch.randn(self.patches, count, 3, generator=generator)
        return nn.functional.normalize(u, dim=2)

    def grid(self, faces: int) -> tuple[Tensor, np.ndarray]:
        """One triangulated template with about ``faces`` faces: its places, and its faces."""
        if self.template == "sphere":
            import trimesh

            # Each subdivision makes four faces of one; an icosahedron has 20.
            ball = trimesh.creation.icosphere(max(0, round(math.log(faces / 20, 4))))
            return torch.from_numpy(np.array(ball.vertices)).float(), np.array(ball.faces)
        cells = max(1, round(math.sqrt(faces / 2)))
        side = torch.linspace(0, 1, cells + 1)
        places = torch.cartesian_prod(side, side)
        first = np.arange((cells + 1) ** 2).reshape(cells + 1, cells + 1)
        a, b, c, d = first[:-1, :-1], first[1:, :-1], first[1:, 1:], first[:-1, 1:]
        corners = [np.stack([a, b, c], axis=-1), np.stack([a, c, d], axis=-1)]
        return places, np.concatenate([triangles.reshape(-1, 3) for triangles in corners])

"""A plane through an image: which class where, F^j on it, and what of the epsilon-box it meets."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, label
from torch import Tensor

from levelset_core.attacks.pgd import margin_of
from levelset_core.errors import LevelsetError
from levelset_core.geometry.plane import Bounds, contours
from levelset_core.levelsets.functions import evaluating
from levelset_core.random import torch_generator

#: Images evaluated at once: their activations stay in the caches of a CPU.
BATCH = 64


@dataclass(frozen=True)
class Axes:
    """Two directions u, v that are orthogonal in L_2, each with max norm 1, (*d) each.

    A place (a, b) of the plane is the image x + a u + b v.
    """

    u: Tensor
    v: Tensor

    def coordinates(self, offsets: Tensor) -> Tensor:
        """Where the orthogonal projections of x + offsets lie in the plane, (n, *d) -> (n, 2)."""
        rows = offsets.flatten(1)
        columns = [
            rows @ direction.flatten() / direction.flatten().square().sum()
            for direction in (self.u, self.v)
        ]
        return torch.stack(columns, 1)

    def box_outline(self, epsilon: float, corners: int = 360) -> np.ndarray:
        """Boundary of {(a, b): |a u + b v|_inf <= epsilon}, a convex polygon, (corners + 1, 2).

        In direction (cos t, sin t) it is epsilon / |cos t u + sin t v|_inf away.
        """
        t = torch.linspace(0, 2 * math.pi, corners + 1, dtype=torch.float64)
        ray = torch.stack([t.cos(), t.sin()], 1)  # (k, 2)
        plane = torch.stack([self.u.flatten(), self.v.flatten()]).double().cpu()  # (2, d)
        reach = epsilon / (ray @ plane).abs().amax(1)
        outline: np.ndarray = (ray * reach[:, None]).numpy()
        return outline


@dataclass(frozen=True)
class CrossSection:
    """Logits on a grid of the plane of ``axes`` through an image.

    Attributes:
        axes: u and v.
        bounds: of a and b.
        logits: (n, n, classes), row 0 at the lowest b.
        label: the image's class y.
    """

    axes: Axes
    bounds: Bounds
    logits: Tensor
    label: int

    def classes(self, finer: int = 1) -> np.ndarray:
        """The class at each place, uint8; logits between places are interpolated linearly."""
        return self._fine(finer).argmax(-1).to(torch.uint8).numpy()

    def margin(self, j: int | None = None, finer: int = 1) -> np.ndarray:
        """F^j at each place, float32; by default of the image's own class."""
        logits = self._fine(finer)
        rows = logits.reshape(-1, logits.shape[-1])
        y = torch.full((len(rows),), self.label if j is None else j)
        return margin_of(rows, y).reshape(logits.shape[:2]).numpy()

    def boundary(self, j: int | None = None, finer: int = 1) -> list[np.ndarray]:
        """The zero level set {F^j = 0} within the picture, polylines (k, 2) as (a, b)."""
        return contours(self.margin(j, finer), self.bounds)

    def region_centres(self, finer: int = 1, least: float = 0.01) -> list[tuple[int, float, float]]:
        """The place (a, b) deepest inside each class's largest region: (class, a, b) each.

        Args:
            finer: as in :meth:`classes`.
            least: regions smaller than this part of the picture are left out.
        """
        classes = self.classes(finer)
        rows, columns = classes.shape
        a = np.linspace(self.bounds[0], self.bounds[1], columns)
        b = np.linspace(self.bounds[2], self.bounds[3], rows)
        found = []
        for k in np.unique(classes):
            parts, _ = label(classes == k)
            sizes = np.bincount(parts.ravel())[1:]
            if sizes.max() < least * classes.size:
                continue
            depth = distance_transform_edt(np.pad(parts == sizes.argmax() + 1, 1))[1:-1, 1:-1]
            row, column = np.unravel_index(int(depth.argmax()), depth.shape)
            found.append((int(k), float(a[column]), float(b[row])))
        return found

    def _fine(self, finer: int) -> Tensor:
        logits = self.logits.float().cpu()
        if finer == 1:
            return logits
        size = [(n - 1) * finer + 1 for n in logits.shape[:2]]
        planes = torch.nn.functional.interpolate(
            logits.permute(2, 0, 1)[None], size=size, mode="bilinear", align_corners=True
        )
        return planes[0].permute(1, 2, 0)


def make_axes(first: Tensor, second: Tensor) -> Axes:
    """Axes along ``first`` and along the part of ``second`` that is orthogonal to it.

    Raises:
        LevelsetError: ``first`` is zero, or ``second`` is parallel to it.
    """
    u = first / first.abs().max().clamp_min(1e-30)
    along = (second * u).sum() / (u * u).sum().clamp_min(1e-30)
    v = second - along * u
    size = float(v.abs().max())
    if not float(u.abs().max()) > 0.5 or not size > 1e-6 * float(second.abs().max()):
        raise LevelsetError("A plane needs two directions that are not parallel.")
    return Axes(u, v / size)


def random_direction(like: Tensor, seed: int) -> Tensor:
    """+1 or -1 in every pixel, (*d): as far as any direction goes in the box."""
    noise = torch.rand(like.shape, generator=torch_generator(seed), dtype=like.dtype)
    return noise.sub_(0.5).sign_().to(like.device)


def cross_section(
    f: Callable[[Tensor], Tensor],
    x: Tensor,
    y: int,
    axes: Axes,
    *,
    bounds: Bounds,
    resolution: int = 33,
    pixels: tuple[float, float] | None = (0.0, 1.0),
) -> CrossSection:
    """Evaluate f on a grid of the plane through x.

    Args:
        f: logits, (n, *d) -> (n, classes).
        x, y: the image, (*d), and its class.
        axes: of the plane.
        bounds: of a and b.
        resolution: places along each side.
        pixels: every place is clipped to these: then each is an image, and the plane is bent
            where a pixel reaches its limit. None leaves it plane.
    """
    a = torch.linspace(bounds[0], bounds[1], resolution, dtype=x.dtype, device=x.device)
    b = torch.linspace(bounds[2], bounds[3], resolution, dtype=x.dtype, device=x.device)
    places = torch.cartesian_prod(b, a)  # (n * n, 2) as (b, a)
    shape = (-1, *(1,) * x.ndim)
    rows = []
    with evaluating(f), torch.no_grad():
        for part in places.split(BATCH):
            p = x + part[:, 1].reshape(shape) * axes.u + part[:, 0].reshape(shape) * axes.v
            rows.append(f(p if pixels is None else p.clamp(*pixels)))
    logits = torch.cat(rows)
    return CrossSection(axes, bounds, logits.reshape(resolution, resolution, -1), y)

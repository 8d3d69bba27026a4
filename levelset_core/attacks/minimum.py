"""How far the nearest adversarial image is: one run gives the accuracy at every epsilon.

Several searches, of which the nearest find counts: an attack in growing balls with false position
on the way to what it found, and FAB (Croce and Hein, 2020), which looks for the least perturbation
itself. Every distance is an upper bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from levelset_core.attacks.autoattack import AUTO_NORMS
from levelset_core.attacks.balls import NORMS
from levelset_core.attacks.boundary import nearest_boundary_points, segment_points
from levelset_core.attacks.config import EPSILON_PARTS, USUAL_EPSILON
from levelset_core.attacks.pgd import margin_of
from levelset_core.attacks.predictions import torch_seeded
from levelset_core.attacks.strong import strong_pgd
from levelset_core.errors import optional
from levelset_core.levelsets.functions import evaluating
from levelset_core.random import torch_generator
from levelset_core.settings import choose

#: Steps of each start of the attack in a ball.
ATTACK_STEPS = 15
#: Iterations of FAB, and how many of the other classes it aims at, the likeliest first.
FAB_STEPS, FAB_CLASSES = 50, 3


def least_distances(
    f: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    norm: str = "linf",
    epsilons: Sequence[float] | None = None,
    seed: int = 0,
) -> dict[str, Tensor]:
    """Distances to the nearest adversarial image that each search found, (n,) each, by its name;
    "least" is the smallest. 0 where the image is wrong as it is, infinite where none was found.

    Args:
        f: logits, (n, *d) -> (n, classes).
        x, y: images in [0, 1] and their classes.
        norm: "linf" or "l2".
        epsilons: growing radii that the attack tries; default: the curve's.
        seed: of all searches.

    Raises:
        LevelsetError: an unknown norm.
    """
    choose("norm", norm, NORMS)
    if epsilons is None:
        usual = USUAL_EPSILON[norm][x.shape[1] > 1]
        epsilons = [part * usual for part in EPSILON_PARTS if part > 0]
    with evaluating(f):
        with torch.no_grad():
            right = margin_of(f(x), y) > 0
        rows = right.nonzero().squeeze(1)
        found = {}
        for name, search in SEARCHES.items():
            distance = torch.zeros(len(x), dtype=x.dtype, device=x.device)
            if len(rows):
                distance[rows] = search(f, x[rows], y[rows], norm, epsilons, seed)
            found[name] = distance
    found["least"] = torch.stack(list(found.values())).amin(0)
    return found


def by_growing_balls(
    f: nn.Module,
    x: Tensor,
    y: Tensor,
    norm: str,
    epsilons: Sequence[float],
    seed: int,
) -> Tensor:
    """pgd-strong in balls from the smallest on, then false position on the way to its find."""
    ends, left = x.clone(), torch.arange(len(x), device=x.device)
    for number, epsilon in enumerate(epsilons):
        if not len(left):
            break
        result = strong_pgd(
            f, x[left], y[left], epsilon=epsilon, step=2 * epsilon, steps=ATTACK_STEPS, norm=norm,
            generator=torch_generator(seed * 1_000 + number),
        )  # fmt: skip
        ends[left[result.broken]] = result.images[result.broken]
        left = left[~result.broken]
    return on_the_way(f, x, ends, y, norm)


def by_fab(
    f: nn.Module, x: Tensor, y: Tensor, norm: str, epsilons: Sequence[float], seed: int
) -> Tensor:
    """FAB, then false position on the way to its find."""
    return on_the_way(f, x, fab_images(f, x, y, norm, seed)[0], y, norm)


def fab_images(f: nn.Module, x: Tensor, y: Tensor, norm: str, seed: int) -> tuple[Tensor, Tensor]:
    """FAB of pyautoattack towards each of the likeliest other classes: the nearest adversarial
    images, (n, *d), and their distances, (n,), infinite where it found none.
    """
    AutoAttack = optional("pyautoattack", "attacks").AutoAttack
    order = 2 if norm == "l2" else torch.inf
    ends, nearest = x.clone(), torch.full((len(x),), torch.inf, device=x.device)
    with torch_seeded(seed, x.device), evaluating(f), torch.no_grad():
        classes = f(x[:1]).shape[1]
        fab = AutoAttack(f, norm=AUTO_NORMS[norm], seed=seed, device=x.device).fab
        fab.n_iter = FAB_STEPS
        for place in range(2, 2 + min(FAB_CLASSES, classes - 1)):
            fab.target_class = place
            found: Tensor = fab.attack_single_run(x.contiguous(), y, is_targeted=True)
            away = torch.linalg.vector_norm((found - x).flatten(1), order, dim=1)
            nearer = (f(found).argmax(1) != y) & (away < nearest)
            ends[nearer], nearest[nearer] = found[nearer], away[nearer]
    return ends, nearest


def by_nearest_points(
    f: nn.Module, x: Tensor, y: Tensor, norm: str, epsilons: Sequence[float], seed: int
) -> Tensor:
    """The library's own search for the nearest point of S^y within the pixels' bounds."""
    points = nearest_boundary_points(f, x, y, norm=norm)
    return points.linf if norm == "linf" else points.l2


def on_the_way(
    f: Callable[[Tensor], Tensor], x: Tensor, ends: Tensor, y: Tensor, norm: str
) -> Tensor:
    """How far false position finds S^y between images and where an attack broke them, (n,)."""
    points = segment_points(f, x, ends, y)
    return points.linf if norm == "linf" else points.l2


#: From logits, images, classes, norm, radii and seed.
SEARCHES: dict[str, Callable[..., Tensor]] = {
    "attack": by_growing_balls,
    "fab": by_fab,
    "nearest": by_nearest_points,
}


def accuracy_at(least: Tensor, epsilons: Sequence[float]) -> dict[float, float]:
    """Share of the images whose nearest adversarial image is farther, by epsilon; a wrong image has
    distance 0, so it never counts.
    """
    return {epsilon: float((least > epsilon).double().mean()) for epsilon in epsilons}

"""What the core's choices buy: active set, sample network, fused Jacobian, cost of l outputs.

    python -m benchmarks.projection [--quick] [--store]

Every figure is a ratio of medians measured in one run, its two sides taken in turn.
"""

from __future__ import annotations

import argparse
from typing import Any

import torch
from torch import Tensor

from benchmarks import _measure
from levelset_core import LevelSetSamples, pick_device, project, sample_network
from levelset_core.levelsets import get_distance, pseudo_inverse, value_and_jacobian
from levelset_core.losses import margin
from levelset_core.networks import MLP
from levelset_core.random import torch_generator

#: The bars of issue 2, at the playground's 200 points.
REQUIRED = {"active_set.200.ratio": 0.5, "sample_network.200.ratio": 1.6}
HIDDEN = (64, 64, 64)
MAX_STEPS = 20
TOL = 1e-5


def network(inputs: int, outputs: int, activation: str, seed: int) -> MLP:
    f = MLP(inputs, HIDDEN, outputs, activation=activation, generator=torch_generator(seed))
    return f.to(pick_device())


def draw(n: int, d: int, seed: int) -> Tensor:
    return torch.randn(n, d, generator=torch_generator(seed)).to(pick_device())


def plain_newton(f: MLP, x: Tensor, level: Tensor) -> Tensor:
    """Eq. 5 on the whole batch until all have arrived or time is up; who arrived stands still."""
    p = x
    for step in range(MAX_STEPS + 1):
        value, jacobian = value_and_jacobian(f, p)
        residual = value - level
        done = residual.abs() <= TOL
        if step == MAX_STEPS or done.all():
            break
        inverse, _ = pseudo_inverse(jacobian, outputs=False)
        p = torch.where(done[:, None], p, p - inverse * residual[:, None])
    return p


def mixed_batch(f: MLP, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """n points: 80 % arrive within 3 steps, 20 % aim at a level that F never takes.

    Of random starts, those are kept that do so.
    """
    x = draw(20 * n, 2, seed)
    with torch.no_grad():
        beyond = 2 * f(x).abs().max()
    easy = project(f, x, max_steps=3, tol=TOL).converged
    lost = project(f, x, level=beyond, max_steps=MAX_STEPS, tol=TOL, max_jump=1e6)
    hopeless = ~(lost.converged | lost.failed)
    easy_rows, hopeless_rows = easy.nonzero().squeeze(1), (hopeless & ~easy).nonzero().squeeze(1)
    count = round(0.8 * n)
    rows = torch.cat([easy_rows[:count], hopeless_rows[: n - count]])
    assert len(rows) == n, "too few random starts of one kind: take another seed"
    level = torch.zeros(n, device=x.device)
    level[count:] = beyond
    order = torch.randperm(n, generator=torch_generator(seed)).to(x.device)
    return x[rows][order], level[order]


def active_set(n: int, repeats: int, seed: int) -> dict[str, Any]:
    f = network(2, 1, "sine", seed)  # a bounded F
    x, level = mixed_batch(f, n, seed)

    def newton() -> LevelSetSamples:
        return project(f, x, level=level, max_steps=MAX_STEPS, tol=TOL, max_jump=1e6)

    s = newton()
    arrived = s.converged & (s.steps <= 3)
    torch.testing.assert_close(plain_newton(f, x, level)[arrived], s.points[arrived])
    t = _measure.interleave(
        repeats, active=newton, plain=torch.no_grad()(lambda: plain_newton(f, x, level))
    )
    return {
        "within_3_steps": arrived.float().mean().item(),
        "never": (s.steps == MAX_STEPS).float().mean().item(),
        "active_ms": 1e3 * t["active"],
        "plain_ms": 1e3 * t["plain"],
        "ratio": t["active"] / t["plain"],
    }


def sample_network_loss(n: int, repeats: int, seed: int) -> dict[str, Any]:
    """Eq. 12 on given samples, forward and backward, over mean F on the same samples."""
    f = network(2, 1, "softplus", seed)
    x = draw(n, 2, seed)
    y = torch.where(x[:, 0] > 0, 1.0, -1.0)
    s = project(f, x, max_steps=10, tol=TOL)
    rho = get_distance("rho")
    with torch.no_grad():
        side = torch.sign(y * f(x))

    def bare() -> None:
        f.zero_grad()
        f(s.points).mean().backward()

    def loss() -> None:
        f.zero_grad()
        torch.relu(1.0 - side * rho(x, sample_network(f, s), s.pinv)).mean().backward()

    def whole() -> None:
        f.zero_grad()
        margin(f, x, y, epsilon=1.0, samples=s).backward()

    t = _measure.interleave(repeats, bare=bare, loss=loss, margin=whole)
    return {
        "bare_ms": 1e3 * t["bare"],
        "loss_ms": 1e3 * t["loss"],
        "ratio": t["loss"] / t["bare"],
        "margin_ratio": t["margin"] / t["bare"],  # checks and F(x), for the sign, besides
    }


def fused_jacobian(n: int, repeats: int, seed: int, activation: str) -> dict[str, Any]:
    f = network(2, 1, activation, seed)
    x = draw(n, 2, seed)
    t = _measure.interleave(
        repeats,
        fused=lambda: value_and_jacobian(f, x),
        autograd=lambda: value_and_jacobian(lambda x: f(x), x),
    )
    return {
        "fused_ms": 1e3 * t["fused"],
        "autograd_ms": 1e3 * t["autograd"],
        "ratio": t["fused"] / t["autograd"],
    }


def outputs(n: int, repeats: int, seed: int) -> dict[str, Any]:
    """Ten Newton steps of every point on F: R^4 -> R^l, over those of l = 1."""
    x = draw(n, 4, seed)
    networks = {f"l{k}": network(4, k, "softplus", seed) for k in (1, 2, 3)}

    def ten_steps(f: MLP) -> LevelSetSamples:
        return project(f, x, max_steps=10, tol=-1.0, max_jump=1e6)

    t = _measure.interleave(repeats, **{k: lambda f=f: ten_steps(f) for k, f in networks.items()})
    return {
        "l1_ms": 1e3 * t["l1"],
        "l2_ratio": t["l2"] / t["l1"],
        "l3_ratio": t["l3"] / t["l1"],
    }


def run(options: argparse.Namespace) -> dict[str, Any]:
    torch.set_num_threads(options.threads)
    seed = options.seed

    def repeats(n: int) -> int:
        return 3 if options.quick else (200 if n <= 1000 else 30)

    sizes = (200, 1000) if options.quick else (200, 10_000)
    return {
        "active_set": {str(n): active_set(n, repeats(n), seed) for n in sizes},
        "sample_network": {str(n): sample_network_loss(n, repeats(n), seed) for n in sizes},
        "fused_jacobian": {
            activation: {str(n): fused_jacobian(n, repeats(n), seed, activation) for n in sizes}
            for activation in ("softplus", "relu")
        },
        "outputs": {str(n): outputs(n, repeats(n), seed) for n in sizes},
    }


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    options = _measure.parser("The level set core: ratios of costs.").parse_args(arguments)
    return _measure.report("projection", options, run(options), REQUIRED)


if __name__ == "__main__":
    main()

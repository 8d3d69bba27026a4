"""What the core's choices buy: active set, sample network, fused Jacobian, cost of l outputs.

    python -m benchmarks.projection [--store] [--quick]

Every figure is a ratio of medians, its sides measured in turn in one run: machines are noisy.
At 200 points calls cost as much as arithmetic, so an active set can save less there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks import _measure
from levelset_core import LevelSetSamples, pick_device, project, sample_network
from levelset_core.levelsets import get_distance, pseudo_inverse, value_and_jacobian
from levelset_core.losses import margin
from levelset_core.networks import MLP
from levelset_core.random import torch_generator

REQUIRED = {
    "active_set_wide.1000.active_ratio": 0.5,
    "active_set.10000.active_ratio": 0.5,
    "sample_network.200.loss_ratio": 1.6,
    "sample_network.1000.loss_ratio": 1.6,
    "sample_network.10000.loss_ratio": 1.6,
}
HIDDEN = (64, 64, 64)  # the playground's
WIDE = (256, 256, 256, 256)
MAX_STEPS = 20
TOL = 1e-5


def ratios(times: dict[str, float], over: str) -> dict[str, float]:
    """The baseline in milliseconds, and the others over it."""
    base = times.pop(over)
    others = {f"{name}_ratio": round(t / base, 3) for name, t in times.items()}
    return {f"{over}_ms": round(1e3 * base, 3), **others}


def network(
    inputs: int, outputs: int, activation: str, seed: int, hidden: tuple[int, ...] = HIDDEN
) -> MLP:
    f = MLP(inputs, hidden, outputs, activation=activation, generator=torch_generator(seed))
    return f.to(pick_device())


def draw(n: int, d: int, seed: int) -> Tensor:
    return torch.randn(n, d, generator=torch_generator(seed)).to(pick_device())


@torch.no_grad()
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
    """n points: 80% arrive within 3 steps, 20% aim at a level that F never takes.

    Of random starts, those are kept that do so.
    """
    x = draw(8 * n, 2, seed)
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


def active_set(n: int, repeats: int, seed: int, hidden: tuple[int, ...] = HIDDEN) -> dict[str, Any]:
    f = network(2, 1, "sine", seed, hidden)  # a bounded F
    x, level = mixed_batch(f, n, seed)

    def newton() -> LevelSetSamples:
        return project(f, x, level=level, max_steps=MAX_STEPS, tol=TOL, max_jump=1e6)

    s = newton()
    arrived = s.converged & (s.steps <= 3)
    torch.testing.assert_close(plain_newton(f, x, level)[arrived], s.points[arrived])
    t = _measure.interleave(repeats, plain=lambda: plain_newton(f, x, level), active=newton)
    return {
        "within_3_steps": round(arrived.float().mean().item(), 3),
        "never": round((s.steps == MAX_STEPS).float().mean().item(), 3),
        **ratios(t, "plain"),
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

    # "margin" is the whole loss: its checks and F(x), for the sign, besides.
    return ratios(_measure.interleave(repeats, bare=bare, loss=loss, margin=whole), "bare")


def fused_jacobian(n: int, repeats: int, seed: int, activation: str) -> dict[str, Any]:
    f = network(2, 1, activation, seed)
    x = draw(n, 2, seed)
    t = _measure.interleave(
        repeats,
        autograd=lambda: value_and_jacobian(lambda x: f(x), x),
        fused=lambda: value_and_jacobian(f, x),
    )
    return ratios(t, "autograd")


def outputs(n: int, repeats: int, seed: int) -> dict[str, Any]:
    """Ten Newton steps of every point on F: R^4 -> R^l, over those of l = 1."""
    x = draw(n, 4, seed)

    def ten_steps(outputs: int) -> Callable[[], object]:
        f = network(4, outputs, "softplus", seed)
        return lambda: project(f, x, max_steps=10, stop="fixed", max_jump=1e6)

    return ratios(_measure.interleave(repeats, **{f"l{k}": ten_steps(k) for k in (1, 2, 3)}), "l1")


def measure(*, quick: bool = False, seed: int = 0) -> dict[str, Any]:
    """All figures, by number of points."""
    sizes = (200, 500) if quick else (200, 1000, 10_000)
    repeats = {n: 2 if quick else max(20, 40_000 // n) for n in sizes}
    wide = (256, 2) if quick else (1000, 20)

    def every_size(run: Callable[..., dict[str, Any]], *settings: Any) -> dict[str, Any]:
        return {str(n): run(n, repeats[n], seed, *settings) for n in sizes}

    return {
        "active_set": every_size(active_set),
        "active_set_wide": {str(wide[0]): active_set(*wide, seed, WIDE)},
        "sample_network": every_size(sample_network_loss),
        "fused_jacobian_softplus": every_size(fused_jacobian, "softplus"),
        "fused_jacobian_relu": every_size(fused_jacobian, "relu"),
        "outputs": every_size(outputs),
    }


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    options = _measure.parse(_measure.parser("The level set core: ratios of costs."), arguments)
    figures = measure(quick=options.quick, seed=options.seed)
    return _measure.report("projection", options, figures, REQUIRED)


if __name__ == "__main__":
    main()

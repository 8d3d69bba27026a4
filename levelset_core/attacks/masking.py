"""Does a classifier hide its gradients? What to look at; ``verdict`` says what it means.

After Athalye et al. (2018) and Carlini et al. (2019): a weak attack that finds little says little.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from levelset_core.attacks.config import AttackConfig
from levelset_core.attacks.evaluation import evaluate_attack
from levelset_core.attacks.pgd import margin_of
from levelset_core.attacks.transfer import accuracy_on, adversarial_images
from levelset_core.attacks.verdict import Masking, signs_of_masking
from levelset_core.data.images import ImageSet
from levelset_core.device import pick_device
from levelset_core.levelsets.functions import evaluating

#: Logits are divided so that their median size is this, for the temperature-scaled attack.
CALM_LOGITS = 10.0
STEPS = (1, 2, 5, 10, 20, 40)


class Scaled(nn.Module):
    """Logits divided by a temperature: the same classes, the same margins' zeros."""

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, x: Tensor) -> Tensor:
        """(n, *d) -> (n, classes)."""
        logits: Tensor = self.network(x) / self.temperature
        return logits


def gradient_zeros(
    network: nn.Module, data: ImageSet, *, device: torch.device | None = None
) -> tuple[float, float, float]:
    """Shares of images whose gradient is exactly 0, of cross-entropy and of F^y; median |logit|."""
    device = device or pick_device()
    xent = margin = 0
    sizes = []
    with evaluating(network):
        for k in range(0, len(data), 64):
            x, y = data.batch(slice(k, k + 64), device)
            x.requires_grad_()
            logits = network(x)
            loss = cross_entropy(logits, y, reduction="sum")
            (a,) = torch.autograd.grad(loss, x, retain_graph=True)
            (b,) = torch.autograd.grad(margin_of(logits, y).sum(), x)
            xent += int((a == 0).flatten(1).all(1).sum())
            margin += int((b == 0).flatten(1).all(1).sum())
            sizes.append(logits.detach().abs().cpu())
    return xent / len(data), margin / len(data), float(torch.cat(sizes).median())


#: One thing to look at, from what the parts before it found; plain values.
Part = Callable[[dict[str, Any]], Any]


def diagnosis_parts(
    network: nn.Module,
    data: ImageSet,
    attack: AttackConfig,
    *,
    others: Mapping[str, nn.Module] | None = None,
    seed: int = 0,
    device: torch.device | None = None,
    threads: int | None = None,
) -> dict[str, Part]:
    """What :func:`diagnose` looks at, by name, in its order; for arguments see there."""
    device = device or pick_device()

    def robust(f: nn.Module, **changes: Any) -> float:
        config = replace(attack, restarts=1, **{"attack": "pgd-margin", **changes})
        report = evaluate_attack(f, data, config, seed=seed, device=device, threads=threads)
        return report.robust_accuracy

    def scaled(found: dict[str, Any]) -> float:
        return robust(Scaled(network, temperature_of(found["gradients"][2])), attack="pgd-xent")

    def judged(**changes: Any) -> Part:
        return lambda found: robust(network, **changes)

    def shown(source: nn.Module) -> Part:
        def work(found: dict[str, Any]) -> float:
            images = adversarial_images(
                source, data, replace(attack, attack="pgd-margin"),
                seed=seed, device=device, threads=threads,
            )  # fmt: skip
            return accuracy_on(network, images, data.labels, device=device)

        return work

    parts: dict[str, Part] = {
        "gradients": lambda found: gradient_zeros(network, data, device=device),
        "xent": judged(attack="pgd-xent"),
        "xent, scaled logits": scaled,
        "margin": judged(),
    }
    for k in (k for k in STEPS if k < attack.steps):
        step = min(attack.step * attack.steps / k, attack.epsilon)
        parts[f"steps {k}"] = judged(steps=k, step=step)
    for epsilon in other_epsilons(attack.epsilon):
        grown = attack.step * epsilon / attack.epsilon if attack.epsilon else attack.step
        step = max(grown, 2.5 / attack.steps) if epsilon == 1 else grown
        parts[f"epsilon {epsilon!r}"] = judged(epsilon=epsilon, step=step)
    parts["white box"] = shown(network)
    return parts | {f"from {name}": shown(other) for name, other in (others or {}).items()}


def other_epsilons(epsilon: float) -> list[float]:
    """Half, one and a half times and two and a half times as far, and all of [0, 1]."""
    parts = (0.5, 1.5, 2.5)
    return sorted({min(1.0, round(part * epsilon, 6)) for part in parts} | {1.0})


def temperature_of(logit_scale: float) -> float:
    """What logits are divided by, so that their median size is ``CALM_LOGITS`` at most."""
    return max(1.0, logit_scale / CALM_LOGITS)


def masking_of(found: Mapping[str, Any], images: int, attack: AttackConfig) -> Masking:
    """The verdict on what the parts of :func:`diagnosis_parts` found."""
    zero_xent, zero_margin, scale = found["gradients"]
    steps = {k: found[f"steps {k}"] for k in STEPS if k < attack.steps}
    epsilons = {e: found[f"epsilon {e!r}"] for e in other_epsilons(attack.epsilon)}
    black = {name[5:]: share for name, share in found.items() if name.startswith("from ")}
    masking = Masking(
        images, attack.epsilon, zero_xent, zero_margin, scale, temperature_of(scale),
        {name: found[name] for name in ("xent", "xent, scaled logits", "margin")},
        {**steps, attack.steps: found["margin"]},
        dict(sorted({**epsilons, attack.epsilon: found["margin"]}.items())),
        found["white box"], black,
    )  # fmt: skip
    return replace(masking, signs=tuple(signs_of_masking(masking)))


def diagnose(
    network: nn.Module,
    data: ImageSet,
    attack: AttackConfig,
    *,
    others: Mapping[str, nn.Module] | None = None,
    seed: int = 0,
    device: torch.device | None = None,
    threads: int | None = None,
    tell: Callable[[str], None] = lambda part: None,
) -> Masking:
    """Look for masked gradients.

    Args:
        network: logits, on ``device``.
        data: images; a hundred are enough.
        attack: epsilon, step and steps of PGD; its loss does not matter.
        others: networks that images are attacked on to be shown to this one.
        seed: of the attacks' starts.
        device: default: :func:`levelset_core.pick_device`.
        threads: on the CPU.
        tell: hears what is being done.

    Raises:
        LevelsetError: there are no images.
    """
    parts = diagnosis_parts(
        network, data, attack, others=others, seed=seed, device=device, threads=threads
    )
    found: dict[str, Any] = {}
    for name, part in parts.items():
        tell(name)
        found[name] = part(found)
    return masking_of(found, len(data), attack)

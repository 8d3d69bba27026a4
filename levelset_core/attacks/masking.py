"""Can the figures of attacks on a classifier be trusted? What to look at, part by part.

After Athalye et al. (2018), Carlini et al. (2019) and Pintor et al. (2022): a weak attack that
finds little says little. ``signs`` look at the network, attacks of growing strength follow, and
``signs.findings`` says what it all means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from levelset_core.attacks.config import AttackConfig
from levelset_core.attacks.examination import Examination
from levelset_core.attacks.signs.attackable import Attackable
from levelset_core.attacks.signs.findings import findings_of
from levelset_core.attacks.signs.gradients import probe_gradients
from levelset_core.attacks.signs.outputs import (
    kind_of,
    probe_outputs,
)
from levelset_core.attacks.transfer import accuracy_on
from levelset_core.attacks.verdict import Masking
from levelset_core.data.images import ImageSet
from levelset_core.device import pick_device
from levelset_core.errors import LevelsetError

#: Logits are divided so that their median margin is this, for the temperature-scaled attack.
CALM_LOGITS = 10.0
STEPS = (1, 2, 5, 10, 20, 40)
#: So many times as many steps as the attack's tell whether the strongest one has converged.
LONGER = 2.5


class Scaled(nn.Module):
    """Logits divided by a temperature: the same classes, the same margins' zeros."""

    fit_for_attacks = True

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
    x, y = data.batch(slice(None), device or pick_device())
    outputs = probe_outputs(network, x, y, len(data.classes), 0)
    found = probe_gradients(network, x, y, kind_of(outputs), 0.3, 0)
    return found["zero xent"], found["zero margin"], outputs["logit"]


#: One thing to look at, from what the parts before it found; plain values.
Part = Callable[[dict[str, Any]], Any]


def diagnosis_parts(
    network: nn.Module,
    data: ImageSet,
    attack: AttackConfig,
    *,
    others: Mapping[str, nn.Module] | None = None,
    more: ImageSet | None = None,
    seed: int = 0,
    device: torch.device | None = None,
    threads: int | None = None,
) -> dict[str, Part]:
    """What :func:`diagnose` looks at, by name, in its order; for arguments see there."""
    e = Examination(network, data, attack, more, seed, device or pick_device(), threads)

    def judged(**changes: Any) -> Part:
        return lambda found: e.evaluate(e.fit(found), found, **changes).robust_accuracy

    def as_brought(found: dict[str, Any]) -> float:
        return float(e.evaluate(Attackable(network), found, attack="pgd-xent").robust_accuracy)

    def scaled(found: dict[str, Any]) -> float:
        calm = Scaled(e.fit(found), temperature_of(found["outputs"]["margin"]))
        return float(e.evaluate(calm, found, attack="pgd-xent").robust_accuracy)

    def shown(source: nn.Module) -> Part:
        def work(found: dict[str, Any]) -> float:
            images = e.adversarial(source, found)
            return accuracy_on(e.fit(found), images, data.labels, device=e.device)

        return work

    parts: dict[str, Part] = {
        "outputs": e.outputs,
        "gradients": e.gradients,
        "noise": e.noise,
        "pixels": e.pixels,
        "xent": as_brought,
        "xent, scaled logits": scaled,
        "margin": judged(),
        "strong": e.strong,
        "gradient-free": e.without_gradients,
        "longer": judged(steps=round(LONGER * attack.steps)),
    }
    for k in (k for k in STEPS if k < attack.steps):
        step = min(attack.step * attack.steps / k, attack.epsilon) or attack.step
        parts[f"steps {k}"] = judged(steps=k, step=step)
    for epsilon in other_epsilons(attack.epsilon):
        grown = attack.step * epsilon / attack.epsilon if attack.epsilon else attack.step
        step = max(grown, 2.5 / attack.steps) if epsilon == 1 and attack.steps else grown
        parts[f"epsilon {epsilon!r}"] = judged(epsilon=epsilon, step=step)
    parts["attacked"] = e.attacked
    return parts | {f"from {name}": shown(other) for name, other in (others or {}).items()}


def other_epsilons(epsilon: float) -> list[float]:
    """Half, one and a half times and two and a half times as far, and all of [0, 1]."""
    parts = (0.5, 1.5, 2.5)
    return sorted({min(1.0, round(part * epsilon, 6)) for part in parts} | {1.0})


def temperature_of(margin: float) -> float:
    """What logits are divided by, so that their median margin is ``CALM_LOGITS`` at most."""
    return max(1.0, margin / CALM_LOGITS)


def masking_of(found: Mapping[str, Any], images: int, attack: AttackConfig) -> Masking:
    """The verdict on what the parts of :func:`diagnosis_parts` found."""
    o, free = found["outputs"], found["gradient-free"]
    g = found["gradients"] or {"zero xent": 1.0, "zero margin": 1.0}
    robust = {name: found[name] for name in ("xent", "xent, scaled logits", "margin")}
    strong = robust["strong"] = found["strong"]["accuracy"]
    black = {name[5:]: share for name, share in found.items() if name.startswith("from ")}
    rest = [strong - free["broken"] / images, found["longer"], *black.values()]
    robust["judged"] = min(*robust.values(), *rest)
    by_steps = {k: found[f"steps {k}"] for k in STEPS if k < attack.steps}
    by_steps[attack.steps] = found["margin"]
    by_epsilon = {e: found[f"epsilon {e!r}"] for e in other_epsilons(attack.epsilon)}
    by_epsilon[attack.epsilon] = found["margin"]
    names = ("outputs", "gradients", "noise", "pixels", "attacked", "gradient-free")
    evidence = {name: found[name] for name in names}
    white = found["attacked"]["right"]
    parts = {
        **evidence, "robust": robust, "longer": found["longer"], "by steps": by_steps,
        "by epsilon": by_epsilon, "white box": white, "black box": black,
    }  # fmt: skip
    return Masking(
        images, attack.epsilon, g["zero xent"], g["zero margin"], o["logit"],
        temperature_of(o["margin"]), robust, by_steps, dict(sorted(by_epsilon.items())), white,
        black, tuple(findings_of(parts, images)), evidence,
    )  # fmt: skip


def diagnose(
    network: nn.Module,
    data: ImageSet,
    attack: AttackConfig,
    *,
    others: Mapping[str, nn.Module] | None = None,
    more: ImageSet | None = None,
    seed: int = 0,
    device: torch.device | None = None,
    threads: int | None = None,
    tell: Callable[[str], None] = lambda part: None,
) -> Masking:
    """Look for all that makes figures of attacks mislead.

    Args:
        network: logits or what else it gives, (n, c, h, w) -> (n, outputs), on ``device``.
        data: images; a hundred are enough.
        attack: epsilon, step and steps of PGD; its loss does not matter.
        others: networks that images are attacked on to be shown to this one.
        more: more images, shown once each to see whether other pixels fit better (default: data).
        seed: of the attacks' starts, and of what is random in the network.
        device: default: :func:`levelset_core.pick_device`.
        threads: on the CPU.
        tell: hears what is being done.

    Raises:
        LevelsetError: there are no images, or the network gives no row of numbers an image.
    """
    if not len(data):
        raise LevelsetError("There are no images to attack.")
    parts = diagnosis_parts(
        network, data, attack, others=others, more=more, seed=seed, device=device, threads=threads
    )
    found: dict[str, Any] = {}
    for name, part in parts.items():
        tell(name)
        found[name] = part(found)
    return masking_of(found, len(data), attack)

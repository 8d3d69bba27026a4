"""Whether our PGD and an independent library's leave as many images standing.

    python -m benchmarks.agreement [--data cifar10] [--store] [--quick] [--threads N]

Foolbox's LinfPGD with cross-entropy, its own loss, and with the margin in its place, on the bundled
classifiers of the bundled images, or of CIFAR-10: the paper's epsilon, step and steps. One random
start an image is a matter of luck by some images of a thousand, so each attack is done with several
seeds, and the means are compared.
"""

from __future__ import annotations

import importlib
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks import _measure
from levelset_core.attacks import evaluate_attack, paper_attack
from levelset_core.classifiers.files import load_classifier
from levelset_core.data.images import ImageSet, load_images
from levelset_core.device import pick_device
from levelset_core.paths import CHECKPOINTS

#: Their annotations do not export what their examples import.
foolbox: Any = importlib.import_module("foolbox")
eagerpy: Any = importlib.import_module("eagerpy")

MODELS = ("standard", "madry", "trades", "level_set")
#: Data set -> what the classifiers' files are called, without the method.
FILES = {"mnist_excerpt": "mnist_convnet4a", "cifar10": "cifar10_convnet4b"}
BATCH = 64
STARTS = 3
REQUIRED = {"points_apart": 0.5}


class MarginPGD(foolbox.attacks.LinfPGD):  # type: ignore[misc]
    """Foolbox's PGD with max_{i != y} f_i - f_y as the loss; everything else is theirs."""

    def get_loss_fn(self, model: Any, labels: Any) -> Any:
        """The sum over a batch."""

        def loss(inputs: Any) -> Any:
            logits: Tensor = model(inputs).raw
            own = labels.raw[:, None]
            others = logits.scatter(1, own, -torch.inf).amax(1)
            return eagerpy.astensor((others - logits.gather(1, own).squeeze(1)).sum())

        return loss


def theirs(network: nn.Module, data: ImageSet, attack: Any, epsilon: float) -> int:
    """Images that are right as they are and under the attack."""
    device = pick_device()
    model = foolbox.PyTorchModel(network, bounds=(0, 1), device=device)
    standing = 0
    for rows in torch.arange(len(data)).split(BATCH):
        x, y = data.batch(rows, device)
        _, _, broken = attack(model, x, y, epsilons=epsilon)
        standing += int((~broken).sum())
    return standing


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = _measure.parser("Our PGD against Foolbox's: images left standing.")
    parser.add_argument("--data", choices=list(FILES), default="mnist_excerpt")
    options = _measure.parse(parser, arguments)
    data = load_images(options.data, "test").first(64 if options.quick else 1000)
    library = {"pgd-xent": foolbox.attacks.LinfPGD, "pgd-margin": MarginPGD}
    attacks = [paper_attack(loss, data.shape[0]) for loss in library]
    starts = 1 if options.quick else STARTS
    figures: dict[str, Any] = {
        "data": data.source, "images": len(data), "starts": starts, "foolbox": foolbox.__version__,
    }  # fmt: skip
    apart = 0.0
    for name in MODELS:
        network = load_classifier(CHECKPOINTS / f"{FILES[options.data]}_{name}.safetensors").network
        network.to(pick_device()).eval()
        for attack in attacks:
            same = library[attack.attack](abs_stepsize=attack.step, steps=attack.steps)
            ours, other = [], []
            for seed in range(options.seed, options.seed + starts):
                report = evaluate_attack(network, data, attack, seed=seed, threads=options.threads)
                ours.append(report.standing)
                torch.manual_seed(seed)  # Foolbox draws from the global generator
                other.append(theirs(network, data, same, attack.epsilon))
            apart = max(apart, 100 * abs(sum(ours) - sum(other)) / starts / len(data))
            figures[f"{name}, {attack.attack}"] = {"ours": ours, "foolbox": other}
    figures["points_apart"] = round(apart, 3)
    if options.data == "mnist_excerpt":
        return _measure.report("agreement", options, figures, REQUIRED)
    further, file = ["--data", options.data], f"agreement_{options.data}.json"
    return _measure.report("agreement", options, figures, REQUIRED, further, file)


if __name__ == "__main__":
    main()

"""The comparison "Can you trust 99%?" of the page Robustness, measured.

    python benchmarks/masked_twin.py --store

A network that trained against attacks, beside one that did not and only looks as if: the standard
network with its logits times 300, and the standard network itself.
"""

from __future__ import annotations

import datetime
import json
import platform
import sys
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks._measure import parse, parser
from levelset_core.attacks import diagnose, evaluate_attack, paper_attack
from levelset_core.attacks.masking import Scaled
from levelset_core.classifiers.files import load_classifier, read_card
from levelset_core.data.images import load_images
from levelset_core.device import describe_device
from levelset_core.paths import CHECKPOINTS
from levelset_core.robustness.twin import EPSILON, FACTOR, STORED

ATTACKS = ("clean", "pgd-xent", "pgd-margin", "pgd-strong", "autoattack")
IMAGES, EXAMINED = 200, 100
CPU = torch.device("cpu")


def main(arguments: list[str] | None = None) -> int:
    """Measure, and with ``--store`` write the file that the page reads."""
    words = parser(__doc__ or "")
    words.add_argument("--only", help="one network: twin, standard or madry; the others stay")
    options = parse(words, arguments)
    data = load_images("mnist_excerpt", "test").first(20 if options.quick else IMAGES)
    standard, madry = (
        load_classifier(CHECKPOINTS / f"mnist_convnet4a_{name}.safetensors").network
        for name in ("standard", "madry")
    )
    networks = {"twin": Scaled(standard, 1 / FACTOR), "standard": standard, "madry": madry}
    found: dict[str, Any] = {
        "date": datetime.date.today().isoformat(), "seed": options.seed,
        "command": "python benchmarks/masked_twin.py --store",
        "machine": f"{describe_device(CPU)}, {platform.machine()}, {options.threads} thread",
        "data": data.source, "images": len(data), "epsilon": EPSILON, "factor": FACTOR,
        "networks": {},
    }  # fmt: skip
    for name, network in networks.items():
        if options.only not in (None, name):
            continue
        own: dict[str, Any] = {"robust": {}, "stages": {}}
        for attack in ATTACKS:
            if (name, attack) == ("madry", "autoattack"):  # an hour, and its card has it
                own["robust"][attack] = _of_card(len(data))
                continue
            report = evaluate_attack(
                network.eval(), data, paper_attack(attack, 1, EPSILON),
                seed=options.seed, device=CPU, threads=options.threads,
            )  # fmt: skip
            own["robust"][attack] = report.robust_accuracy
            own["stages"] |= report.stages
            print(name, attack, report.robust_accuracy, round(report.seconds, 1), flush=True)
        own["masking"] = diagnose(
            network, data.first(EXAMINED), paper_attack("pgd-margin", 1, EPSILON),
            seed=options.seed, device=CPU, threads=options.threads,
        ).as_dict()  # fmt: skip
        print(name, own["masking"]["verdict"], flush=True)
        if options.store:
            known = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else found
            known = {**found, "networks": {**known["networks"], name: own}}
            STORED.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return 0


def _of_card(images: int) -> float:
    """Madry's accuracy under AutoAttack on the same images."""
    cells = read_card(CHECKPOINTS / "mnist_convnet4a_madry.safetensors")["cells"]
    like = {"attack": "autoattack", "epsilon": EPSILON}
    own = [c for c in cells if like.items() <= c.items() and c["images"] >= images]
    return float(min(own, key=lambda c: int(c["images"]))["robust_accuracy"])


if __name__ == "__main__":
    sys.exit(main())

"""What a training step of the few-samples experiment costs, loss against loss.

    python -m benchmarks.few_samples [--store] [--quick]

``generalize --match compute`` gives the baselines as many more steps as a step of the geometric SVM
costs more; the ratios are kept in ``levelset_core.few_samples.networks.COST``.
"""

from __future__ import annotations

import sys
import time

from benchmarks._measure import parse, parser, report
from levelset_core.few_samples.config import GeneralizationConfig, Unit
from levelset_core.few_samples.networks import COST
from levelset_core.few_samples.training import load, train_group

#: Steps of a geometric SVM and of cross-entropy that are timed.
STEPS = {"mlp": (200, 300), "convnet": (30, 300), "convnet4a": (5, 30), "convnet4b": (4, 30)}


def cpu_seconds(model: str, loss: str, steps: int) -> float:
    """CPU seconds of one step of ten repeats at once."""
    data = "mnist_excerpt"
    config = GeneralizationConfig(data=data, model=model, steps=steps)
    units = [Unit(loss, 0.3, repeat, 7) for repeat in range(10)]
    begun = time.process_time()
    train_group(config, units, load(data, None))
    return (time.process_time() - begun) / steps


def main(arguments: list[str] | None = None) -> int:
    options = parse(parser(__doc__ or ""), arguments)
    figures: dict[str, object] = {}
    for model, (few, many) in STEPS.items():
        few, many = (max(2, few // 10), max(4, many // 10)) if options.quick else (few, many)
        ours = [cpu_seconds(model, "ours", few) for _ in range(3)]
        plain = [cpu_seconds(model, "xent", many) for _ in range(3)]
        figures[model] = {
            "geometric_svm_ms": round(1000 * min(ours), 1),
            "cross_entropy_ms": round(1000 * min(plain), 1),
            "ratio": round(min(ours) / min(plain), 1), "used": COST[model],
        }  # fmt: skip
    report("few_samples", options, figures, {})
    return 0


if __name__ == "__main__":
    sys.exit(main())

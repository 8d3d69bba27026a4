"""A hundred networks at once by vmap, and a projection without a graph break.

`project` lets points go as they arrive, which neither can follow; `stop="fixed"` takes a fixed
number of steps with masks instead.

Run: python examples/10_vmap_and_compile.py
"""

import torch
from torch.func import functional_call, grad, stack_module_state, vmap

import levelset_core as lc

torch.set_num_threads(1)
x = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
y = torch.where(x[:, 0] * x[:, 1] > 0, 1, -1)

networks = [
    lc.networks.MLP(2, (16, 16), activation="softplus", generator=torch.Generator().manual_seed(k))
    for k in range(100)
]
weights, _ = stack_module_state(networks)


def loss(theta: dict[str, torch.Tensor]) -> torch.Tensor:
    """The geometric SVM (Eq. 11) of one network."""
    f = lambda x: functional_call(networks[0], theta, (x,))  # noqa: E731
    return lc.losses.geometric_svm(f, x, y, stop="fixed", max_steps=5, fallback=True)


for step in range(31):
    if step % 10 == 0:
        values = vmap(loss)(weights)
        print(f"step {step:2d}: losses {values.min():.3f} to {values.max():.3f}")
    slopes = vmap(grad(loss))(weights)
    weights = {name: w - 0.05 * slopes[name].clamp(-1, 1) for name, w in weights.items()}

# fullgraph=True would raise at the first graph break. Use the default backend for speed.
f = networks[0]
project = torch.compile(
    lambda x: lc.project(f, x, stop="fixed", max_steps=8).points, backend="eager", fullgraph=True
)
same = torch.allclose(project(x), lc.project(f, x, max_steps=8).points, atol=1e-4)
print("compiled and not, the same points:", same)

"""Train a small classifier by the margin loss on level set samples (Eq. 12).

The level set points come from a PGD attack and the method of false position, as in the paper.

Run: python examples/09_train_robustly.py
"""

import torch
from torch import nn
from torch.nn.functional import avg_pool2d, cross_entropy

import levelset_core as lc
from levelset_core.attacks import pgd
from levelset_core.data.images import load_images
from levelset_core.levelsets import class_margin, false_position

torch.set_num_threads(1)
images, labels = load_images("mnist_excerpt", "test").batch(slice(None))
images = avg_pool2d(images, 2)  # 14 x 14, so that this takes seconds
x, y, test_x, test_y = images[:800], labels[:800], images[800:], labels[800:]
EPSILON = 0.2


def train(level_set: bool) -> nn.Module:
    """Ten epochs of cross-entropy, then ten of cross-entropy or of Eq. 12."""
    torch.manual_seed(0)
    f = nn.Sequential(nn.Flatten(), nn.Linear(196, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.Adam(f.parameters(), lr=2e-3)
    for epoch in range(20):
        for rows in torch.randperm(len(x)).split(100):
            bx, by = x[rows], y[rows]
            if level_set and epoch >= 10:
                # A point of the boundary of class y, between an image and where PGD breaks it.
                end = pgd(f, bx, by, epsilon=2 * EPSILON, step=0.1, steps=7, every_step=True).images
                s = false_position(class_margin(f), bx, end, tol=0.02, args=(by,))
                loss = lc.losses.margin(f, bx, by, samples=s, epsilon=EPSILON, distance="rho")
                loss = loss + 0.1 * cross_entropy(f(bx), by)
            else:
                loss = cross_entropy(f(bx), by)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return f


for name, level_set in (("cross-entropy", False), ("level set", True)):
    f = train(level_set)
    clean = (f(test_x).argmax(1) == test_y).float().mean()
    attacked = pgd(f, test_x, test_y, epsilon=0.1, step=0.02, steps=20)
    print(f"{name:14s} right: {clean:.0%}, under PGD: {1 - attacked.broken.float().mean():.0%}")

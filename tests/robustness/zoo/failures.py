"""Failures planted around an honest network: each hides how weak it is, or misleads who attacks it.

``PLANTED``: name -> from the honest network to one that fails; ``NAMED``: what the verdict has to
call it, any of those.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, dropout, interpolate, one_hot, pad

from tests.robustness.zoo.honest import conv, trained


class Around(nn.Module):
    """A function of the image, the network, a function of its logits."""

    def __init__(self, network, before=None, after=None):
        super().__init__()
        self.network, self.before, self.after = network, before, after

    def forward(self, x):
        x = x if self.before is None else self.before(x)
        logits = self.network(x)
        return logits if self.after is None else self.after(logits)


class Inside(nn.Module):
    """A function of what each activation of a network of layers gives, or instead of it."""

    def __init__(self, layers: nn.Sequential, change):
        super().__init__()
        self.layers, self.change = layers, change

    def forward(self, x):
        for layer in self.layers:
            x = self.change(x) if isinstance(layer, nn.ReLU) else layer(x)
        return x


class Straight(torch.autograd.Function):
    """Rounds to ``levels``, with the derivative of the identity."""

    @staticmethod
    def forward(ctx, x, levels):
        return (x * levels).round() / levels

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def rounded(levels):
    return lambda x: (x * levels).round() / levels


def before(change):
    return lambda network: Around(network, before=change)


def after(change):
    return lambda network: Around(network, after=change)


def inside(change):
    return lambda network: Inside(network, change)


def jpeg_like(x: Tensor) -> Tensor:
    """8 x 8 cosine transform, rounded, and back, of the padded image."""
    k = torch.arange(8.0)
    basis = torch.cos(torch.pi * (2 * k + 1) * k[:, None] / 16) / 2
    basis[0] /= 2**0.5
    image = pad(x, (2, 2, 2, 2))
    tiles = image.unfold(2, 8, 8).unfold(3, 8, 8)
    waves = (basis @ tiles @ basis.T * 12).round() / 12
    tiles = basis.T @ waves @ basis
    image = tiles.permute(0, 1, 2, 4, 3, 5).reshape(image.shape)
    return image[:, :, 2:-2, 2:-2]


def winners(share: float):
    """Only the largest activations of an image are kept."""

    def keep(x):
        flat = x.flatten(1)
        least = flat.topk(int(share * flat.shape[1]), dim=1).values[:, -1:]
        return (flat * (flat >= least)).view_as(x)

    return keep


def resized(x: Tensor) -> Tensor:
    side = int(torch.randint(22, 28, ()))
    left, top = (int(torch.randint(28 - side + 1, ())) for _ in range(2))
    small = interpolate(x, (side, side), mode="bilinear")
    return pad(small, (left, 28 - side - left, top, 28 - side - top))


def lost_on(rows: Callable[[Tensor], Tensor], value: float):
    """An output that is no number where the image says so."""

    class Lost(nn.Module):
        def __init__(self, network):
            super().__init__()
            self.network = network

        def forward(self, x):
            bad = rows(x)[:, None]
            return torch.where(bad, torch.full_like(self.network(x), value), self.network(x))

    return Lost


def dark(x: Tensor) -> Tensor:
    return x.flatten(1).mean(1) < 0.08


class Overflow(nn.Module):
    """The own class's logit is infinite where it is large."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return (self.network(x) * 12).exp()


class BatchStatistics(nn.Module):
    """Batch norm as in training: on the statistics of the images beside."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        for layer in self.network:
            if isinstance(layer, nn.BatchNorm2d):
                x = batch_norm(x, None, None, layer.weight, layer.bias, training=True)
            else:
                x = layer(x)
        return x


class Rejects(nn.Module):
    """An image with much fine noise gets ``answer``, or a class of its own."""

    def __init__(self, network, answer=None, limit=0.05):
        super().__init__()
        self.network, self.answer, self.limit = network, answer, limit

    def forward(self, x):
        logits = self.network(x)
        smooth = nn.functional.avg_pool2d(x, 3, 1, 1)
        noise = ((x < 0.3) & (x > 0.02)).float().mean((1, 2, 3))[:, None]
        noise = noise + 0 * smooth.mean()
        if self.answer is None:
            return torch.cat([logits, 200 * (noise - 4 * self.limit)], 1)
        return torch.where(noise > 4 * self.limit, torch.full_like(logits, self.answer), logits)


def doubts(logits):
    sure = logits.softmax(1).amax(1, keepdim=True) > 0.7
    return torch.where(sure, logits, torch.zeros_like(logits))


class Optimizes(nn.Module):
    """Moves the image towards confidence before it is classified."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        with torch.enable_grad():
            z = x.detach().requires_grad_()
            (g,) = torch.autograd.grad(self.network(z).amax(1).sum(), z)
        return self.network((x + 0.02 * g.sign()).clamp(0, 1))


def on_other_pixels(change):
    """Trained on images that somebody changed, and given plain ones."""

    def plant(network):
        twin = trained(lambda: nn.Sequential(Pixels(change), *conv()))
        return nn.Sequential(*list(twin)[1:]).eval()

    return plant


class Pixels(nn.Module):
    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, x):
        return self.change(x)


def distilled(network):
    """Trained on soft labels at temperature 100 (Papernot et al., 2016), used at 1."""
    twin = trained(lambda: Around(conv(), after=lambda z: z / 100), epochs=12, rate=2e-2)
    return twin.network.eval()


def with_dropout(network):
    return nn.Sequential(network[:-1], Pixels(lambda x: dropout(x, 0.3, True)), network[-1])


def batch_statistics(network):
    return BatchStatistics(trained(lambda: conv(norm=nn.BatchNorm2d)))


def k_winners(network):
    """Trained with a tenth of the activations (Xiao et al., 2020)."""
    return trained(lambda: Inside(conv(), winners(0.1)), epochs=10)


def half_inside(network):
    twin = trained(conv).to(torch.bfloat16)
    return Around(twin, before=lambda x: x.bfloat16(), after=lambda z: z.float())


def sharp_waves(network):
    """A small ripple of the logits that turns every gradient."""
    return Around(network, before=lambda x: x + 1e-3 * torch.sin(3e3 * x + 0.5))


PLANTED: dict[str, tuple[Callable[[nn.Module], nn.Module], tuple[str, ...]]] = {
    "logits x 300": (after(lambda z: 300 * z), ("saturated logits",)),
    "logits x 1000": (after(lambda z: 1000 * z), ("saturated logits",)),
    "logits x 1e20": (after(lambda z: 1e20 * z), ("saturated logits",)),
    "logits + 1e8": (after(lambda z: z + 1e8), ("resolution",)),
    "logits - 1e6": (after(lambda z: z - 1e6), ("resolution",)),
    "softmax": (after(lambda z: z.softmax(1)), ("probabilities",)),
    "sharp softmax": (after(lambda z: (30 * z).softmax(1)), ("probabilities",)),
    "sigmoid": (after(lambda z: z.sigmoid()), ("probabilities",)),
    "hard labels": (after(lambda z: one_hot(z.argmax(1), 10).float()), ("unavailable gradients",)),
    "clamped logits": (after(lambda z: z.clamp(-2, 2)), ("stuck outputs", "unavailable gradients")),
    "rounded logits": (after(lambda z: z.round()), ("unavailable gradients",)),
    "detached": (after(lambda z: z.detach()), ("unavailable gradients",)),
    "half detached": (before(lambda x: x + (0.7 * x - 0.7 * x.detach())), ("false gradients",)),
    "quantized input": (before(rounded(7)), ("unavailable gradients",)),
    "bit depth, straight through": (before(lambda x: Straight.apply(x, 7)), ("false gradients",)),
    "jpeg-like": (before(jpeg_like), ("unavailable gradients",)),
    "thresholded activation": (inside(lambda x: (x > 0.3).float()), ("unavailable gradients",)),
    "stairs, straight through": (inside(lambda x: Straight.apply(x.relu(), 3)),
                                 ("false gradients",)),
    "k winners": (k_winners, ("unstable gradients", "gradient-free attack")),
    "ripple": (sharp_waves, ("unstable gradients",)),
    "noise on the image": (before(lambda x: x + 0.1 * torch.randn_like(x)), ("random",)),
    "noise on the logits": (after(lambda z: z + 0.3 * torch.randn_like(z)), ("random",)),
    "resized and padded": (before(resized), ("random",)),
    "dropout on": (with_dropout, ("random",)),
    "batch statistics": (batch_statistics, ("depends on the batch",)),
    "NaN on dark images": (lost_on(dark, torch.nan), ("not finite",)),
    "infinite on dark images": (lost_on(dark, torch.inf), ("not finite",)),
    "overflow": (Overflow, ("not finite",)),
    "normalized digits": (on_other_pixels(lambda x: (x - 0.1307) / 0.3081), ("normalization",)),
    "[-1, 1]": (on_other_pixels(lambda x: 2 * x - 1), ("normalization",)),
    "0 to 255": (on_other_pixels(lambda x: 255 * x), ("normalization",)),
    "light on dark": (on_other_pixels(lambda x: 1 - x), ("normalization",)),
    "clipped input": (before(lambda x: x.clamp(0.2, 0.8)), ("blind ends",)),
    "clipped a little": (before(lambda x: x.clamp(0.02, 0.98)), ("blind ends",)),
    "clipped narrowly": (before(lambda x: x.clamp(0.4, 0.6)), ("blind ends",)),
    "distilled": (distilled, ("saturated logits",)),
    "class of rejection": (lambda f: Rejects(f), ("rejects",)),
    "rejects what it doubts": (after(doubts), ("rejects",)),
    "rejects with zeros": (lambda f: Rejects(f, 0.0), ("rejects",)),
    "rejects with NaN": (lambda f: Rejects(f, torch.nan), ("not finite",)),
    "optimizes": (Optimizes, ("test-time optimization",)),
    "bfloat16 inside": (half_inside, ("resolution",)),
}  # fmt: skip

"""A stranger's classifier on labelled images: which variant of it is right, and what it misses.

A state dict does not say whether its network wants normalized pixels, or whether a ConvNet-4a has
ReLUs in its head; an exported program may leave the normalization to whoever calls it. So the
usual ones are tried on the first images, and the choice is said.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from levelset_core.classifiers.architectures import CLASSIFIERS
from levelset_core.classifiers.exported import ExportedNetwork
from levelset_core.classifiers.files import Classifier
from levelset_core.classifiers.layout import layout_remark
from levelset_core.classifiers.normalization import (
    Normalization,
    Normalized,
    normalized,
    usual_normalizations,
)
from levelset_core.classifiers.onnx_files import OnnxNetwork, onnx_remarks
from levelset_core.data.images import IMAGE_SETS, ImageSet, data_set_of

#: Images that every variant sees, and those that the closest ones and the accuracy are judged by.
FEW, MANY = 200, 1000
#: What usual networks reach at least, by data set.
USUAL_ACCURACY = {"mnist": 0.9, "mnist_excerpt": 0.9, "fashion_mnist": 0.75, "cifar10": 0.5}
#: What a ConvNet-4a's head may be, by the model's name; both have the same tensors.
_HEADS = {"convnet4a": "with ReLUs in its head", "convnet4a_linear": "without ReLUs in its head"}
#: A variant replaces the network as it is if its loss is lower by this share, beyond chance (in
#: deviations of the mean of the differences), and it gets more images right.
_CLEARLY, _DEVIATIONS = 0.2, 3.0
#: Losses that differ by this share, or a tenth of it in nats, are level.
_LEVEL = 0.01
#: The worst loss of an image counts as this, so that a few do not decide.
_WORST = 10.0


@dataclass(frozen=True)
class Look:
    """What was seen.

    Attributes:
        classifier: the right variant, with its normalization.
        accuracy, images: the share of the first images that is right, and how many they are.
        notes: what was assumed or chosen, a sentence each.
        warning: a sentence where the accuracy is low, else "".
    """

    classifier: Classifier
    accuracy: float
    images: int
    notes: tuple[str, ...]
    warning: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """All that is to be said."""
        return (*self.notes, *([self.warning] if self.warning else []))


@dataclass(frozen=True, eq=False)
class _Variant:
    """A network on the first images: its logits, (n, classes)."""

    model: str
    normalization: Normalization
    network: nn.Module
    logits: Tensor

    def right(self, y: Tensor) -> Tensor:
        return self.logits.argmax(1) == y

    def losses(self, y: Tensor) -> Tensor:
        """Cross-entropy of each image, (n,), at most ``_WORST``; probabilities become logits."""
        logits = self.logits.nan_to_num(-1e30, 1e30, -1e30)
        if bool((logits >= 0).all()) and torch.allclose(logits.sum(1), torch.ones(len(y))):
            logits = logits.clamp_min(1e-30).log()
        return -log_softmax(logits, 1).gather(1, y[:, None])[:, 0].clamp(-_WORST, 0)


def look_at(
    classifier: Classifier, data: ImageSet, normalization: Normalization | None = None
) -> Look:
    """The right variant of a classifier, its accuracy on the first images, and what to say of both.

    A file of this program says itself what it holds, so there is nothing to choose.

    Args:
        classifier: on the CPU.
        data: labelled images of the kind that it was trained on.
        normalization: what it wants pixels to be, if that is known.

    Raises:
        LevelsetError: the images do not fit.
    """
    classifier.check(data)
    notes = [*classifier.choices, *remarks(classifier.network)]
    if classifier.described and normalization is None:
        accuracy, images = _accuracy(classifier.network, data)
        return Look(classifier, accuracy, images, tuple(notes), low(accuracy, images, data))
    if isinstance(classifier.network, Normalized):  # as the file says, or else as it is asked for
        normalization = normalization or classifier.network.normalization
        classifier = replace(classifier, network=classifier.network.network)
    channels = classifier.shape[0]
    tried = (normalization,) if normalization else usual_normalizations(channels)
    chosen, sentence = _choose(classifier, data, tried)
    network = normalized(chosen.network, chosen.normalization)
    found = replace(classifier, network=network, model=chosen.model)
    images = len(chosen.logits)
    accuracy = _share(chosen, data.labels[:images])
    notes += [sentence] if sentence else []
    warning = low(accuracy, images, data)
    if warning:
        fitting, _ = _choose(classifier, data, usual_normalizations(channels))
        better = _share(fitting, data.labels[: len(fitting.logits)])
        if normalization and better > accuracy + 0.02:
            warning += f" {fitting.normalization} would give {better:.1%}."
        elif not normalization:
            warning += (
                " No usual normalization gives more: it may be made for other images, for classes "
                "in another order, or want a mean and a deviation of its own (--mean, --std)."
            )
    return Look(found, accuracy, images, tuple(notes), warning)


def low(accuracy: float, images: int, data: ImageSet) -> str:
    """A sentence where so few images are right without an attack that something is wrong."""
    name = data.name if data.name in USUAL_ACCURACY else data_set_of(data.source)
    chance = 1 / max(2, len(data.classes))
    usual = USUAL_ACCURACY.get(name, chance + 0.4 * (1 - chance))
    if accuracy >= usual:
        return ""
    return (
        f"Only {accuracy:.1%} of {images:,} images of {IMAGE_SETS.get(name, data.name)} are right "
        f"without an attack, where {usual:.0%} and more are usual."
    )


def remarks(network: nn.Module) -> Iterator[str]:
    """What whoever reads its figures must know of a network, a sentence each."""
    inner = network.network if isinstance(network, Normalized) else network
    if isinstance(inner, OnnxNetwork):
        yield from onnx_remarks(inner)
    if not isinstance(inner, ExportedNetwork):
        return
    if inner.random_parts:
        yield (
            f"The network draws at random ({', '.join(inner.random_parts)}), so its figures vary "
            "from run to run."
        )
    if inner.mixes_images:
        yield (
            "The logits of an image depend on the other images of its batch (a batch "
            "normalization without running statistics?), so no figure of single images is certain."
        )
    if inner.graph.get("half"):
        yield "The network was exported in half precision; it runs in single precision here."
    if inner.graph.get("axes"):
        yield layout_remark(inner.graph["shape"], inner.graph["axes"])


# -- choosing --------------------------------------------------------------------------------


def _choose(
    classifier: Classifier, data: ImageSet, tried: tuple[Normalization, ...]
) -> tuple[_Variant, str]:
    """The best variant and a sentence about it, "" where there was nothing to choose."""
    few = data.first(FEW)
    networks = _heads(classifier)
    variants = [
        _variant(model, network, norm, few) for model, network in networks.items() for norm in tried
    ]
    best = _best(variants, few.labels)
    others = [v for v in variants if v is not best]
    rivals = [v for v in others if v.normalization is tried[0]]
    if others and (second := _best(others, few.labels)) not in rivals:
        rivals.append(second)
    if len(data) > FEW:  # the closest ones, on more images
        few = data.first(MANY)
        best, *rivals = (
            _variant(v.model, v.network, v.normalization, few) for v in (best, *rivals)
        )
        chosen = _best([best, *rivals], few.labels)
        best, rivals = chosen, [v for v in (best, *rivals) if v is not chosen]
    parts = []
    if len(tried) > 1:
        parts.append(_words(best.normalization))
    elif tried[0].title != usual_normalizations(classifier.shape[0])[0].title:
        parts.append(f"normalized as you say: {best.normalization}")
    if len(networks) > 1:
        parts.append(_HEADS[best.model])
    if not parts:
        return best, ""
    share = _share(best, few.labels)
    text = f"Taken {', and '.join(parts)}: of {len(few):,} images {share:.2%} are right so"
    plain = [v for v in rivals if v.normalization is tried[0]]
    if best.normalization is not tried[0]:
        plain = [v for v in plain if v.model == best.model]
    if plain:
        text += f", {_share(plain[0], few.labels):.2%} {_difference(best, plain[0])}"
    return best, f"{text}."


def _heads(classifier: Classifier) -> dict[str, nn.Module]:
    """The networks that the tensors may belong to, by model; the classifier's own is first."""
    own = {classifier.model: classifier.network}
    if classifier.model not in _HEADS or classifier.described:
        return own
    weights = classifier.network.state_dict()
    for model in _HEADS:
        if model not in own:
            network = CLASSIFIERS[model](classifier.shape, classifier.classes).eval()
            network.load_state_dict(weights)
            own[model] = network
    return own


def _variant(model: str, network: nn.Module, norm: Normalization, data: ImageSet) -> _Variant:
    x, _ = data.batch(slice(None))
    run = normalized(network, norm)
    with torch.no_grad():
        logits = torch.cat([run(part) for part in x.split(50)])
    return _Variant(model, norm, network, logits.float())


def _best(variants: list[_Variant], y: Tensor) -> _Variant:
    """The one of the least loss of those that get most images right; pixels as they are unless
    a normalization is clearly better, and of equal losses the first, as they are sorted by use.
    """
    top = max(int(v.right(y).sum()) for v in variants)
    near = [v for v in variants if int(v.right(y).sum()) >= top - _chance(top, len(y))]
    losses = {id(v): float(v.losses(y).mean()) for v in near}
    least = min(losses.values())
    best = next(v for v in near if losses[id(v)] <= (1 + _LEVEL) * least + _LEVEL / 10)
    plain = usual_normalizations(0)[0]
    usual = next((v for v in variants if v.model == best.model and v.normalization == plain), best)
    return best if best is usual or _beats(best, usual, y) else usual


def _chance(right: int, images: int) -> float:
    """Two deviations of a number of images."""
    share = right / images
    return 2 * math.sqrt(images * max(share * (1 - share), 1 / images))


def _beats(one: _Variant, other: _Variant, y: Tensor) -> bool:
    """Whether it is better beyond chance: by the images that only one gets right, or by loss."""
    right, wrong = one.right(y), ~other.right(y)
    gained, lost = int((right & wrong).sum()), int((~right & ~wrong).sum())
    if gained - lost > _DEVIATIONS * math.sqrt(gained + lost + 1):
        return True
    mine, its = one.losses(y), other.losses(y)
    spread = float((its - mine).std()) / math.sqrt(len(y)) if len(y) > 1 else math.inf
    clearly = float(mine.mean()) < (1 - _CLEARLY) * float(its.mean())
    return gained > lost and clearly and float((its - mine).mean()) > _DEVIATIONS * spread


def _share(variant: _Variant, y: Tensor) -> float:
    return float(variant.right(y).float().mean())


def _words(normalization: Normalization) -> str:
    if normalization.title == usual_normalizations(0)[0].title:
        return f"with {normalization.title}"
    return f"with normalized pixels, {normalization}"


def _difference(best: _Variant, other: _Variant) -> str:
    """What the other one is, where it differs."""
    parts = []
    if best.normalization != other.normalization:
        parts.append(_words(other.normalization))
    if best.model != other.model:
        parts.append(_HEADS[other.model])
    return " ".join(parts)


def _accuracy(network: nn.Module, data: ImageSet) -> tuple[float, int]:
    x, y = data.first(MANY).batch(slice(None))
    with torch.no_grad():
        right = torch.cat([network(part).argmax(1) for part in x.split(50)]) == y
    return float(right.float().mean()), len(x)

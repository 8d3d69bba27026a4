"""What measurements of a classifier's gradients mean: the signs of masking, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

#: Differences of accuracy of this many images, or this share of them, are chance.
SLACK_IMAGES, SLACK = 2, 0.01
#: Share of zero gradients that one sentence must mention.
MANY_ZEROS = 0.05
#: Honest networks too stand cross-entropy PGD a little better than margin PGD: a difference of
#: accuracy up to this is no sign.
LOSS_GAP = 0.1


@dataclass(frozen=True)
class Masking:
    """What was found, shares of the images (0 to 1) unless said otherwise.

    Attributes:
        images, epsilon: how many, and the box.
        zero_xent, zero_margin: images with a gradient of exactly zero, of either loss.
        logit_scale: median |logit|; temperature: what the scaled attack divides logits by.
        robust: robust accuracy by attack: "xent", "xent, scaled logits", "margin".
        by_steps, by_epsilon: robust accuracy over PGD steps and over epsilon, margin loss.
        white_box, black_box: accuracy under the margin attack on the network itself, and on
            the images attacked on each other network.
        signs: every sign of masking that was seen, a sentence each.
    """

    images: int
    epsilon: float
    zero_xent: float
    zero_margin: float
    logit_scale: float
    temperature: float
    robust: dict[str, float]
    by_steps: dict[int, float]
    by_epsilon: dict[float, float]
    white_box: float
    black_box: dict[str, float]
    signs: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.signs:
            return self.signs[0]
        shares = sorted(self.by_epsilon.items())
        gone, left = next(e for e in shares if not beyond_chance(e[1], self.images))
        tried = {"fewer steps": len(self.by_steps) > 1, "other networks' images": self.black_box}
        weaker = " and ".join(name for name, was in tried.items() if was)
        weaker = f"; {weaker} do not break more" if weaker else ""
        xent, margin = self.robust["xent"], self.robust["margin"]
        judge = ", the stronger loss" if beyond_chance(xent - margin, self.images) else ""
        return (
            f"No sign of masked gradients: of {self.images} images {xent:.0%} stand under "
            f"cross-entropy, {margin:.0%} under the margin{judge}{weaker}; at "
            f"epsilon {gone:g} {f'{left:.0%} stand' if left else 'nothing stands'}."
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "signs": list(self.signs), "verdict": self.verdict}


def chance_of(images: int) -> int:
    """So many images more or less say nothing, of so many."""
    return max(SLACK_IMAGES, round(SLACK * images))


def beyond_chance(difference: float, images: int) -> bool:
    """Whether a difference of two accuracies on so many images says something."""
    return round(difference * images) > chance_of(images)


def signs_of_masking(m: Masking) -> list[str]:
    """A sentence for each sign, the clearest first."""
    signs = (_of_cross_entropy, _of_zeros, _of_large_epsilon, _of_black_box, _of_fewer_steps)
    return [sentence for sign in signs for sentence in sign(m)]


def _of_cross_entropy(m: Masking) -> Iterator[str]:
    xent, scaled, margin = (m.robust[k] for k in ("xent", "xent, scaled logits", "margin"))
    weaker = beyond_chance(xent - margin, m.images)
    if m.zero_xent > MANY_ZEROS:
        meaning = ", so figures of cross-entropy attacks alone mean little."
        if weaker:
            meaning = (
                f": cross-entropy PGD leaves {xent:.1%} standing, margin PGD {margin:.1%}, so "
                "only the margin figure, or a stronger attack's, means anything."
            )
        yield (
            f"Cross-entropy has a gradient of exactly zero on {m.zero_xent:.0%} of the images, "
            f"as logits are near {m.logit_scale:,.0f}{meaning}"
        )
    elif weaker and beyond_chance(xent - scaled, m.images):
        yield (
            f"The scale of the logits (median {m.logit_scale:,.0f}) weakens cross-entropy: it "
            f"leaves {xent:.1%} standing, {scaled:.1%} with logits scaled down, margin PGD "
            f"{margin:.1%}."
        )
    elif weaker and round((xent - margin) * m.images) > round(LOSS_GAP * m.images):
        yield (
            f"Cross-entropy PGD leaves {xent:.1%} standing, margin PGD {margin:.1%}: judge by "
            "the margin, or by a stronger attack."
        )


def _of_zeros(m: Masking) -> Iterator[str]:
    if m.zero_margin > MANY_ZEROS:
        yield (
            f"F itself has a gradient of exactly zero on {m.zero_margin:.0%} of the images: no "
            "gradient attack can judge them, only one without gradients, such as Square."
        )


def _of_large_epsilon(m: Masking) -> Iterator[str]:
    largest = max(m.by_epsilon)
    if beyond_chance(m.by_epsilon[largest], m.images):
        yield (
            f"{m.by_epsilon[largest]:.1%} of the images stand even where every image is within "
            f"reach (epsilon {largest:g}): the attack fails for want of gradients, not the images."
        )


def _of_black_box(m: Masking) -> Iterator[str]:
    for name, share in m.black_box.items():
        if beyond_chance(m.white_box - share, m.images):
            yield (
                f"Images attacked on {name} break more ({share:.1%} stand) than those attacked on "
                f"the network itself ({m.white_box:.1%}): its own gradients mislead."
            )


def _of_fewer_steps(m: Masking) -> Iterator[str]:
    most = max(m.by_steps)
    for steps, share in sorted(m.by_steps.items()):
        if beyond_chance(m.by_steps[most] - share, m.images):
            yield (
                f"{steps} steps break more than {most} ({share:.1%} against "
                f"{m.by_steps[most]:.1%} standing): the loss is no guide along the way."
            )
            return

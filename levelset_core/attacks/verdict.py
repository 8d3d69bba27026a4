"""What was found out about a classifier, and what it means in a sentence."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from levelset_core.attacks.signs.finding import Finding, beyond_chance, chance_of

__all__ = ["Finding", "Masking", "beyond_chance", "chance_of", "findings_in"]


@dataclass(frozen=True)
class Masking:
    """What was found, shares of the images (0 to 1) unless said otherwise.

    Attributes:
        images, epsilon: how many, and the box.
        zero_xent, zero_margin: images with a gradient of exactly zero, of either loss.
        logit_scale: median |logit|; temperature: what the scaled attack divides logits by.
        robust: robust accuracy by attack: "xent" as the network is brought, the others on it as
            attacks need it: "xent, scaled logits", "margin", "strong", and "judged", the lowest of
            all, with attacks without gradients.
        by_steps, by_epsilon: robust accuracy over PGD steps and over epsilon, margin loss.
        white_box, black_box: accuracy under the margin attack on the network itself, and on
            the images attacked on each other network.
        findings: all that misleads, causes first.
        evidence: what the parts measured, by their names.
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
    findings: tuple[Finding, ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def signs(self) -> tuple[str, ...]:
        """The findings' sentences."""
        return tuple(finding.sentence for finding in self.findings)

    @property
    def verdict(self) -> str:
        """One sentence, or that of the first finding and how many more there are."""
        if self.findings:
            more = len(self.findings) - 1
            counted = f" ({more} more finding{'s' if more > 1 else ''}.)" if more else ""
            return self.findings[0].sentence + counted
        shares = sorted(self.by_epsilon.items())
        gone, left = next(e for e in shares if not beyond_chance(e[1], self.images))
        tried = {"fewer steps": len(self.by_steps) > 1, "other networks' images": self.black_box}
        weaker = " and ".join(name for name, was in tried.items() if was)
        weaker = f"; {weaker} do not break more" if weaker else ""
        margin = self.robust["margin"]
        judged = self.robust.get("judged", margin)
        stronger = f", {judged:.0%} under the strongest of all attacks here"
        return (
            f"No sign of masked gradients: of {self.images} images {self.robust['xent']:.0%} stand "
            f"under cross-entropy PGD, {margin:.0%} under margin PGD{stronger}{weaker}; at "
            f"epsilon {gone:g} {f'{left:.0%} stand' if left else 'nothing stands'}."
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        own = {**asdict(self), "signs": list(self.signs), "verdict": self.verdict}
        plain: dict[str, Any] = _plain(own)
        return plain


def _plain(value: Any) -> Any:
    """For JSON: lists for tuples, None for what is no number."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def findings_in(stored: dict[str, Any]) -> list[Finding]:
    """The findings of a stored :meth:`Masking.as_dict`; of older ones the signs, without names."""
    if "findings" in stored:
        return [Finding(**finding) for finding in stored["findings"]]
    return [Finding("", str(sign), "", {}) for sign in stored.get("signs", [])]

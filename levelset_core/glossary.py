"""The symbols of the app in plain words: one source for pages, front ends and docs.

``docs/glossary.md`` and ``assets/shared/glossary.js`` are written from it:

    python -m levelset_core.glossary
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from levelset_core.paths import ASSETS, ROOT


@dataclass(frozen=True)
class Term:
    """A symbol or a word of the field.

    Attributes:
        symbol: as it stands on a page.
        name: what it is called.
        plain: what it means, for somebody who meets it for the first time.
        where: the equation or section of the paper; empty where it has none.
    """

    symbol: str
    name: str
    plain: str
    where: str = ""

    @property
    def title(self) -> str:
        """Its name, as it begins a line."""
        return self.name[0].upper() + self.name[1:]

    @property
    def sentence(self) -> str:
        """All of it in a line, as a hint shows it."""
        place = f" ({self.where})" if self.where else ""
        return f"{self.title}{place}: {self.plain}"


#: By a name that code uses.
GLOSSARY: dict[str, Term] = {
    "F": Term(
        "F", "the network's output",
        "a number for every place x. Its sign is the predicted class.",
    ),
    "theta": Term(
        "θ", "the weights of the network", "all the numbers that training changes.",
    ),
    "x": Term("x", "a point of the data", "here a place in the plane, with its class y."),
    "y": Term("y", "the class of a point", "+1 (blue circles) or −1 (orange squares)."),
    "level_set": Term(
        "S", "level set", "all places where the network gives the same number.", "Eq. 2",
    ),
    "level": Term(
        "c", "the level", "the number that F has on a level set. On the boundary it is 0.", "Eq. 2",
    ),
    "S0": Term(
        "S₀", "the boundary",
        "all places where F is 0. On one side the network says +1, on the other −1.", "Eq. 2",
    ),
    "S1": Term(
        "S₊₁, S₋₁", "the level sets at ±1",
        "all places where F is +1, and where it is −1. They lie on both sides of the boundary, "
        "like the edges of a road.", "Sec. 3.2",
    ),
    "p": Term(
        "p", "a point of the level set",
        "where the way from x to the level set ends: at the nearest point, or at Newton's foot.",
        "Eq. 4",
    ),
    "newton": Term(
        "Newton's foot", "the point that Newton's method finds",
        "it walks along the gradient until F is 0. It ends on the boundary, but not always at the "
        "nearest place.", "Eq. 4, 5",
    ),
    "sample_network": Term(
        "p(θ)", "the sample network",
        "one linear layer that says how p moves when the weights change. Through it a loss can "
        "push the boundary itself.", "Eq. 9",
    ),
    "gradient": Term(
        "DₓF", "the gradient of F",
        "the direction in which F grows fastest, and how fast. It stands at right angles to the "
        "level set.",
    ),
    "pseudo_inverse": Term(
        "DₓF⁺", "the pseudo-inverse of the gradient",
        "the shortest move that raises F by 1, if F were linear.", "Eq. 5",
    ),
    "margin": Term(
        "d", "input margin",
        "how far a point is from the boundary, in units of the plane. Negative on the wrong side.",
        "Sec. 3.2",
    ),
    "output_margin": Term(
        "yF(x)", "output margin",
        "how strongly the network is right, as a number. It may be large although the boundary "
        "is near.",
    ),
    "held_out": Term(
        "held-out", "points held out", "fresh points of the same kind, which training never sees.",
    ),
    "residual": Term(
        "|F|", "Newton residual",
        "how far F is from 0 at a step of Newton's method. At 0.0001 or less, it has arrived.",
    ),
    "failed": Term(
        "failed", "Newton found no way",
        "F was flat on the way, so there was no direction to follow: the point has no foot.",
    ),
    "out_of_steps": Term(
        "out of steps", "Newton was stopped",
        "it had taken as many steps as it may before F was 0.",
    ),
    "motion_error": Term(
        "motion error", "how wrong the prediction was",
        "the difference between predicted and actual motion of the boundary, as a share of the "
        "motion.",
    ),
    "misclassified": Term(
        "misclassified", "a point on the wrong side",
        "the network gives it the other class: F has the wrong sign there.",
    ),
    "epsilon": Term(
        "ε", "wanted margin",
        "the distance that every point should keep from the boundary. It can be at most half the "
        "gap between the classes.", "Eq. 12",
    ),
    "lam11": Term(
        "λ₁₁", "weight of the band",
        "how much a wide band counts against points inside it or on the wrong side. The paper "
        "calls it λ.", "Eq. 11",
    ),
    "lam12": Term(
        "λ₁₂", "weight of right points",
        "how much a point counts that is on its own side, but nearer than ε. A point on the wrong "
        "side counts 1. The paper calls it λ.", "Eq. 12",
    ),
    "alpha": Term(
        "α", "power of the band's width",
        "how a wide band is rewarded: λ₁₁ Δ^α is small where the band is wide, since α is "
        "negative.", "Eq. 11",
    ),
    "delta": Term(
        "Δ", "width of the band",
        "how far apart S₀ and the nearer one of S₊₁ and S₋₁ are beside a point.", "Eq. 11",
    ),
    "l2": Term("L2", "the straight distance", "as a ruler measures it. Its balls are discs."),
    "l1": Term(
        "L1", "the sum of the differences in the coordinates",
        "as one walks in a town of square blocks.",
    ),
    "linf": Term(
        "L∞", "the largest difference in a coordinate",
        "its balls are squares. Attacks that change every pixel a little are measured by it.",
    ),
    "cross_entropy": Term(
        "Cross-entropy", "asked only to be right",
        "it sees the network's output alone, so the line may pass close to points.",
    ),
    "margin_linf": Term(
        "Margin L∞", "asked to keep squares free",
        "the line should stay out of a square around every point, ε to each side.", "Eq. 12",
    ),
    "margin_l2": Term(
        "Margin L2", "asked to keep discs free",
        "the line should stay out of a disc of radius ε around every point.", "Eq. 12",
    ),
    "geometric_svm": Term(
        "Geometric SVM", "asked for a wide band",
        "the band between S₊₁ and S₋₁ should be wide and free of points, as in a support vector "
        "machine (SVM).", "Eq. 11",
    ),
    "rho": Term(
        "ρ", "the distance along one axis",
        "how far the boundary is along the axis in which F changes most. Quick to compute, but not "
        "a norm.", "Sec. 3.2",
    ),
    "logits": Term(
        "logits", "the outputs of a classifier",
        "a number for each class. The class with the largest one is the answer.",
    ),
    "softmax": Term(
        "softmax", "from logits to probabilities",
        "it turns logits into shares that add up to 1. Where one logit is far larger than the "
        "others, its share is exactly 1 on a computer.",
    ),
    "cross_entropy_loss": Term(
        "cross-entropy", "the usual training loss",
        "it is large where softmax gives the right class a small share.",
    ),
    "class_margin": Term(
        "Fʸ", "output margin of a classifier",
        "the right class's logit minus the largest other one. Below 0 the answer is wrong. It has "
        "no unit and is no distance: all logits times 300 make it 300 times as large.", "Eq. 1",
    ),
    "box": Term(
        "box", "what an attack may change",
        "every pixel by at most ε, where black is 0 and white is 1. In L2, a ball: the square "
        "root of the sum of all squared changes is at most ε.",
    ),
    "stands": Term(
        "stands", "an image that is read correctly in spite of the attack",
        "no change that the attack tried makes the network wrong.",
    ),
    "clean": Term("Clean", "without an attack", "the test images as they are."),
    "pgd": Term(
        "PGD", "projected gradient descent",
        "the usual attack. It follows the gradient in small steps, and after each step goes back "
        "into the box.",
    ),
    "pgd_xent": Term(
        "Cross-entropy PGD", "PGD that makes cross-entropy large",
        "40 steps on grey images. It fails where logits are so large that cross-entropy has no "
        "gradient.",
    ),
    "pgd_margin": Term(
        "Margin PGD", "PGD that makes the output margin small",
        "the right class's logit minus the largest other one. Its gradient does not depend on "
        "how large the logits are.",
    ),
    "pgd_worst": Term(
        "Worst case", "both kinds of PGD, many times",
        "from 10 random starts, 100 steps each. An image stands if all of them fail.",
    ),
    "pgd_strong": Term(
        "Strong PGD", "PGD on three losses",
        "with steps that shrink. None of the three depends on how large the logits are.",
    ),
    "autoattack": Term(
        "AutoAttack", "the field's standard set of four attacks",
        "two kinds of PGD, a search for the nearest wrong image (FAB), and Square, which needs no "
        "gradient. An image stands if all four fail (Croce and Hein, 2020).",
    ),
    "white_box": Term(
        "white box", "an attack that sees the network",
        "it follows the network's own gradient. The figure is the share of images that stand.",
    ),
    "black_box": Term(
        "black box", "an attack that does not see the network",
        "images that fool another network are shown to this one. Where they fool it more often "
        "than its own gradient does, the gradient misleads.",
    ),
    "masking": Term(
        "gradient masking", "gradients that mislead attacks",
        "the network is as easy to fool as before, but an attack that follows its gradient does "
        "not find how.",
    ),
    "interval": Term(
        "95% interval", "where the true share lies",
        "only some images were tried, so the share of all images may differ. Of intervals made "
        "like this one (by Clopper and Pearson's rule), 95 in 100 contain it.",
    ),
    "standard": Term(
        "Standard", "usual training", "on images as they are. It has never seen an attack.",
    ),
    "madry": Term(
        "Madry", "adversarial training",
        "on attacked images: each is changed by PGD before the network learns from it (Madry et "
        "al., 2018). The number is the ε of these attacks.",
    ),
    "trades": Term(
        "TRADES", "training on images and their attacked copies",
        "it asks for right answers on the images, and for the same answers on the copies (Zhang et "
        "al., 2019). The number is the ε of these attacks.",
    ),
    "level-set": Term(
        "Level set", "the training of the paper that this program is about",
        "it pushes the network's boundary away from the images (Controlling Neural Level Sets, "
        "Atzmon et al., 2019). The number is the ε it asks for.", "Sec. 5.2",
    ),
    "ibp": Term(
        "IBP", "interval bound propagation",
        "training that follows through all layers, as intervals, what any change within the box "
        "can do, and keeps the answer right for all of it (Gowal et al., 2019).",
    ),
    "crown_ibp": Term(
        "CROWN-IBP", "IBP with tighter bounds",
        "straight lines bound what the layers can do, beside the intervals (Zhang et al., 2020).",
    ),
    "mma": Term(
        "MMA", "max-margin adversarial training",
        "each image is attacked only as far as its own boundary, and that distance is made large "
        "(Ding et al., 2020).",
    ),
    "fast": Term(
        "Fast", "adversarial training in one step",
        "like Madry's, but each attack is a single step from a random start (Wong et al., 2020).",
    ),
    "diverse_attacks": Term(
        "Diverse attacks", "adversarial training against a network that attacks",
        "a second network learns to make many different attacks (Jang et al., 2019).",
    ),
    "kernelized_manifolds": Term(
        "Kernelized manifolds", "a network with radial functions",
        "its layers answer to how near their input is to learned centres, so that small changes "
        "should matter little (Taghanaki et al., 2019).",
    ),
    "hinge": Term(
        "Hinge", "the loss of a support vector machine",
        "it asks the output F to be at least 1 on the right side. It does not ask how far away the "
        "boundary is.",
    ),
    "mlp": Term(
        "MLP", "a plain network",
        "a multi-layer perceptron: each layer takes weighted sums of the numbers before it.",
    ),
    "false_position": Term(
        "false position", "a search on a segment",
        "it goes from x towards a place on the other side, along a straight line, until F is 0.",
    ),
    "convnet4": Term(
        "ConvNet-4", "a small network for images",
        "four layers of convolutions and three fully connected ones; 4a is for grey images, 4b "
        "for colour.",
    ),
    "apgd_ce": Term(
        "APGD-CE", "the first attack of AutoAttack",
        "PGD on cross-entropy that finds the length of its steps by itself.",
    ),
    "apgd_t": Term(
        "APGD-T", "the second attack of AutoAttack",
        "the same on the difference of two logits (DLR), aimed at one wrong class after another.",
    ),
    "fab_t": Term(
        "FAB-T", "the third attack of AutoAttack",
        "it looks for the smallest change that makes the answer a certain wrong class.",
    ),
    "square": Term(
        "Square", "the fourth attack of AutoAttack",
        "it tries random squares of pixels and keeps those that help. It needs no gradient.",
    ),
    "dlr": Term(
        "DLR", "difference of logits ratio",
        "the right class's logit minus the largest other one, over a difference of the largest "
        "logits. So it does not depend on how large they are.",
    ),
    "state_dict": Term(
        "state dict", "the weights of a network by name",
        "as PyTorch saves them. It does not say how the network is built.",
    ),
    "safetensors": Term(
        "safetensors", "a file format for numbers",
        "it holds weights and nothing that could run.",
    ),
    "onnx": Term(
        "ONNX", "a file format for networks",
        "weights and how they are combined, for programs of all kinds.",
    ),
    "temperature": Term(
        "temperature", "what logits are divided by",
        "the answers stay the same, but softmax is no longer exactly 0 or 1 and cross-entropy has "
        "a gradient again.",
    ),
    "saturated": Term(
        "saturated logits", "outputs so large that softmax is exactly 0 or 1",
        "then cross-entropy is flat, and an attack that follows it has no direction to go.",
    ),
    "any_box": Term(
        "any-box attack", "PGD in larger and larger boxes",
        "ε goes from 0.1 up to 1 until the answer flips.",
    ),
    "winding_number": Term(
        "winding number", "how often the points surround a place",
        "about 1 inside a closed surface and 0 outside, also where the points are noisy.",
    ),
    "octaves": Term(
        "octaves", "sines and cosines of the coordinates as inputs",
        "each octave doubles the frequency, so more of them can show finer detail.",
    ),
    "eq13": Term(
        "Eq. 13", "the loss of a reconstruction",
        "F is to be 0 on the points, and elsewhere |F| is to be the distance to the nearest point.",
        "Sec. 3.3",
    ),
    "muon": Term(
        "Muon", "an optimizer",
        "as Adam it decides how far the weights move in a step, for the matrices between layers.",
    ),
}  # fmt: skip


def markdown() -> str:
    """``docs/glossary.md``."""
    rows = "\n".join(
        f"| {term.symbol} | {term.name} | {term.plain} | {term.where} |"
        for term in GLOSSARY.values()
    )
    return _INTRODUCTION + rows + "\n"


def javascript() -> str:
    """``assets/shared/glossary.js``."""
    terms = {
        key: {"symbol": term.symbol, "name": term.title, "sentence": term.sentence}
        for key, term in GLOSSARY.items()
    }
    return (
        "// Written by `python -m levelset_core.glossary`: change the terms there.\n\n"
        "/** @type {Record<string, { symbol: string, name: string, sentence: string }>} */\n"
        f"export const GLOSSARY = {json.dumps(terms, indent=2, ensure_ascii=False)};\n"
    )


_INTRODUCTION = """# Glossary

The symbols of the app in plain words. The same texts stand beside the symbols on the pages.
Written by `python -m levelset_core.glossary`.

| Symbol | Name | In plain words | Paper |
|---|---|---|---|
"""


def main() -> None:
    """Write both files."""
    (ROOT / "docs" / "glossary.md").write_text(markdown(), "utf-8")
    (ASSETS / "shared" / "glossary.js").write_text(javascript(), "utf-8")


if __name__ == "__main__":
    main()

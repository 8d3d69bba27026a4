"""The options of ``attack``, and which of them go together."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from levelset_core.cli.common import Parser, add_data, add_threads, whole
from levelset_core.errors import LevelsetError

USUAL = "pgd-margin"
#: Images that are enough to see masked gradients.
EXAMINED = 100
#: Images that are shown once with other pixels, to see whether those fit better.
SHOWN = 1000
#: Images of every point of a curve.
CURVE_IMAGES = 200
CURVES = ("pgd-strong", "pgd-margin", "pgd-xent")


def add_options(attack: Parser) -> None:
    """Add the options."""
    attack.add_argument(
        "model", metavar="MODEL", nargs="+",
        help=".safetensors, a .pt/.pth/.ckpt state dict, .onnx, or a .pt2 of torch.export; several "
        "are ranked on the same images",
    )  # fmt: skip
    add_data(attack)
    attack.add_argument(
        "--attack", help="pgd-xent, pgd-margin, pgd-worst (both, with restarts), pgd-strong (three "
        f"losses, shrinking steps), autoattack or clean (default: {USUAL})",
    )  # fmt: skip
    _add_strength(attack)
    _add_images(attack)
    attack.add_argument(
        "--arch", help="architecture of a state dict: convnet4a, convnet4b or resnet18 (default: "
        "which fits)",
    )  # fmt: skip
    attack.add_argument(
        "--mean", type=float, nargs="+", metavar="M",
        help="with --std: the model wants (pixel - mean) / std, one number or one a channel "
        "(default: for a file that does not say it, the usual ones are tried on the first images)",
    )  # fmt: skip
    attack.add_argument("--std", type=float, nargs="+", metavar="S", help="see --mean")
    attack.add_argument(
        "--channels", type=int, choices=(1, 3),
        help="of the images in a folder of class folders (default: as the files have it)",
    )  # fmt: skip
    add_threads(attack)
    attack.add_argument(
        "--examine", action="store_true",
        help="look for what makes attacks mislead instead (masked gradients, probabilities, noise, "
        "wrong pixels, ...), on 100 images unless --limit says otherwise",
    )  # fmt: skip
    attack.add_argument(
        "--others", nargs="*", default=[], metavar="FILE",
        help="with --examine: more models; images attacked on them are shown to MODEL",
    )  # fmt: skip
    attack.add_argument(
        "--curves", action="store_true",
        help="the attacks of the curves over epsilon and over steps, pgd-strong and the paper's "
        f"with both losses, or --attack's alone, on {CURVE_IMAGES} images unless --limit says "
        "otherwise",
    )  # fmt: skip
    attack.add_argument(
        "--min-norm", action="store_true",
        help="how far the nearest adversarial image is in --norm, by three searches: the accuracy "
        f"at every epsilon at once, on {EXAMINED} images unless --limit says otherwise",
    )  # fmt: skip
    attack.add_argument(
        "--card", action="store_true", help="keep what was found in the card beside MODEL"
    )
    attack.add_argument(
        "--stored", action="store_true",
        help="attack nothing: take the figures of this attack from the cards, and rank them",
    )  # fmt: skip
    attack.add_argument(
        "--resume", type=Path, metavar="FILE",
        help="keep the work in FILE as it goes, and go on from it; it may be about fewer images",
    )  # fmt: skip


def _add_strength(attack: Parser) -> None:
    attack.add_argument(
        "--eps", type=float, help="half the side of the box (default: 0.3 grey, 0.031 in colour), "
        "or with --norm l2 the radius (2 and 0.5)",
    )  # fmt: skip
    attack.add_argument("--norm", default="linf", help="of the distance from the image: linf or l2")
    attack.add_argument(
        "--step", type=float, help="step size of PGD, of pgd-strong the first (default: as in the "
        "paper; pgd-strong: twice eps)",
    )  # fmt: skip
    attack.add_argument(
        "--steps", type=int, help="steps of PGD (default: 40 grey, 20 in colour; pgd-strong: 50)"
    )
    attack.add_argument(
        "--restarts", type=int, help="starts of PGD (default: 1; pgd-worst: 10; of pgd-strong "
        "rounds of its losses: 1)",
    )  # fmt: skip
    attack.add_argument(
        "--eot", type=whole(1), help="average each gradient over so many draws, and the accuracy "
        "over as many or more: for networks with random parts (default: 1)",
    )  # fmt: skip


def _add_images(attack: Parser) -> None:
    attack.add_argument(
        "--limit", type=whole(1), help="attack the first LIMIT test images (default: all)"
    )
    attack.add_argument(
        "--subset-seed", type=whole(0), metavar="SEED",
        help="with --limit: not the first images, but as many drawn at random by this seed",
    )  # fmt: skip
    attack.add_argument(
        "--save-images", type=Path, metavar="FILE.npz",
        help="keep the images that the attack broke, and a sheet of them beside, FILE.png",
    )  # fmt: skip


def check_together(options: Namespace, given: dict[str, Any], names: tuple[str, ...]) -> None:
    """Refuse options that contradict each other, before any work."""
    if options.curves and (options.examine or given or options.attack not in (None, *CURVES)):
        raise LevelsetError(
            "--curves has attacks of its own: leave out --examine, --attack, --"
            + ", --".join(names) + "."
        )  # fmt: skip
    if options.subset_seed is not None and options.limit is None:
        raise LevelsetError("--subset-seed draws --limit images: say how many.")
    modes = {"--examine": options.examine, "--curves": options.curves,
             "--min-norm": options.min_norm}  # fmt: skip
    keeps = {"--resume": options.resume, "--save-images": options.save_images}
    asked = [name for name, was in modes.items() if was]
    if len(asked) > 1:
        raise LevelsetError(f"{asked[0]} and {asked[1]} do not go together.")
    if options.min_norm and (options.attack or given or options.card):
        raise LevelsetError(
            "--min-norm is no attack at one epsilon: leave out its options, --card."
        )
    wrong = [name for name, was in {**modes, **keeps}.items() if was]
    if len(options.model) > 1 and wrong:
        raise LevelsetError(f"{wrong[0]} takes one model, not {len(options.model)}.")
    if asked and any(keeps.values()):
        raise LevelsetError("--resume and --save-images are for one attack: leave out the others.")

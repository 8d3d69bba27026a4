"""What papers reported for their networks, and what AutoAttack left of them later.

MNIST, L_inf, epsilon 0.3. Both columns are those of the list kept by AutoAttack's authors
(https://github.com/fra31/auto-attack), read in November 2026; reported figures may be of a part of
the test images.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "https://github.com/fra31/auto-attack"


@dataclass(frozen=True)
class Claim:
    """A network's robust accuracy in percent, as reported and under AutoAttack.

    Attributes:
        name: of the method.
        paper: authors and year.
        own: the network of the paper that this program is about.
    """

    name: str
    paper: str
    reported: float
    autoattack: float
    own: bool = False


CLAIMS = (
    Claim("Level set", "Atzmon et al., 2019", 97.35, 90.85, own=True),
    Claim("CROWN-IBP", "Zhang et al., 2020", 96.38, 93.96),
    Claim("TRADES", "Zhang et al., 2019", 95.60, 92.81),
    Claim("Diverse attacks", "Jang et al., 2019", 94.61, 87.99),
    Claim("IBP", "Gowal et al., 2019", 93.88, 92.83),
    Claim("MMA", "Ding et al., 2020", 92.59, 91.40),
    Claim("Madry", "Madry et al., 2018", 89.62, 88.50),
    Claim("Fast", "Wong et al., 2020", 88.77, 82.88),
    Claim("Kernelized manifolds", "Taghanaki et al., 2019", 64.25, 0.0),
)

"""Networks F and their initializations."""

from levelset_core._moved import moved
from levelset_core.networks.activations import ACTIVATIONS, Activation
from levelset_core.networks.atlasnet import AtlasNet
from levelset_core.networks.encoding import PositionalEncoding
from levelset_core.networks.export import loading_snippet, save_mlp
from levelset_core.networks.implicit import ImplicitMLP
from levelset_core.networks.initialization import INITIALIZATIONS, initialize
from levelset_core.networks.local import LocalFeatures
from levelset_core.networks.mlp import MLP

__all__ = [
    "ACTIVATIONS",
    "INITIALIZATIONS",
    "MLP",
    "Activation",
    "AtlasNet",
    "ImplicitMLP",
    "LocalFeatures",
    "PositionalEncoding",
    "initialize",
    "loading_snippet",
    "save_mlp",
]

__getattr__ = moved(
    __name__,
    dict.fromkeys(
        ("Chain", "ExactNetwork", "exact_polygon", "exact_polyhedron"), "levelset_core.exact"
    ),
)

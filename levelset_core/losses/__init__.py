"""Sec. 3 of the paper: losses on level sets, and the baselines beside them."""

from levelset_core.losses.baselines import cross_entropy, elsayed, hinge
from levelset_core.losses.geometric_svm import GeometricSVMTerms, geometric_svm, geometric_svm_terms
from levelset_core.losses.margin import MarginTerms, margin, margin_terms
from levelset_core.losses.reconstruction import (
    ReconstructionTerms,
    reconstruction,
    reconstruction_terms,
)
from levelset_core.losses.signed_distance import along_normals, signed_distance

__all__ = [
    "GeometricSVMTerms",
    "MarginTerms",
    "ReconstructionTerms",
    "along_normals",
    "cross_entropy",
    "elsayed",
    "geometric_svm",
    "geometric_svm_terms",
    "hinge",
    "margin",
    "margin_terms",
    "reconstruction",
    "reconstruction_terms",
    "signed_distance",
]

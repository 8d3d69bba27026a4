"""What a classifier does that misleads whoever attacks it: named findings with their evidence.

The five flags of AutoAttack (Croce and Hein, 2020), the six indicators of attack failure (Pintor et
al., 2022), and what networks themselves do to their outputs and inputs. Thresholds lie between what
honest and failing networks were measured to show; ``docs/masking.md`` has both sides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from levelset_core.attacks.signs import of_attacks, of_gradients, of_outputs
from levelset_core.attacks.signs.finding import Finding


def findings_of(found: Mapping[str, Any], images: int) -> list[Finding]:
    """All that the parts of :func:`levelset_core.attacks.masking.diagnosis_parts` show, causes
    first; parts that are not there say nothing.
    """
    parts: dict[str, Any] = {"images": images, **found}
    rules = (*of_outputs.RULES, *of_gradients.RULES, *of_attacks.RULES)
    findings: list[Finding] = []
    for rule in rules:
        for finding in rule(parts):
            findings.append(finding)
            parts[f"is {finding.name}"] = True
    return findings

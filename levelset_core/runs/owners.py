"""Whose a run is, and what each may do with it: see, or change.

An owner is a name. ``None`` is whoever sits at this machine: nobody else is there, so everything
is seen. The name stands in a file of its own, not among the settings, so that a run that is
shown to others, or sent away as a zip, does not tell it.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: In a run's folder: its owner, and a file that is there while everybody may see it.
OWNER, PUBLIC = "owner", "public"
_LONGEST = 300


@dataclass(frozen=True)
class Viewer:
    """Who looks at runs.

    Attributes:
        owner: the name under which runs are kept; None is this machine.
        admin: sees and changes everything.
    """

    owner: str | None = None
    admin: bool = False

    @property
    def sees_all(self) -> bool:
        """Whether nothing is hidden."""
        return self.owner is None or self.admin

    def owns(self, owner: str | None) -> bool:
        """Whether what belongs to ``owner`` is this one's to change."""
        return self.sees_all or owner == self.owner


def owner_of(folder: Path) -> str | None:
    """Whose run a folder is; None where it was made without owners."""
    with suppress(OSError, UnicodeDecodeError):
        return (folder / OWNER).read_text(encoding="utf-8")[:_LONGEST] or None
    return None


def owner_key(owner: str) -> str:
    """A folder name that stands for an owner: 24 hexadecimal digits of BLAKE2b."""
    return hashlib.blake2b(owner.encode(), digest_size=12).hexdigest()

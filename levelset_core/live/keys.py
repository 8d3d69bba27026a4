"""What a link to a session lets its holder do: take part, watch, or copy it.

A session has one secret, its token. The keys of weaker links are made from it by HMAC-SHA256, so
that nobody who holds one can work out another, and a session that comes back has the same links.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True)
class Keys:
    """The keys of one session.

    Attributes:
        id: of the session, in the address of everybody who takes part.
        token: needed beside it to open the live connection.
    """

    id: str
    token: str

    @property
    def watch(self) -> str:
        """Stands for ``id`` in links that only watch."""
        return self._made_for("watch")

    @property
    def watch_token(self) -> str:
        """Stands for ``token`` there: what comes with it may change nothing."""
        return self._made_for("watch token")

    @property
    def joint(self) -> str:
        """Stands for ``id`` in links whose holder takes part, where sessions have owners."""
        return self._made_for("joint")

    @property
    def copy(self) -> str:
        """In links whose holder gets a session of his own, which begins as a copy."""
        return self._made_for("copy")

    def _made_for(self, purpose: str) -> str:
        digest = hmac.digest(self.token.encode(), f"{purpose} {self.id}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:15]).decode()

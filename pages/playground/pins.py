"""Pictures side by side: kept states and their margins."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from levelset_core.data import BOUNDS
from pages.shared.front_end import front_end

_component = front_end("levelset_pins", "playground/pins")


#: A session's picture, and its points.
Kept = tuple[bytes, list[list[float]]]


def pictures(shown: Sequence[tuple[str, Kept]], key: str = "kept_pictures") -> None:
    """Draw pictures side by side, their margins on one scale.

    Args:
        shown: (title, picture) each.
        key: of the component.
    """
    panels = [
        {"title": title, "picture": base64.b64encode(picture).decode(), "points": points}
        for title, (picture, points) in shown
    ]
    _component(key=key, data={"panels": panels, "bounds": list(BOUNDS)})

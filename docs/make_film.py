"""The film on the first page: ``python -m docs.make_film``.

The four panels of Figure 1 train on its points from seed 0. What the playground's canvas would be
sent is stored, frame after frame, and the same code plays it. Frames are close together at first,
where most happens: frame k of n shows step LAST (k / (n - 1))^2.
"""

from __future__ import annotations

import gzip
import json

import numpy as np

from levelset_core.live import PlaygroundState, frames
from levelset_core.live.session import WorkerSession
from levelset_core.live.state import Preset
from levelset_core.paths import ASSETS
from levelset_core.playground import PlaygroundConfig

TARGET = ASSETS / "home" / "hero" / "figure_1.film"
SEED, FRAMES, LAST, GRID = 0, 60, 1500, 49
#: Beyond it colours do not change; steps between 0 and it: so many that contours look smooth,
#: so few that the film is small.
HIGHEST, LEVELS = 3.0, 1024


def main() -> None:
    """Train, and write the film."""
    frames.quantize_field = coarse
    state = PlaygroundState.from_preset(
        Preset("figure_1", 24, 0.0, SEED), config=PlaygroundConfig(seed=SEED), compare=True
    )
    session = WorkerSession(state, 1, False)
    session.set_view({"field": GRID, "overlays": ["margins"]})
    film, done = [], 0
    for step in sorted({round(LAST * (k / (FRAMES - 1)) ** 2) for k in range(FRAMES)}):
        while done < step:
            session.control("step")
            done += 1
        film.append(session.frame())
    head = json.dumps({"points": state.points.to_rows()}).encode()
    parts = [len(part).to_bytes(4, "little") + part for part in (head, *film)]
    # No time in it: the same frames are the same file.
    content = gzip.compress(b"".join(parts), 9, mtime=0)
    TARGET.write_bytes(content)
    print(f"{TARGET.name}: {len(film)} frames, {len(content) / 1e3:.0f} kB")


def coarse(field: np.ndarray) -> tuple[np.ndarray, float]:
    """F on the grid in steps that a compressor can use, as int16, and the length of a step."""
    field = np.clip(field, -HIGHEST, HIGHEST)
    scale = float(np.abs(field).max()) / LEVELS
    return np.round(field / scale).astype(np.int16), scale


if __name__ == "__main__":
    main()

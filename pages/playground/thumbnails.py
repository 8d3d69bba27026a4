"""A small picture of each data set, to choose by.

The files in ``assets/playground/thumbnails`` are written from here:

    python -m pages.playground.thumbnails
"""

from __future__ import annotations

from levelset_core.data import BOUNDS, PRESETS, make_points
from levelset_core.paths import ASSETS
from pages.shared.front_end import asset_address

FOLDER = "playground/thumbnails"
WIDTH = HEIGHT = 48
COUNT, NOISE = 44, 0.04
#: Readable on light and on dark ground. Shape tells the classes apart too.
PLUS, MINUS = "#3d8fd1", "#e0812c"


def drawing(preset: str) -> str:
    """An SVG of a preset's points."""
    points = make_points(preset, COUNT, 0.0 if preset == "figure_1" else NOISE)
    low, high = BOUNDS[:2]  # of both axes
    marks = []
    for (x, y), label in zip(points.xy, points.labels, strict=True):
        u, v = (x - low) / (high - low) * WIDTH, (high - y) / (high - low) * HEIGHT
        if label > 0:
            marks.append(f'<circle cx="{u:.1f}" cy="{v:.1f}" r="1.7" fill="{PLUS}"/>')
        else:
            place = f'x="{u - 1.5:.1f}" y="{v - 1.5:.1f}" width="3" height="3"'
            marks.append(f'<rect {place} fill="{MINUS}"/>')
    return _svg("".join(marks))


def own_drawing() -> str:
    """An SVG that stands for points drawn by hand."""
    line = '<path d="M12 36l3-9 18-18 6 6-18 18zM30 12l6 6" fill="none" stroke="#8a93a1" '
    return _svg(line + 'stroke-width="2.4" stroke-linejoin="round"/>')


def _svg(content: str) -> str:
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{content}</svg>\n'


def pictures() -> dict[str, str]:
    """All of them, by the name of the data set."""
    return {**{name: drawing(name) for name in PRESETS}, "drawing": own_drawing()}


def captioned(name: str, title: str) -> str:
    """Markdown of a data set's picture and its title."""
    return f"![]({asset_address(f'{FOLDER}/{name}.svg')}) {title}"


def main() -> None:
    """Write the files."""
    folder = ASSETS / FOLDER
    folder.mkdir(exist_ok=True)
    for name, text in pictures().items():
        (folder / f"{name}.svg").write_text(text, "utf-8")


if __name__ == "__main__":
    main()

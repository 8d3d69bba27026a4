"""OFF: what trimesh's reader takes on trust is checked before."""

from __future__ import annotations

from levelset_core.errors import LevelsetError


def check_off(data: bytes, label: str) -> None:
    """Refuse faces that have other corners than they claim; a colour may follow them.

    Raises:
        LevelsetError: names the first such face.
    """
    said = [line.partition("#")[0] for line in data.decode("latin-1").splitlines()]
    text = "\n".join(said).partition("OFF")[2]
    lines = [words for line in text.splitlines() if (words := line.split())]
    try:
        vertices, faces = (int(word) for word in lines[0][:2])
    except (IndexError, ValueError):
        return  # no OFF at all: its reader says so
    if min(vertices, faces) < 0 or len(lines) <= vertices + faces:
        raise LevelsetError(
            f"{label}: the file is cut off, it declares {vertices:,} vertices and {faces:,} faces "
            f"but has {len(lines) - 1:,} lines of them."
        )
    for k, (word, *corners) in enumerate(lines[vertices + 1 : vertices + faces + 1], 1):
        claimed = word[:20]
        if not claimed.isdecimal() or int(claimed) > len(corners):
            raise LevelsetError(
                f"{label}: face {k:,} claims {claimed} corners, but its line has {len(corners):,}."
            )

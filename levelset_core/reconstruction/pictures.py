"""High-quality stills and films of surfaces: PyVista off screen, in a process of its own.

Where VTK finds neither EGL nor OSMesa it ends the whole process, so the page must not draw itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from levelset_core.errors import LevelsetError
from levelset_core.geometry import Mesh, Polyline
from levelset_core.geometry.meshes import in_space
from levelset_core.paths import child_environment

#: Longest side of a picture in pixels, and most frames of a film.
MAX_SIZE, MAX_FRAMES = 4096, 720
FORMATS = (".png", ".mp4")
_NOTHING_DRAWS = (
    "This machine cannot draw without a screen: VTK found neither EGL nor OSMesa. Install them "
    "(on Debian: libegl1 and libgl1-mesa-dri), or take the viewer's own PNG and GIF."
)


@dataclass(frozen=True)
class Camera:
    """Where a picture is taken from; ``angle`` is that of the height, in degrees."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 1.0, 0.0)
    angle: float = 35.0


@dataclass(frozen=True, eq=False)
class Drawn:
    """One thing in a picture.

    Attributes:
        shape: a surface, a polyline, drawn as a tube, or points, (n, 3).
        colour: of all of it, "#rrggbb", unless a surface has ``values``.
        opacity: 0 to 1.
        label: of the values, for the legend.
        limits: of the colours.
        diverging: colours that grow from the middle to both sides.
    """

    shape: Mesh | Polyline | np.ndarray
    colour: str = "#7ea6cf"
    opacity: float = 1.0
    label: str = ""
    limits: tuple[float, float] | None = None
    diverging: bool = False

    def arrays(self) -> dict[str, np.ndarray]:
        """What is drawn, by what it is: "faces" are of a surface, "line" is a tube."""
        shape = self.shape
        if isinstance(shape, Polyline):
            return {"line": in_space(shape.whole)}
        if not isinstance(shape, Mesh):
            return {"points": in_space(shape)}
        found = {"points": shape.vertices, "faces": shape.faces, "normals": shape.vertex_normals}
        return found if shape.values is None else found | {"values": shape.values}


class Rendering:
    """A picture, or a film of one turn, that is being drawn.

    Args:
        path: where it goes, ending in .png or .mp4.
        things: what is in it.
        camera: where from; a film turns once around its ``target``.
        size: width and height in pixels.
        frames: of a film.
        background: "#rrggbb".

    Raises:
        LevelsetError: nothing to draw, an unknown format, or a size or a number out of range.
    """

    def __init__(
        self,
        path: Path,
        things: Sequence[Drawn],
        camera: Camera,
        *,
        size: tuple[int, int] = (1920, 1080),
        frames: int = 90,
        background: str = "#ffffff",
    ) -> None:
        if path.suffix not in FORMATS:
            raise LevelsetError(f"Pictures end in {' or '.join(FORMATS)}, not {path.suffix!r}.")
        drawn = [thing.arrays() for thing in things]
        if not any(len(array) for arrays in drawn for array in arrays.values()):
            raise LevelsetError("There is nothing to draw.")
        if not (min(size) >= 16 and max(size) <= MAX_SIZE and 2 <= frames <= MAX_FRAMES):
            raise LevelsetError(
                f"Sides are 16 to {MAX_SIZE} pixels and films 2 to {MAX_FRAMES} frames, got "
                f"{size[0]} x {size[1]} and {frames}."
            )
        self.path = path
        self._folder = folder = Path(tempfile.mkdtemp(prefix="levelset-picture-"))
        every = {f"{name}{k}": a for k, arrays in enumerate(drawn) for name, a in arrays.items()}
        np.savez(folder / "arrays.npz", **every)  # type: ignore[arg-type]
        about = [{f: v for f, v in vars(thing).items() if f != "shape"} for thing in things]
        job = {
            "target": str(path.absolute()), "things": about, "camera": asdict(camera),
            "size": size, "frames": frames, "background": background,
        }  # fmt: skip
        (folder / "job.json").write_text(json.dumps(job))
        environment = child_environment(os.cpu_count() or 1)
        environment.pop("DISPLAY", None)  # with a display VTK would open a window on it
        with (folder / "log.txt").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "levelset_core.reconstruction.render_process", str(folder)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            )  # fmt: skip

    @property
    def running(self) -> bool:
        """Whether it is still being drawn."""
        return self._process.poll() is None

    @property
    def fraction(self) -> float:
        """How much is drawn, 0 to 1."""
        if not self._folder.is_dir():
            return 1.0
        try:
            return float((self._folder / "fraction").read_text())
        except (OSError, ValueError):
            return 0.0

    def wait(self, timeout: float = 600.0) -> Path:
        """The finished file.

        Raises:
            LevelsetError: this machine cannot draw, drawing failed, or it took too long.
        """
        problem = _NOTHING_DRAWS
        try:
            code = self._process.wait(timeout)
            if (self._folder / "problem").exists():
                problem = (self._folder / "problem").read_text()
        except subprocess.TimeoutExpired:
            code, problem = -1, f"The picture was not drawn within {timeout:g} s: make it smaller."
        self.stop()
        if code != 0:
            raise LevelsetError(problem)
        return self.path

    def stop(self) -> None:
        """End it, if it has not ended."""
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

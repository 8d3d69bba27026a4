"""Draws one picture or film: ``python -m levelset_core.reconstruction.render_process FOLDER``.

Started by :class:`levelset_core.reconstruction.pictures.Rendering`, which wrote the folder.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from levelset_core.errors import optional

#: As in the viewer: blue to orange, cividis otherwise.
DIVERGING = ["#2166ac", "#67a9cf", "#bed6e8", "#f7f6f4", "#f6d2ab", "#ef9648", "#b35806"]
FRAME_RATE = 30
TUBE = 0.006  # radius, of the size
#: A pixel; VTK's "ssaa" is four times slower without a graphics card, and no finer to the eye.
SAMPLES = 8


def main() -> int:
    """Draw what the folder's ``job.json`` asks for."""
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text())
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        plotter = build(job, dict(arrays))
    target = Path(job["target"])
    partial = target.with_name(f".{target.name}.{os.getpid()}{target.suffix}")
    try:
        if target.suffix == ".png":
            plotter.screenshot(str(partial))
        else:
            film(plotter, partial, job["frames"], folder / "fraction")
        partial.replace(target)
    except Exception as error:
        partial.unlink(missing_ok=True)
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        (folder / "problem").write_text(f"The picture could not be made: {reason}.")
        raise
    return 0


def build(job: dict[str, Any], arrays: dict[str, np.ndarray]) -> Any:
    """The scene, ready to be drawn."""
    pyvista = optional("pyvista", "viewer")

    plotter: Any = pyvista.Plotter(off_screen=True, window_size=list(job["size"]))
    plotter.background_color = job["background"]
    for k, thing in enumerate(job["things"]):
        options: dict[str, Any] = {"color": thing["colour"], "opacity": thing["opacity"]}
        shape = _shape(pyvista, k, arrays)
        if f"values{k}" in arrays:
            shape["values"] = arrays[f"values{k}"]
            options |= {
                "scalars": "values", "clim": thing["limits"], "color": None,
                "cmap": _diverging() if thing["diverging"] else "cividis",
                "scalar_bar_args": {
                    "title": thing["label"], "color": _ink(job["background"]), "vertical": True,
                    "position_x": 0.91, "position_y": 0.08, "height": 0.45, "width": 0.05,
                    "n_labels": 5, "fmt": "%.3g",
                },
            }  # fmt: skip
        if f"points{k}" in arrays and f"faces{k}" not in arrays:
            options |= {"render_points_as_spheres": True, "point_size": job["size"][1] / 200}
        else:
            options |= {"smooth_shading": True, "specular": 0.25, "specular_power": 20}
        plotter.add_mesh(shape, **options)
    camera = job["camera"]
    plotter.camera.position = camera["position"]
    plotter.camera.focal_point = camera["target"]
    plotter.camera.up = camera["up"]
    plotter.camera.view_angle = camera["angle"]
    plotter.reset_camera_clipping_range()
    if any(thing["opacity"] < 1 for thing in job["things"]):
        # Sorting what is translucent, pixel by pixel, and several samples a pixel exclude
        # one another.
        plotter.enable_depth_peeling(8)
        plotter.enable_anti_aliasing("fxaa")
    else:
        plotter.enable_anti_aliasing("msaa", multi_samples=SAMPLES)
    return plotter


def _shape(pyvista: Any, k: int, arrays: dict[str, np.ndarray]) -> Any:
    if f"line{k}" in arrays:
        line = arrays[f"line{k}"]
        size = float(np.linalg.norm(np.ptp(line, axis=0)))
        return pyvista.lines_from_points(line).tube(radius=TUBE * size, n_sides=24)
    if f"faces{k}" not in arrays:
        return pyvista.PolyData(arrays[f"points{k}"])
    surface = pyvista.make_tri_mesh(arrays[f"points{k}"], arrays[f"faces{k}"])
    surface.point_data.active_normals = arrays[f"normals{k}"]
    return surface


def film(plotter: Any, path: Path, frames: int, told: Path) -> None:
    """One turn of the camera around its target, H.264 in MP4."""
    imageio = optional("imageio.v2", "viewer")

    # Sides of a film are even numbers.
    width, height = (2 * (side // 2) for side in plotter.window_size)
    writer: Any = imageio.get_writer(path, fps=FRAME_RATE, quality=8, macro_block_size=2)
    with writer:
        for k in range(frames):
            plotter.reset_camera_clipping_range()
            plotter.render()
            writer.append_data(plotter.screenshot(return_img=True)[:height, :width])
            told.write_text(str((k + 1) / frames))
            plotter.camera.Azimuth(360 / frames)


def _diverging() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("levelset", DIVERGING)


def _ink(background: str) -> str:
    """Black or white, whichever is read on the background."""
    red, green, blue = (int(background[i : i + 2], 16) for i in (1, 3, 5))
    return "#14161b" if 0.3 * red + 0.59 * green + 0.11 * blue > 128 else "#f5f6f8"


if __name__ == "__main__":
    sys.exit(main())

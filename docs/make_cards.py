"""The pictures of the tools on the first page: ``python -m docs.make_cards [NAME ...]``.

Each is made by the project itself, from seed 0, and shows what its page does. None has words in it,
and all have a clear ground: they lie on light pages and on dark ones. Needs matplotlib, and PyVista
for the surface (requirements-dev.txt, the extra "viewer"); all of them take about five minutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import torch
from PIL import Image

from levelset_core.attacks import pgd
from levelset_core.attacks.cross_section import cross_section, make_axes
from levelset_core.classifiers.files import load_classifier
from levelset_core.data import BOUNDS
from levelset_core.data.images import load_images
from levelset_core.data.samples import load_sample
from levelset_core.exact import exact_polygon
from levelset_core.exact.network import edges, linear_layers
from levelset_core.live.state import Preset
from levelset_core.paths import ASSETS, ROOT
from levelset_core.playground import PlaygroundConfig, PlaygroundTrainer
from levelset_core.reconstruction import ReconstructionConfig, ReconstructionTrainer

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

TARGET = ASSETS / "home" / "pictures"
SEED = 0
#: Seen well on white and on black.
BLUE, ORANGE, GREY, LINE = "#3b8bcc", "#e08a35", "#8a94a3", "#78828f"
WIDTH, HEIGHT = 960, 540


def canvas(columns: int = 1, widths: list[float] | None = None) -> tuple[plt.Figure, list[Axes]]:
    """An empty picture of so many parts, without any frame."""
    figure, axes = plt.subplots(
        1, columns, figsize=(WIDTH / 200, HEIGHT / 200), squeeze=False,
        gridspec_kw={"left": 0, "right": 1, "bottom": 0, "top": 1, "wspace": 0.04,
                     "width_ratios": widths or [1.0] * columns},
    )  # fmt: skip
    for place in axes[0]:
        place.set_axis_off()
    return figure, list(axes[0])


def save(figure: plt.Figure, name: str) -> None:
    """As a small file, twice as fine as it is shown."""
    png = TARGET / f"{name}.png"
    figure.savefig(png, dpi=200, transparent=True)
    plt.close(figure)
    as_webp(png)


def as_webp(png: Path) -> None:
    """The file instead of the PNG."""
    with Image.open(png) as picture:
        picture.save(png.with_suffix(".webp"), quality=80, method=6, alpha_quality=80)
    png.unlink()


def shaded(values: np.ndarray, full: float) -> np.ndarray:
    """Blue where positive, orange where negative, clear at 0; (h, w) -> (h, w, 4)."""
    picture = np.empty((*values.shape, 4))
    picture[..., :3] = np.where(values[..., None] >= 0, to_rgb(BLUE), to_rgb(ORANGE))
    picture[..., 3] = 0.62 * np.tanh(np.abs(values) / full)
    return picture


def playground() -> None:
    """Figure 1's points, each in the disc that Eq. 12 keeps free."""
    points = Preset("figure_1", 24, 0.0, SEED).points()
    config = PlaygroundConfig(objective="margin_l2", seed=SEED)
    trainer = PlaygroundTrainer(config, points)
    while trainer.step < 1500:
        next(trainer)
    field = trainer.field(257)
    figure, (place,) = canvas()
    place.imshow(shaded(field, 1.0), origin="lower", extent=BOUNDS, interpolation="bilinear")
    place.contour(np.linspace(*BOUNDS[:2], 257), np.linspace(*BOUNDS[2:], 257), field, [0.0],
                  colors=[LINE], linewidths=3)  # fmt: skip
    for x, y, label in points.to_rows():
        colour = BLUE if label > 0 else ORANGE
        place.add_patch(plt.Circle((x, y), config.epsilon, fill=False, ec=colour, lw=1.2))
        place.plot(x, y, "o" if label > 0 else "s", ms=7, mfc=colour, mec="white", mew=1.2)
    place.set(xlim=(-1.5, 1.5), ylim=(-0.6, 1.09), aspect="equal")
    save(figure, "playground")


def reconstruction() -> None:
    """A surface, and its neighbours in the level family, cut open."""
    import pyvista

    cloud, _ = load_sample("bunny")
    config = ReconstructionConfig.preset("quick", steps=400, seconds=None, seed=SEED)
    trainer = ReconstructionTrainer(config, cloud, threads=1)
    for _ in trainer:
        pass
    low, high = cloud.points.min(0), cloud.points.max(0)
    longest, middle = float((high - low).max()), (low + high) / 2
    plotter = pyvista.Plotter(off_screen=True, window_size=[2 * WIDTH, 2 * HEIGHT])
    for level, colour in ((0.0, "#f3efe9"), (0.035, ORANGE), (0.07, "#7db4e6"), (0.105, BLUE)):
        mesh = trainer.extract_mesh(160, level=level * longest)
        faces = np.insert(mesh.faces, 0, 3, axis=1)
        shell = pyvista.PolyData(mesh.vertices, faces)
        if level:
            shell = shell.clip(normal=(-0.25, 0.0, 1.0), origin=middle)
        plotter.add_mesh(
            shell.compute_normals(), color=colour, smooth_shading=True, ambient=0.35, specular=0.15
        )
    plotter.camera_position = [middle + longest * np.array([-0.55, 0.5, 2.0]), middle, (0, 1, 0)]
    plotter.camera.view_angle = 34
    png = TARGET / "reconstruction.png"
    plotter.screenshot(png, transparent_background=True)
    with Image.open(png) as picture:
        picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(png)
    as_webp(png)


def exact() -> None:
    """A star with a hole as level set, and the network that draws it."""
    turns = np.arange(10) * np.pi / 5 + np.pi / 2
    star = np.stack([np.cos(turns), np.sin(turns)], 1) * np.tile([1.0, 0.46], 5)[:, None]
    e = exact_polygon([star])
    figure, (left, right) = canvas(2, [1.0, 1.0])
    axis = np.linspace(-1.25, 1.25, 300)
    grid = torch.as_tensor(np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2))
    with torch.no_grad():
        values = e.network(grid).reshape(300, 300).numpy()
    left.imshow(shaded(values, 0.35), origin="lower", extent=(-1.25, 1.25) * 2)
    left.contour(axis, axis, values, np.arange(-0.4, 0.61, 0.1), colors=[GREY], linewidths=0.6)
    left.fill(*star.T, fill=False, ec=LINE, lw=3)
    left.set(xlim=(-1.15, 1.15), ylim=(-1.05, 1.25), aspect="equal")
    layers = linear_layers(e.network)
    widths = [layers[0].in_features, *(layer.out_features for layer in layers)]

    def node(layer: int, unit: int) -> tuple[float, float]:
        return layer / (len(widths) - 1), (unit - (widths[layer] - 1) / 2) / max(widths)

    found, _ = edges(e.network, 3000)
    heaviest = max(abs(weight) for *_, weight in found)
    for layer, row, column, weight in found:
        (x0, y0), (x1, y1) = node(layer, column), node(layer + 1, row)
        right.plot([x0, x1], [y0, y1], color=BLUE if weight > 0 else ORANGE,
                   lw=0.5 + 1.3 * abs(weight) / heaviest, alpha=0.75)  # fmt: skip
    nodes = np.array([node(k, u) for k, width in enumerate(widths) for u in range(width)])
    right.plot(*nodes.T, "o", ms=5, mfc=GREY, mec="white", mew=0.6)
    right.margins(0.06, 0.08)
    save(figure, "exact")


def robustness() -> None:
    """A digit, the plane through it and the changed one, and the changed one."""
    path = ASSETS / "checkpoints" / "mnist_convnet4a_standard.safetensors"
    f = load_classifier(path).network
    images = load_images("mnist_excerpt", "test").first(64)
    x, y = images.batch(slice(None))
    found = pgd(f, x, y, epsilon=0.15, step=0.02, steps=40)
    k = int(found.broken.nonzero()[0])
    change = found.images[k] - x[k]
    noise = torch.randn(x[k].shape, generator=torch.Generator().manual_seed(SEED))
    axes = make_axes(change, noise.sign() * 0.15)
    reach = 0.3
    plane = cross_section(
        f, x[k], int(y[k]), axes, bounds=(-0.45 * reach, 1.15 * reach, -0.8 * reach, 0.8 * reach),
        resolution=97,
    )  # fmt: skip
    figure, (left, middle, right) = canvas(3)
    for place, image in ((left, x[k]), (right, found.images[k])):
        place.imshow(image[0], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    margin = plane.margin()
    low, high, bottom, top = plane.bounds
    middle.imshow(
        shaded(margin, 4.0), origin="lower", extent=plane.bounds, interpolation="bilinear"
    )
    middle.contour(np.linspace(low, high, 97), np.linspace(bottom, top, 97), margin, [0.0],
                   colors=[LINE], linewidths=3)  # fmt: skip
    end = axes.coordinates(change[None])[0].tolist()
    middle.annotate("", end, (0, 0), arrowprops={"arrowstyle": "->", "color": GREY, "lw": 2})
    middle.plot(0, 0, "o", ms=11, mfc=BLUE, mec="white", mew=1.5)
    middle.plot(*end, "s", ms=10, mfc=ORANGE, mec="white", mew=1.5)
    for place in (left, middle, right):
        place.set_aspect("equal")
    print(f"digit {int(y[k])}, changed: {int(f(found.images[k][None]).argmax())}")
    save(figure, "robustness")


def few_samples() -> None:
    """Figure 2 on MNIST: mean accuracy over the number of images, with its interval."""
    stored = json.loads((ROOT / "docs" / "results" / "generalization_mnist.json").read_text())
    figure, (place,) = canvas()
    for loss, colour, mark in (("xent", GREY, "s"), ("hinge", ORANGE, "^"), ("ours", BLUE, "o")):
        images = np.array([row["fraction"] * stored["total"] for row in stored["rows"]])
        found = [row["losses"][loss] for row in stored["rows"]]
        low, mean, high = (np.array([f[name] for f in found]) for name in ("low", "mean", "high"))
        place.fill_between(images, low, high, color=colour, alpha=0.22, lw=0)
        place.plot(images, mean, color=colour, lw=2.5, marker=mark, ms=7, mec="white", mew=1)
    place.set_xscale("log")
    place.margins(0.06, 0.1)
    low, high = place.get_ylim()
    for level in np.arange(0.65, 1.0, 0.05):
        if low < level < high:
            place.axhline(level, color=GREY, lw=0.6, alpha=0.5, zorder=0)
    save(figure, "few_samples")


def runs() -> None:
    """The loss of a training, Eq. 11 on two moons, that stops half-way and goes on."""
    trainer = PlaygroundTrainer(PlaygroundConfig(seed=SEED), Preset(seed=SEED).points())
    curve = np.log([next(trainer).loss for _ in range(400)])
    smooth = np.convolve(np.pad(curve, 4, mode="edge"), np.ones(9) / 9, mode="valid")
    steps, pause, half = np.arange(len(curve)), 40, len(curve) // 2
    figure, (place,) = canvas()
    for part, shift, colour in ((slice(0, half), 0, GREY), (slice(half, None), pause, BLUE)):
        place.plot(steps[part] + shift, curve[part], color=colour, lw=1, alpha=0.5)
        place.plot(steps[part] + shift, smooth[part], color=colour, lw=3)
    place.axvspan(half, half + pause, color=GREY, alpha=0.18, lw=0)
    place.margins(0.05, 0.12)
    save(figure, "runs")


PICTURES: dict[str, Callable[[], None]] = {
    f.__name__: f for f in (playground, reconstruction, exact, robustness, few_samples, runs)
}


def main() -> None:
    """Make those that are named, or all."""
    torch.set_num_threads(1)
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or PICTURES:
        PICTURES[name]()
        print(name, (TARGET / f"{name}.webp").stat().st_size // 1000, "kB")


if __name__ == "__main__":
    main()

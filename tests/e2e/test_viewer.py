"""The 3D viewer in a real browser, on scenes of its own (viewer_scenes.py)."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.e2e.browsers import focus
from tests.e2e.servers import PATIENCE, ROOT, Server, until

SCENES = ROOT / "tests" / "e2e" / "viewer_scenes.py"


@pytest.fixture(scope="module")
def scenes_url():
    with Server(SCENES) as server:
        yield server.url


class Viewer:
    def __init__(self, page):
        self.page = page
        self.root = page.get_by_test_id("viewer")
        self.canvas = self.root.get_by_test_id("canvas")

    def text(self, name):
        return self.root.get_attribute(f"data-{name}") or ""

    def number(self, name):
        return float(self.text(name) or "nan")

    def camera(self):
        return [float(v) for v in self.text("camera").split()]

    def press(self, name):
        self.root.get_by_test_id(name).click()

    def slide(self, name, part):
        self.root.get_by_test_id(name).evaluate(
            """(e, part) => { e.value = Math.round(part * e.max);
            e.dispatchEvent(new Event("input")); e.dispatchEvent(new Event("change")); }""",
            part,
        )

    def settled(self):
        """All pictures that were asked for are drawn."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 250)))"
        )


@pytest.fixture
def look(browser, scenes_url):
    contexts, errors = [], []

    def open_scene(scene, prepare=lambda page: None, **query):
        context = browser.new_context(viewport={"width": 1000, "height": 760})
        context.set_default_timeout(1000 * PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(error))
        prepare(page)
        asked = "&".join(f"{k}={x}" for k, x in {"scene": scene, **query}.items())
        page.goto(f"{scenes_url}/?{asked}")
        viewer = Viewer(page)
        expect(viewer.root).to_be_visible(timeout=1000 * PATIENCE)
        return viewer

    yield open_scene
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture
def torus(look):
    viewer = look("torus")
    until(lambda: viewer.number("triangles") == 300_000, "300,000 triangles")
    return viewer


def test_the_level_slider_gives_new_surfaces_and_python_hears_of_it(torus):
    before = torus.camera()
    torus.slide("level", 0.7)
    until(lambda: torus.number("level") > 0.05, "a level")
    fat = torus.number("triangles")
    assert 10_000 < fat < 300_000
    torus.slide("level", 0.3)
    until(lambda: torus.number("level") < -0.05, "a level below zero")
    # The area of a torus grows with its minor radius, and so do the cells that it crosses.
    until(lambda: torus.number("triangles") < fat, "a thinner torus")
    level = torus.number("level")
    expect(torus.page.get_by_text(f"Python knows t = {level:.4f}"[:-2])).to_be_visible()
    torus.press("level-reset")
    until(lambda: torus.number("triangles") == 300_000, "the result itself")
    assert torus.camera() == before


def test_the_trim_slider_cuts_where_there_is_no_data_and_python_hears_of_it(look):
    viewer = look("sheet", colour="rgb")
    until(lambda: 100_000 < viewer.number("triangles") < 250_000, "a trimmed surface")
    own, camera = viewer.number("triangles"), viewer.camera()
    assert viewer.number("trim") == 1.5 and viewer.text("mode") == "rgb"
    viewer.slide("trim", 1)
    until(lambda: viewer.number("triangles") == 300_000, "the whole surface")
    expect(viewer.root.get_by_test_id("trim-value")).to_have_text("off")
    expect(viewer.page.get_by_text("trim inf")).to_be_visible()
    viewer.slide("trim", 0.2)
    until(lambda: 100_000 < viewer.number("triangles") < own, "less than the result")
    expect(viewer.page.get_by_text(f"trim {viewer.number('trim'):.4f}"[:-2])).to_be_visible()
    focus(viewer.canvas)
    less = viewer.number("trim")
    viewer.canvas.press("]")
    until(lambda: viewer.number("trim") > less, "the key")
    viewer.press("trim-reset")
    until(lambda: viewer.number("triangles") == own, "the result itself")
    viewer.root.get_by_test_id("colour").select_option("away")
    until(lambda: viewer.text("limits") == "0 3", "colours by the distance to the data")
    viewer.slide("level", 0.7)
    expect(viewer.root.get_by_test_id("trim")).to_be_disabled()
    assert viewer.camera() == camera


def test_the_camera_stays_through_new_data_colours_and_theme(torus):
    box = torus.canvas.bounding_box()
    first = torus.camera()
    torus.page.mouse.move(box["x"] + 200, box["y"] + 200)
    torus.page.mouse.down()
    torus.page.mouse.move(box["x"] + 320, box["y"] + 170, steps=4)
    torus.page.mouse.up()
    torus.page.mouse.wheel(0, -200)
    torus.settled()
    turned = torus.camera()
    assert turned != first
    torus.root.get_by_test_id("colour").select_option("curvature")
    until(lambda: torus.text("mode") == "curvature", "colours")
    shown = torus.text("shown")
    torus.page.get_by_role("button", name="Next").click()
    until(lambda: torus.text("shown") not in ("", shown), "new data")
    torus.page.emulate_media(color_scheme="dark")
    until(lambda: torus.text("theme") == "dark", "the dark theme")
    torus.settled()
    assert torus.camera() == turned
    assert torus.text("mode") == "curvature"


def test_the_plane_cuts_by_mouse_and_by_keyboard(torus):
    torus.press("cut-x")
    until(lambda: torus.text("cut") == "x=0.00000", "a cut through the middle")
    slider = torus.root.get_by_test_id("cut-position")
    focus(slider)
    slider.press("ArrowRight")
    until(lambda: float(torus.text("cut").partition("=")[2]) > 0, "the cut to move")
    torus.press("cut-off")
    until(lambda: torus.text("cut") == "off", "no cut")


def test_everything_by_keyboard(torus):
    focus(torus.canvas)
    torus.canvas.press("1")
    torus.settled()
    x, y, z, *target = torus.camera()
    assert (abs(x - target[0]), abs(y - target[1])) == pytest.approx((0, 0), abs=1e-2)
    assert z > 1
    torus.canvas.press("ArrowLeft")
    torus.settled()
    assert torus.camera()[0] < x - 0.05
    torus.canvas.press("w")
    expect(torus.root.get_by_test_id("wireframe")).to_be_checked()
    torus.canvas.press(".")
    until(lambda: torus.number("level") > 0, "the next level")
    torus.canvas.press("?")
    expect(torus.root.get_by_role("dialog")).to_be_visible()
    torus.canvas.press("Escape")
    expect(torus.root.get_by_role("dialog")).to_be_hidden()


def test_histograms_tell_whether_f_is_a_distance(torus):
    torus.root.get_by_test_id("colour").select_option("gradient")
    summary = torus.root.get_by_test_id("summary")
    expect(summary).to_contain_text("mean")
    mean = float(summary.inner_text().split()[1])
    assert mean == pytest.approx(1, abs=0.01)
    with torus.page.expect_download() as download:
        torus.press("png")
    picture = Image.open(download.value.path()).convert("RGB")
    pixels = np.asarray(picture, dtype=int).reshape(-1, 3)
    # |D_xF| = 1 of a distance is near the bright end of the colours; plain is blue.
    yellow = (pixels[:, 0] > pixels[:, 2] + 40) & (pixels[:, 1] > pixels[:, 2] + 40)
    assert yellow.mean() > 0.05


def test_pictures_as_files(torus):
    torus.root.get_by_test_id("colour").select_option("error")
    files = {}
    for kind in ("png", "gif"):
        with torus.page.expect_download() as download:
            torus.press(kind)
        with open(download.value.path(), "rb") as file:
            files[kind] = Image.open(io.BytesIO(file.read()))
    assert files["png"].width == 2 * torus.canvas.evaluate("e => e.clientWidth")
    colours = files["png"].convert("RGB").getcolors(1 << 24)
    assert len(colours) > 1000
    gif = files["gif"]
    assert (gif.n_frames, gif.size) == (36, (480, 360))
    pictures = set()
    for n in range(0, 36, 9):
        gif.seek(n)
        pictures.add(gif.convert("RGB").tobytes())
    assert len(pictures) == 4
    torus.settled()
    assert torus.number("triangles") == 300_000


def test_two_results_share_one_camera_and_one_scale(look):
    pair = look("pair", colour="error")
    until(lambda: pair.number("triangles") == 600_000, "both meshes")
    assert pair.number("viewports") == 2
    low, high = map(float, pair.text("limits").split())
    assert low == 0 < high
    assert "Ours" in pair.root.inner_text() and "Poisson" in pair.root.inner_text()


def test_a_curve_is_a_tube_on_two_translucent_surfaces(look):
    curve = look("curve")
    until(lambda: curve.number("triangles") > 1000, "both surfaces")
    curve.press("layer-first")
    curve.press("layer-second")
    until(lambda: curve.number("triangles") == 0, "the curve alone")


def test_without_data_it_says_what_to_do(look):
    empty = look("empty")
    expect(empty.root.get_by_test_id("message")).to_have_text("Choose a sample.")


def test_without_webgl_it_says_so(look):
    def blind(page):
        page.add_init_script(
            """const get = HTMLCanvasElement.prototype.getContext;
            HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
              return kind.startsWith("webgl") ? null : get.call(this, kind, ...rest); };"""
        )

    viewer = look("torus", blind)
    expect(viewer.root.get_by_test_id("message")).to_contain_text("WebGL 2 is off or missing")
    viewer.press("png")  # and nothing breaks


def test_arrays_that_the_server_let_go_are_asked_for_again(look):
    gone = []

    def forget_once(page):
        def answer(route):
            if len(gone) < 3:
                gone.append(route.request.url)
                route.fulfill(status=404)
            else:
                route.continue_()

        page.route("**/levelset/arrays/**", answer)

    viewer = look("curve", forget_once)
    until(lambda: viewer.number("triangles") > 1000, "the surfaces after all")
    assert len(gone) == 3


SPHERE = """async () => {
  const { FieldGrid } = await import("/levelset/assets/shared/viewer/field.js");
  const { extractLevel } = await import("/levelset/assets/shared/viewer/surface-nets.js");
  const shape = [41, 37, 50];
  const low = [-1.1, -1, -1.2], high = [1.1, 1, 1.2];
  const values = new Float32Array(shape[0] * shape[1] * shape[2]);
  const at = (axis, i) => low[axis] + i * (high[axis] - low[axis]) / (shape[axis] - 1);
  let n = 0;
  for (let i = 0; i < shape[0]; i++) for (let j = 0; j < shape[1]; j++)
    for (let k = 0; k < shape[2]; k++) values[n++] = Math.hypot(at(0, i), at(1, j), at(2, k));
  const grid = new FieldGrid({ values, shape, low, high, scale: 2, offset: -1.4 });
  const mesh = extractLevel(grid, 0.1);
  return Object.fromEntries(Object.entries(mesh).map(([name, array]) => [name, [...array]]));
}"""


def test_the_level_set_of_a_distance_is_a_closed_sphere(torus):
    """F = 2 |x| - 1.4, so {F = 0.1} is the sphere of radius 0.75 and |D_xF| = 2."""
    import trimesh

    told = torus.page.evaluate(SPHERE)
    vertices = np.array(told["positions"]).reshape(-1, 3)
    mesh = trimesh.Trimesh(vertices, np.array(told["indices"]).reshape(-1, 3), process=False)
    assert mesh.is_watertight and mesh.is_winding_consistent and mesh.euler_number == 2
    radii = np.linalg.norm(vertices, axis=1)
    np.testing.assert_allclose(radii, 0.75, atol=2e-3)
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 0.75**3, rel=0.01)
    normals = np.array(told["normals"]).reshape(-1, 3)
    np.testing.assert_allclose((normals * vertices).sum(1) / radii, 1, atol=2e-3)
    np.testing.assert_allclose(told["gradients"], 2, rtol=0.05)

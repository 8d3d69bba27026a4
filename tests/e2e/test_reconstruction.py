"""The reconstruction page as a person uses it, and a run that outlives tab and server."""

from __future__ import annotations

import io
import os
import re
import signal
from importlib.util import find_spec

import laspy
import numpy as np
import pytest
import trimesh
from playwright.sync_api import expect

from levelset_core.data.samples import load_sample
from levelset_core.reconstruction.boundary import trimmed as trimmed_to
from levelset_core.reconstruction.shapes import SHAPE, read_shape
from tests.e2e.browsers import focus
from tests.e2e.servers import PATIENCE, run_store, until

#: Where a field in Spain is, in metres.
UTM = np.array([403_600.0, 4_503_700.0, 100.0])
#: Long enough to see it live, short enough to wait for.
SECONDS = 8
#: A run that takes no longer than its budget and the patience of everything else.
FINISH = PATIENCE + 10 * SECONDS


@pytest.fixture
def store(tmp_path, monkeypatch):
    own = {"LEVELSET_CHECKPOINT_SECONDS": "0.5"}
    with run_store(monkeypatch, tmp_path / "runs", **own) as store:
        yield store


def finished(run):
    """Wait for its end; a click on Resume may not have arrived yet."""
    until(lambda: run.status().state in ("done", "failed"), f"{run} to end", FINISH)
    assert run.status().state == "done", run.status().message


class Workbench:
    """A person at the reconstruction page."""

    def __init__(self, page):
        self.page = page
        self.viewer = page.get_by_test_id("viewer")
        expect(self.viewer).to_be_visible(timeout=1000 * PATIENCE)

    def text(self, name):
        return self.viewer.get_attribute(f"data-{name}") or ""

    def number(self, name):
        text = self.text(name)
        return np.inf if text == "off" else float(text or "nan")

    def camera(self):
        return self.text("camera")

    def choose(self, title):
        self.page.get_by_test_id("stSidebar").get_by_role("combobox").first.click()
        self.page.get_by_role("option", name=title, exact=True).click()
        expect(self.page.get_by_text(f"{title} ·")).to_be_visible()

    def reconstruct(self, grid=64, seconds=SECONDS):
        page = self.page
        field = page.get_by_role("spinbutton", name="Seconds")
        field.fill(str(seconds))
        field.press("Enter")
        page.get_by_text("Settings", exact=True).click()
        nodes = page.get_by_role("spinbutton", name="Grid of the result")
        nodes.fill(str(grid))
        nodes.press("Enter")
        until(lambda: nodes.input_value() == str(grid), "the grid to be set")
        self.page.wait_for_timeout(500)
        page.get_by_role("button", name=re.compile("^Reconstruct")).click()

    def slide(self, name, part):
        self.viewer.get_by_test_id(name).evaluate(
            """(e, part) => { e.value = Math.round(part * e.max);
            e.dispatchEvent(new Event("input")); e.dispatchEvent(new Event("change")); }""",
            part,
        )

    def show(self, tab):
        self.page.get_by_role("radio", name=tab).click()

    def well(self):
        expect(self.page.get_by_test_id("stException")).to_have_count(0)
        expect(self.page.get_by_test_id("stAlertContentError")).to_have_count(0)


@pytest.fixture
def open_page(store, browse, serve):
    def open_it(path="/reconstruction", server=None):
        server = server or serve()
        return Workbench(browse(f"{server.url}{path}", ready=False).page)

    return open_it


def test_bunny_from_points_to_glb(open_page, store):
    bench = open_page()
    until(lambda: bench.number("triangles") > 10_000, "the stored result")
    assert bench.text("mode") == "plain"
    bench.viewer.get_by_test_id("colour").select_option("to_truth")
    expect(bench.viewer.get_by_test_id("summary")).to_contain_text("mean")  # of its errors
    bench.viewer.get_by_test_id("colour").select_option("plain")
    expect(bench.viewer.get_by_test_id("level")).to_be_visible()
    bench.viewer.get_by_test_id("look-front").click()
    bench.reconstruct()
    until(store.runs, "the run")
    (run,) = store.runs()
    until(lambda: bench.text("mode") == "plain" and bench.number("triangles"), "the first surface")
    camera = bench.camera()
    finished(run)
    level = bench.viewer.get_by_test_id("level")
    expect(level).to_be_visible(timeout=1000 * PATIENCE)
    assert bench.camera() == camera

    result = bench.number("triangles")
    bench.slide("level", 0.65)
    until(lambda: bench.number("level") > 0, "a level")
    until(lambda: bench.number("triangles") != result, "another level set")
    bench.viewer.get_by_test_id("level-reset").click()
    until(lambda: bench.number("triangles") == result, "the result")
    bench.viewer.get_by_test_id("cut-x").click()
    until(lambda: bench.text("cut").startswith("x="), "the cut")
    bench.viewer.get_by_test_id("colour").select_option("to_truth")
    expect(bench.viewer.get_by_test_id("summary")).to_contain_text("mean")
    assert bench.camera() == camera

    bench.show("Compare")
    expect(bench.page.get_by_role("table", name="Finished runs")).to_be_visible()
    bench.show("Export")
    with bench.page.expect_download() as info:
        bench.page.get_by_role("button", name="GLB", exact=True).click()
    mesh = trimesh.load_mesh(info.value.path(), file_type="glb")
    assert info.value.suggested_filename == "bunny-quick.glb"
    assert len(mesh.faces) == result
    cloud, _ = load_sample("bunny")
    size = np.linalg.norm(np.ptp(cloud.points, axis=0))
    np.testing.assert_allclose(mesh.bounds[0], cloud.points.min(0), atol=0.1 * size)
    np.testing.assert_allclose(mesh.bounds[1], cloud.points.max(0), atol=0.1 * size)
    bench.well()


def colours_of(mesh):
    return np.asarray(mesh.visual.vertex_colors)[:, :3].astype(int)


def sheet(folder):
    """A curved sheet of 40 x 30 m in UTM, red in the west and blue in the east, with outliers."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-20, 20, 6000), rng.uniform(-15, 15, 6000)
    points = np.stack([x, y, height(x, y) + rng.normal(scale=0.02, size=len(x))], axis=1)
    outliers = rng.uniform([-20, -15, -8], [20, 15, 12], (120, 3))
    points = np.concatenate([points, outliers]) + UTM
    header = laspy.LasHeader(point_format=2, version="1.4")
    header.scales, header.offsets = [1e-3] * 3, UTM
    las = laspy.LasData(header)
    las.xyz = points
    west = points[:, 0] < UTM[0]
    las.red, las.green, las.blue = 65280 * west, 0 * west, 65280 * ~west
    las.write(folder / "field.las")
    return folder / "field.las"


def height(x, y):
    return 2 * np.sin(x / 8) * np.cos(y / 7)


def test_a_coloured_scan_in_utm_from_upload_to_files(open_page, store, tmp_path):
    bench = open_page()
    page = bench.page
    page.get_by_test_id("stSidebar").get_by_role("combobox").first.click()
    page.get_by_role("option", name="Your own file…").click()
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(
        sheet(tmp_path)
    )

    # What it is, at once.
    facts = page.get_by_text(re.compile(r"6,120 points, [\d.]+ × [\d.]+ × [\d.]+\."))
    expect(facts).to_be_visible(timeout=1000 * PATIENCE)
    expect(page.get_by_text("metres, by coordinates like those of a national grid")).to_be_visible()
    expect(page.get_by_text("The points seem to be an open surface")).to_be_visible()
    expect(page.get_by_text("Takes roughly")).to_be_visible()
    assert bench.text("mode") == "rgb" and bench.number("triangles") == 0

    # Outliers: more of them with another ratio.
    told = page.get_by_text("points would be left out as outliers")
    expect(told).to_be_visible()
    before = int(told.inner_text().split(" of ")[0].split()[-1].replace(",", ""))
    assert 60 <= before < 400
    expect(bench.viewer.get_by_test_id("layer-outliers")).to_be_visible()
    slider = page.get_by_test_id("stSidebar").get_by_role("slider", name="Outliers")
    focus(slider)
    slider.press("ArrowRight")
    expect(page.get_by_text("over 2.5×")).to_be_visible()
    expect(told).not_to_contain_text(f"{before:,} of 6,120")

    page.get_by_role("radiogroup", name="Surface").get_by_role("radio", name="open").click()
    bench.reconstruct()
    until(store.runs, "the run")
    (run,) = store.runs()
    finished(run)
    assert run.config.settings["config"]["surface"] == "open"
    assert run.config.settings["config"]["outlier_ratio"] == 2.5
    until(lambda: bench.number("trim") == pytest.approx(1.5), "the result")
    until(lambda: bench.number("triangles") == run.result()["faces"], "its own rim")

    bench.slide("trim", 1)
    until(lambda: bench.number("triangles") > run.result()["faces"], "the whole surface")
    bench.slide("trim", 0.2)
    until(lambda: bench.number("triangles") < run.result()["faces"], "less of it")
    trimmed = bench.number("triangles")
    bench.show("Export")
    expect(page.get_by_text("Trimmed where the points are over")).to_be_visible()
    files = {}
    for kind in ("PLY", "GLB"):
        with page.expect_download() as info:
            page.get_by_role("button", name=kind, exact=True).click()
        files[kind] = info.value.path().read_bytes()
        assert info.value.suggested_filename == f"field-quick-trimmed.{kind.lower()}"
    assert b"comment Trimmed where the points are over" in files["PLY"][:300]
    for kind, data in files.items():
        mesh = trimesh.load_scene(io.BytesIO(data), file_type=kind.lower()).to_mesh()
        assert len(mesh.faces) == trimmed
        np.testing.assert_allclose(mesh.bounds, expected(run, bench.number("trim")), atol=1e-3)
        x, y, z = (mesh.vertices - UTM).T
        assert np.median(np.abs(z - height(x, y))) < 0.15
        red, _, blue = colours_of(mesh).T
        assert (red > blue)[x < -2].mean() > 0.98 and (blue > red)[x > 2].mean() > 0.98

    # A classical peer beside it, or a sentence why not.
    page.get_by_test_id("stSidebar").get_by_role("combobox").nth(1).click()
    page.get_by_role("option", name="Screened Poisson").click()
    if find_spec("open3d") is None:
        expect(page.get_by_text("Open3D is not installed here")).to_be_visible()
        page.get_by_test_id("stSidebar").get_by_role("combobox").nth(1).click()
        page.get_by_role("option", name="AtlasNet, 1 patch").click()
        seconds = page.get_by_role("spinbutton", name="Seconds")
        seconds.fill("5")
        seconds.press("Enter")
    page.get_by_role("button", name="Reconstruct", exact=True).click()
    until(lambda: len(store.runs()) == 2, "the second run")
    finished(store.runs()[0])
    bench.show("Compare")
    expect(page.get_by_role("table", name="Finished runs")).to_be_visible()
    bench.well()


def expected(run, most):
    """The bounds of the surface, trimmed there."""
    shape = read_shape(run.artifacts / SHAPE)
    return trimmed_to(shape.whole, shape.away, most).bounds


def test_a_noisy_knot_is_one_closed_curve(open_page, store):
    bench = open_page()
    bench.choose("Trefoil knot")
    bench.reconstruct(seconds=3 * SECONDS)
    until(lambda: bench.number("triangles") > 100, "the first curve")
    (run,) = store.runs()
    finished(run)
    told = bench.page.get_by_text("One closed curve, length 9.")
    expect(told).to_be_visible(timeout=1000 * PATIENCE)
    assert (run.result()["pieces"], run.result()["gaps"]) == (1, [])
    assert run.result()["comparison"]["point_to_surface"] < 0.02
    bench.well()


@pytest.mark.slow
def test_a_run_outlives_the_tab_and_the_server(open_page, serve, store):
    first = serve()
    bench = open_page(server=first)
    bench.reconstruct(grid=32)
    until(store.runs, "the run")
    (run,) = store.runs()
    until(run.checkpoint_file.exists, "a checkpoint", FINISH)
    bench.page.close()
    os.killpg(first.process.pid, signal.SIGKILL)
    first.process.wait()
    run.kill()
    until(lambda: run.status().state == "interrupted", "the run to be interrupted")

    bench = open_page(f"/reconstruction?run={run.id}", serve())
    expect(bench.page.get_by_text("Bunny ·")).to_be_visible()
    bench.page.get_by_role("button", name="Resume", exact=True).click()
    finished(run)
    expect(bench.viewer.get_by_test_id("level")).to_be_visible(timeout=1000 * PATIENCE)
    assert bench.number("triangles") == run.result()["faces"]
    bench.well()


def test_a_bad_file_gets_one_sentence(open_page, tmp_path):
    objects = io.BytesIO()
    np.savez(objects, points=np.array([{"a": 1}, None], dtype=object))
    whole = trimesh.creation.icosphere().export(file_type="ply")
    bad = {
        "empty.ply": (b"", "the file is empty"),
        "words.ply": (b"this is a text\n", "no PLY file"),
        "few.xyz": (b"0 0 0\n1 0 0\n0 1 0\n", "too few"),
        "nan.xyz": (b"nan nan nan\n" * 50 + b"1 2 3\n" * 20, "not finite"),
        "same.xyz": (b"1 2 3\n" * 100, "same place"),
        "flat.xyz": (b"".join(b"%d %d 0\n" % (k % 7, k // 7) for k in range(49)), "one plane"),
        "cut.ply": (whole[:-500], "cut off"),
        "objects.npz": (objects.getvalue(), "pickled Python objects"),
    }
    bench = open_page()
    page = bench.page
    page.get_by_test_id("stSidebar").get_by_role("combobox").first.click()
    page.get_by_role("option", name="Your own file…").click()
    uploader = page.get_by_test_id("stFileUploader")
    for name, (content, sentence) in bad.items():
        file = tmp_path / name
        file.write_bytes(content)
        uploader.locator("input[type=file]").set_input_files(file)
        error = page.get_by_test_id("stAlertContentError")
        expect(error).to_contain_text(name, timeout=1000 * PATIENCE)
        expect(error).to_contain_text(re.compile(sentence))
        expect(page.get_by_test_id("stException")).to_have_count(0)

    huge = tmp_path / "huge.ply"
    with huge.open("wb") as file:
        file.truncate(2 << 30)  # 2 GB, without a byte on the disk
    uploader.locator("input[type=file]").set_input_files(huge)
    expect(uploader).to_contain_text(re.compile("200.*MB or smaller"), timeout=1000 * PATIENCE)
    expect(page.get_by_test_id("stException")).to_have_count(0)

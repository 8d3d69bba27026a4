"""The reconstruction page as a person uses it, and a run that outlives tab and server."""

from __future__ import annotations

import io
import os
import re
import signal

import numpy as np
import pytest
import trimesh
from playwright.sync_api import expect

from levelset_core.data.samples import load_sample
from tests.e2e.servers import PATIENCE, run_store, until

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
        return float(self.text(name) or "nan")

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
        page.get_by_role("button", name="Reconstruct", exact=True).click()

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
    bench.choose("Bunny")
    until(lambda: bench.text("shown"), "the cloud")
    assert bench.number("triangles") == 0
    bench.viewer.get_by_test_id("look-front").click()
    bench.reconstruct()
    until(lambda: bench.number("triangles") > 100, "the first surface")
    camera = bench.camera()
    (run,) = store.runs()
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
    expect(bench.page.get_by_test_id("stDataFrame")).to_be_visible()
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
    bench.choose("Bunny")
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

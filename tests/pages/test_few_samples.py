"""The page "Few samples" as Streamlit runs it, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from levelset_core.few_samples import results as generalization_results
from levelset_core.few_samples.config import GeneralizationConfig
from levelset_core.runs import RunStore, work_here
from pages.few_samples.charts import figure_2, scatter, strips

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    "data": "mnist_excerpt", "fractions": [0.03, 0.1], "repeats": 3, "width": 16, "depth": 1,
    "steps": 60, "batch": 32,
    "chosen": {loss: [7, 7] for loss in ("xent", "hinge", "ours")},
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A store with one finished sweep."""
    root = tmp_path_factory.mktemp("runs")
    store = RunStore(root)
    settings = GeneralizationConfig.from_dict(SETTINGS).to_dict()
    run = store.create("generalize", settings, name="Sweep", device="cpu")
    assert work_here(store, run).state == "done"
    return root


@pytest.fixture
def page(runs, tmp_path, monkeypatch):
    """Opens a view of the page, where nothing is stored and one sweep is done."""

    def open_page(view, root=runs):
        monkeypatch.setenv("LEVELSET_RUNS", str(root))
        monkeypatch.setenv("LEVELSET_DATA", str(tmp_path))
        monkeypatch.setattr("pages.few_samples.sources.GALLERIES", tmp_path)
        monkeypatch.setattr(generalization_results.read_results, "__defaults__", (tmp_path,))
        at = AppTest.from_file(str(ROOT / "pages" / "few_samples" / "page.py"), default_timeout=120)
        at.query_params["view"] = view
        at.run()
        assert not at.exception
        return at

    return open_page


def texts(at):
    return "\n".join(e.value for e in [*at.markdown, *at.caption, *at.info, *at.warning])


@pytest.mark.parametrize("view", ["figure", "pairs", "gallery"])
def test_without_results_it_says_what_to_do(page, tmp_path, view):
    at = page(view, root=tmp_path / "none")
    assert "Run here" in at.info[0].value and not at.code


def test_figures_come_with_their_command_and_origin(page):
    at = page("figure")
    command = at.code[0].value
    assert "--data mnist_excerpt --fractions 0.03,0.1 --repeats 3" in command
    assert "--hyper-from" in command
    assert "first 1000 train images of MNIST, bundled" in texts(at)
    tables = [e.proto.body for e in at.get("html") if "levelset-table" in e.proto.body]
    assert "Geometric SVM minus" in tables[0]
    assert '<th scope="row">30</th>' in tables[0] and '<th scope="row">100</th>' in tables[0]
    at.segmented_control(key="few_band").set_value("interval").run()
    assert not at.exception


def test_every_repeat_is_a_point(runs):
    import json

    (run,) = RunStore(runs).runs()
    result = json.loads((run.artifacts / "table.json").read_text())
    row = result["rows"][1]
    points = scatter(row, ["xent", "hinge"]).data
    assert list(points[0].x) == row["losses"]["xent"]["accuracies"]
    assert list(points[0].y) == row["losses"]["ours"]["accuracies"]
    differences = strips(result, ["xent"]).data
    assert len(differences[0].y) == 6
    assert differences[1].y[1] == pytest.approx(100 * row["ours_minus"]["xent"]["mean"])
    lines = [trace for trace in figure_2(result, "sd").data if trace.name]
    assert len({trace.line.dash for trace in lines}) == 3
    assert len({trace.marker.symbol for trace in lines}) == 3
    ours = next(trace for trace in lines if trace.name == "Geometric SVM")
    assert list(ours.y) == [row["losses"]["ours"]["mean"] for row in result["rows"]]
    assert list(ours.x) == [30, 100]


def test_pairs_of_one_fraction_have_the_command_of_that_cell(page):
    at = page("pairs")
    at.segmented_control[1].set_value(0.1).run()
    assert not at.exception
    assert "--fractions 0.1 " in at.code[0].value


def test_the_gallery_shows_who_is_right(page):
    at = page("gallery")
    text = texts(at)
    assert "is right. Flips when" in text and "is wrong. Flips when" in text
    pair = at.selectbox[0]
    pair.set_value(("xent", "ours")).run()
    assert not at.exception


def test_more_repeats_on_what_is_here(page, tmp_path):
    at = page("run", root=tmp_path / "mine")
    here, mnist, *_ = at.selectbox(key="few_run_data").options
    assert here == "MNIST, bundled excerpt (1,000 images)"
    assert mnist == "MNIST (not on this machine)"
    at.selectbox(key="few_run_data").set_value("mnist").run()
    assert at.button(key="download_few").label == "Download (12 MB)"
    assert "few_run_start" not in {b.key for b in at.button}
    at.selectbox(key="few_run_data").set_value("mnist_excerpt").run()
    assert "listed here" in texts(at)
    assert "525 trainings" in texts(at) and "on one core" in texts(at)  # before it is started
    at.slider(key="few_run_repeats").set_value(2).run()
    at.button(key="few_run_start").click().run()
    assert not at.exception
    store = RunStore(tmp_path / "mine")
    (run,) = store.runs()
    assert run.config.settings["repeats"] == 2 and run.config.settings["seed"] == 1
    assert run.config.settings["data"] == "mnist_excerpt"
    store.cancel(run)
    run.kill()


def test_a_stored_result_without_its_images_says_how_to_make_them(tmp_path, monkeypatch):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path))
    at = AppTest.from_file(str(ROOT / "pages" / "few_samples" / "page.py"), default_timeout=120)
    at.query_params["view"] = "gallery"
    at.query_params["data"] = "fashion_mnist"
    at.run()
    assert not at.exception
    assert "without its images" in at.info[0].value
    assert "--gallery" in at.code[0].value

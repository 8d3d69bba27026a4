"""The page Runs as Streamlit runs it, without a browser."""

import asyncio
import html
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

import pytest
import streamlit as st
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from levelset_core.runs import Run, work_here
from pages.runs.names import HELPS, hint_of, name_of, note_of, value_text
from pages.server.run_route import artifact_address, run_routes, zip_address
from pages.shared.charts import log_ticks, metric_names, metrics_figure
from tests.runs.support import wait, wait_for_state

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def links_of_pages(monkeypatch):
    """A page that runs alone knows no other to link to."""
    monkeypatch.setattr("streamlit.page_link", lambda page, label, icon: st.caption(label))


def open_page(run=None):
    at = AppTest.from_file(str(ROOT / "pages" / "runs" / "page.py"), default_timeout=60)
    if run is not None:
        at.query_params["run"] = run if isinstance(run, str) else run.id
    at.run()
    assert not at.exception
    return at


def button(at, label):
    return next(b for b in at.button if b.label == label)


def texts(at):
    return "\n".join(e.value for e in [*at.markdown, *at.caption, *at.error, *at.info, *at.warning])


def table(at, name):
    """Header and rows of the table of that name; "*" marks what is bold."""
    (body,) = (e.proto.body for e in at.get("html") if f'aria-label="{name}"' in e.proto.body)
    headers = re.findall(r'<th scope="col">(.*?)</th>', body)
    rows = {}
    for row in re.findall(r"<tr>(.*?)</tr>", body.split("<tbody>")[1]):
        (first,) = re.findall(r'<th scope="row">(?:<span class="levelset-term"[^>]*>)?([^<]*)', row)
        cells = re.findall(r"<td><(b|span)>(.*?)</", row)
        rows[html.unescape(first)] = ["*" * (b == "b") + html.unescape(text) for b, text in cells]
    return headers, rows


@pytest.fixture
def finished(store):
    run = store.create("tiny", {}, steps=30, device="cpu", name="Bunny")
    work_here(store, run)
    return run


def test_without_runs_it_says_what_they_are(store):
    at = open_page()
    assert "No runs yet" in texts(at) and not at.button
    assert "then **Run**" in texts(at)  # where to get one


@pytest.mark.parametrize("empty", [True, False])
def test_with_a_cluster_its_dashboard_is_linked(store, empty, monkeypatch):
    if not empty:
        store.create("tiny", {}, device="cpu")

    def links(at):
        found = [one.proto for one in at.get("link_button")]
        return [one.url for one in found if one.label == "Cluster"]

    assert not links(open_page())
    monkeypatch.setenv("LEVELSET_CLUSTER", "tcp://127.0.0.1:9")
    monkeypatch.setattr("levelset_core.cluster.dashboard", lambda: "http://127.0.0.1:8787/status")
    assert links(open_page()) == ["http://127.0.0.1:8787/status"]
    monkeypatch.setattr("levelset_core.cluster.dashboard", lambda: None)
    at = open_page()
    assert not links(at)
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in texts(at)


def test_settings_read_like_words(store):
    models = [{"id": "a", "title": "Ours 0.4", "digest": "12"}]
    run = store.create("survey", {"models": models, "data_dir": None}, device="cpu")
    _, rows = table(open_page(run), "Settings")
    assert rows["Network 1: title"] == ["Ours 0.4"]
    assert rows["Folder of the images"] == ["–"] and rows["Attack: steps"] == ["40"]
    sweep = store.create("generalize", {"data": "mnist_excerpt"}, device="cpu")
    _, rows = table(open_page(sweep), "Settings")
    assert rows["Losses"] == ["Cross-entropy, Hinge, Geometric SVM"]


def test_a_setting_says_in_words_what_it_is_and_what_files_call_it():
    assert name_of("config.octaves") == "Octaves of sines and cosines"
    assert name_of("cells.2.attack") == "Attack 2: attack" and name_of("f_score") == "F-score"
    assert value_text("losses", ["xent", "ours"]) == "Cross-entropy, Geometric SVM"
    assert value_text("config.optimizer", "muon") == "Muon and Adam"
    assert (value_text("merge", "odd-even"), value_text("half", True)) == (
        "even class numbers against odd ones", "yes"
    )  # fmt: skip
    assert hint_of("tuning", "generalize") == (
        "In files: tuning. Separate repeats that every candidate is tried on."
    )
    assert hint_of("cells.1.step", "attack").endswith("Of PGD; of pgd-strong the first one.")
    assert hint_of("unheard_of", "tiny") == "In files: unheard_of."
    known = {name for kind in HELPS.values() for name, _ in kind.rules()}
    named = {name_of(name).lower() for name in known}
    assert not [name for name in named if "_" in name] and len(named) > len(known) - 3


def test_a_training_that_goes_beyond_its_epsilon_says_so(store):
    run = store.create("robust", {"epsilon": 0.3, "watch": 10, "watch_epsilon": 0.2}, device="cpu")
    assert "is to withstand 0.2" in note_of(run) and "grows to 0.3" in note_of(run)
    assert note_of(store.create("robust", {"epsilon": 0.3}, device="cpu")) == ""
    assert note_of(store.create("tiny", {}, device="cpu")) == ""


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.018, 0.5, ["0.02", "0.05", "0.1", "0.2", "0.5"]),
        (1e-5, 0.06, ["10⁻⁵", "10⁻⁴", "0.001", "0.01"]),
        (0.011, 0.018, None),
        (0.002, 0.019, ["0.002", "0.005", "0.01"]),
        (1e-12, 1.0, ["10⁻¹²", "10⁻⁹", "10⁻⁶", "0.001", "1"]),
        (2e5, 6e5, ["2 · 10⁵", "5 · 10⁵"]),
    ],
)
def test_logarithmic_axes_have_few_ticks_of_one_size(low, high, ticks):
    assert log_ticks([low, high]).get("ticktext") == ticks


@pytest.mark.parametrize(
    ("numbers", "said"), [([0.05, 0.7], ["0.05", "0.5"]), ([0.003, 0.4], ["0.005", "0.1"])]
)
def test_ticks_of_a_log_axis_say_their_whole_value(numbers, said):
    ticks = log_ticks(numbers)
    assert set(said) <= set(ticks["ticktext"])
    assert len(ticks["tickvals"]) == len(ticks["ticktext"])


def test_start_cancel_and_resume(store):
    run = store.create("tiny", {"pause": 0.01}, steps=100_000, device="cpu")
    at = open_page()
    button(at, "Start").click().run()
    assert not at.exception
    wait(lambda: run.status().step > 0, "the run to train")
    at.run()
    button(at, "Cancel").click().run()
    wait_for_state(run, "cancelled")
    at.run()
    assert button(at, "Resume") and f"step {run.status().step:,} of 100,000" in texts(at)


def test_delete_asks_twice(store, finished):
    at = open_page(finished)
    button(at, "Delete").click().run()
    assert finished.path.exists() and "for good" in texts(at)
    button(at, "Keep it").click().run()
    assert "for good" not in texts(at)
    button(at, "Delete").click().run()
    button(at, "Delete for good").click().run()
    assert not at.exception and not finished.path.exists()
    assert "No runs yet" in texts(at)


def test_two_runs_side_by_side(store, finished):
    other = store.create("tiny", {}, steps=20, seed=7, device="cpu", name="Bunny")
    work_here(store, other)
    at = open_page(finished)
    at.selectbox(key=f"compare_{finished.id}").set_value(other.id).run()
    assert not at.exception
    names = [b.label for b in at.button if b.key and b.key.startswith("open_")]
    assert names == ["Bunny (2)", "Bunny"]
    headers, rows = table(at, "Settings")
    assert headers[1:] == ["Bunny", "Bunny (2)"]
    assert rows["Seed"] == ["*0", "*7"] and rows["Threads"] == ["1", "1"]


def test_filters(store, finished):
    store.create("tiny", {}, steps=9, device="cpu", name="Waiting")
    at = open_page()
    state = next(group for group in at.button_group if group.key == "runs_state")
    state.set_value(["done"]).run()
    assert not at.exception
    names = [b.label for b in at.button if b.key and b.key.startswith("open_")]
    assert names == ["Bunny"]


def test_a_damaged_folder_and_an_unknown_run_harm_nobody(store, finished):
    damaged = store.create("tiny", {}, steps=9, device="cpu")
    (damaged.path / "config.json").write_text("{")
    at = open_page(damaged)
    assert "config.json is damaged" in at.error[0].value
    at = open_page("tiny-gone")
    assert "There is no run 'tiny-gone'" in at.warning[0].value
    assert "Bunny" in texts(at) or "damaged" in texts(at)


def test_charts_put_what_the_kind_lists_first_and_logarithms_only_above_zero(store, finished):
    rows = finished.metrics()
    names = metric_names([finished], [rows])
    assert names["loss"].label == "Loss" and names["loss"].log
    figure = metrics_figure(names, ["Bunny"], [rows], "seconds")
    assert figure.layout.yaxis.type == "log"
    assert list(figure.data[0].x) == [row["seconds"] for row in rows]
    rows[3]["loss"] = 0.0
    assert metrics_figure(names, ["Bunny"], [rows], "step").layout.yaxis.type is None


def get(path):
    """Status, headers and body of a route's answer, as a server would ask for it."""
    sent = []

    async def receive():
        await asyncio.sleep(0 if not sent else 60)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": unquote(f"/{path}"), "headers": [],
        "query_string": b"", "root_path": "", "asgi": {"version": "3.0", "spec_version": "2.4"},
    }  # fmt: skip
    route = Starlette(routes=run_routes())
    with ThreadPoolExecutor(1) as thread:  # browser tests leave an event loop running in this one
        thread.submit(lambda: asyncio.run(route(scope, receive, send))).result()
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


def test_downloads_stay_within_the_artifacts(store, finished):
    (store.root / "other.txt").write_text("not for you")
    weights = finished.artifacts / "weights.npy"
    code, headers, body = get(artifact_address(finished, weights))
    assert code == 200 and body == weights.read_bytes()
    assert headers[b"content-disposition"].startswith(b"attachment")
    assert get(zip_address(finished))[2][:2] == b"PK"
    for path in (
        "artifacts/%2e%2e/config.json",
        "artifacts/none.txt",
        "artifacts/..%2fstatus.json",
    ):
        assert get(f"levelset/runs/{finished.id}/{path}")[0] == 404
    assert get(zip_address(Run(store.root / "tiny-gone")))[0] == 404

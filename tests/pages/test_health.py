"""What whoever runs a server sees of it: whether it works, figures, logs."""

import json
import logging

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from levelset_core.errors import LevelsetError
from levelset_core.live import LiveHub, PlaygroundState
from levelset_core.logs import LOG, set_up_logs
from pages.server import guard, health
from tests.runs.support import wait


@pytest.fixture
def hub(monkeypatch):
    hub = LiveHub(1)
    monkeypatch.setattr(health, "_hub", lambda: hub)
    yield hub
    hub.close()


def visit(client=("127.0.0.1", 1), **headers):
    app = Starlette(routes=health.health_routes(), middleware=guard.guard())
    return TestClient(app, base_url="http://localhost", client=client, headers=headers)


def figures(text):
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#"]
    return {name: float(value) for name, value in lines}


def test_healthy_until_a_worker_or_the_folder_is_gone(hub, store, tmp_path, monkeypatch):
    assert visit().get("/healthz").json() == {"status": "ok", "wrong": []}
    (tmp_path / "file").touch()
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path / "file" / "runs"))
    answer = visit().get("/healthz")
    assert answer.status_code == 503 and answer.json()["wrong"] == ["folder of runs"]
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path))
    hub.close()
    assert visit().get("/healthz").json()["wrong"] == ["training processes"]


def test_a_worker_that_does_not_start_is_told(hub, store, monkeypatch):
    monkeypatch.setattr("levelset_core.live.worker.START", "raise SystemExit(1)")
    hub.create(PlaygroundState.default(), playing=False)
    wait(lambda: not hub.well and not hub.processes(), "the worker to end")
    assert visit().get("/healthz").json()["wrong"] == ["training processes"]


def test_metrics_count_sessions_runs_and_memory(hub, store):
    hub.create(PlaygroundState.default(), playing=True).listen(lambda *_: None)
    hub.create(PlaygroundState.default(), playing=False)
    store.create("tiny", {}, steps=3, device="cpu")
    found = figures(visit().get("/metrics").text)
    assert found['levelset_sessions{state="open"}'] == 2
    assert found['levelset_sessions{state="training"}'] == 1
    assert found['levelset_runs{state="interrupted"}'] == 1
    assert found['levelset_memory_bytes{process="server"}'] > 1e7
    assert found['levelset_memory_bytes{process="workers"}'] > 1e6
    assert "levelset_steps_per_second" in found and "process_cpu_seconds_total" in found


@pytest.mark.parametrize(
    ("client", "headers"),
    [(("93.184.216.34", 1), {}), (("127.0.0.1", 1), {"X-Forwarded-For": "93.184.216.34"})],
)
def test_metrics_are_not_for_the_world(hub, store, client, headers):
    assert visit(client, **headers).get("/metrics").status_code == 403


@pytest.fixture
def root():
    """The root's handlers, as they were."""
    root, level = logging.getLogger(), logging.getLogger("levelset_core").level
    before = {handler: handler.formatter for handler in root.handlers}
    yield root
    for handler, formatter in before.items():
        handler.setFormatter(formatter)
    for name in ("levelset_core", "pages"):
        logging.getLogger(name).setLevel(level)


def test_a_log_is_one_object_a_line(monkeypatch, root, hub):
    monkeypatch.setenv(LOG, "json")
    set_up_logs()
    said = []
    monkeypatch.setattr(guard.logger, "handlers", [Kept(said)])
    visit().get("/nowhere?token=secret")
    line = json.loads(root.handlers[0].formatter.format(said[0]))
    assert (line["message"], line["path"], line["status"]) == ("request", "/nowhere", 404)
    assert line["level"] == "INFO" and "time" in line and "secret" not in json.dumps(line)


class Kept(logging.Handler):
    """Keeps the records."""

    def __init__(self, said):
        super().__init__()
        self.said = said

    def emit(self, record):
        self.said.append(record)


def test_another_format_is_refused(monkeypatch):
    monkeypatch.setenv(LOG, "xml")
    with pytest.raises(LevelsetError, match="text, json"):
        set_up_logs()

"""The server answers before it has imported what trains."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from levelset_core.errors import LevelsetError
from levelset_core.runs.spare import wants_spare
from pages.server.later import Later

ROOT = Path(__file__).resolve().parents[2]


def test_the_server_is_there_without_torch(tmp_path):
    environment = {**os.environ, "LEVELSET_RUNS": str(tmp_path), "PYTHONPATH": str(ROOT)}
    code = "import sys, app; print(*(m in sys.modules for m in ('torch', 'scipy', 'sklearn')))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout.split() == ["False"] * 3, done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("LEVELSET_OWNERS", "all"), ("LEVELSET_QUOTA_DISK", "much"), ("LEVELSET_SPARE", "2")],
)
def test_a_wrong_setting_ends_it_with_one_sentence(name, value):
    environment = {**os.environ, name: value, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", "import app"], env=environment, capture_output=True, text=True,
        cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert name in line and value in line


def test_a_route_is_imported_when_it_is_asked_for():
    later = Later("/old", module="old_addresses", function="old_addresses")
    later.prefixes = ("/adversarial",)
    client = TestClient(Starlette(routes=[later]), follow_redirects=False)
    assert client.get("/elsewhere").status_code == 404 and later.router is None
    assert client.get("/adversarial?x=1").headers["location"] == "robustness?x=1"
    assert later.router is not None and client.get("/adversarial/none").status_code == 404


def test_a_small_machine_has_no_spare(monkeypatch):
    assert wants_spare()
    monkeypatch.setenv("LEVELSET_SPARE", "off")
    assert not wants_spare()
    monkeypatch.setenv("LEVELSET_SPARE", "no")
    with pytest.raises(LevelsetError, match="on, off"):
        wants_spare()

"""What a server is deployed from fits together: image, compose file, proxy."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
IMAGE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def test_what_the_image_copies_is_there_and_let_through():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", IMAGE, re.M)
    kept = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.M)
    names = {name for line in copied for name in line.split()}
    assert names == set(kept) and all((ROOT / name).exists() for name in names)


def test_the_image_runs_as_nobody_special_and_looks_after_itself():
    assert re.findall(r"^USER (\S+)", IMAGE, re.M)[-1] != "root"
    assert "/healthz" in re.search(r"^HEALTHCHECK.*\n.*", IMAGE, re.M)[0]


def test_two_servers_share_their_runs_and_only_the_proxy_is_reached():
    services = COMPOSE["services"]
    servers = [services[name] for name in ("one", "two")]
    assert all(server["volumes"] == ["data:/data"] for server in servers)
    assert not any("ports" in server for server in servers) and services["proxy"]["ports"]


def test_variables_are_in_the_table():
    table = (ROOT / "docs" / "guides" / "run-for-a-class.md").read_text("utf-8")
    used = {
        name for server in ("one", "two") for name in COMPOSE["services"][server]["environment"]
    }
    used |= set(re.findall(r"LEVELSET_\w+", IMAGE))
    assert all(f"`{name}`" in table for name in used)


@pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not installed")
def test_the_proxy_takes_its_configuration():
    proxy = COMPOSE["services"]["proxy"]["environment"]
    places = {**proxy, "LAB_ONE": "127.0.0.1:8501", "LAB_TWO": "127.0.0.1:8502"}
    done = subprocess.run(
        ["haproxy", "-c", "-f", str(ROOT / "deploy" / "haproxy.cfg")],
        env={**os.environ, **places}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0 and "WARNING" not in done.stderr, done.stderr

"""Two browsers, two owners: neither sees nor touches the other's runs; login and logout."""

import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from levelset_core.runs import RunStore, Viewer
from tests.e2e.servers import run_store, until
from tests.runs.support import wait

pytestmark = pytest.mark.slow

CLAIMS = '{"sub": "%s", "email": "%s@school.example", "email_verified": true, "name": "%s"}'


@pytest.fixture
def store(tmp_path, monkeypatch):
    with run_store(
        monkeypatch, tmp_path / "runs", LEVELSET_RUN_KINDS="tests.runs.tiny_kind"
    ) as store:
        yield store


@pytest.fixture
def provider():
    """An OpenID provider in a process of its own; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    for name in ("anna", "bert", "admin"):
        command += ["--user-claims", CLAIMS % (name, name, name.title())]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://localhost:{port}"

    def answers():
        with suppress(OSError):
            return urllib.request.urlopen(f"{address}/.well-known/openid-configuration", timeout=5)

    try:
        until(answers, "the provider to answer", 60)
        yield address
    finally:
        process.kill()
        process.wait()


def secrets(provider):
    return f"""
[auth]
redirect_uri = "http://localhost:{{port}}/oauth2callback"
cookie_secret = "a secret of this test, which is long enough"
client_id = "lab"
client_secret = "none"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""


def test_login_two_owners_and_logout(tmp_path, monkeypatch, store, provider, serve, browse):
    secret = tmp_path / "secrets.toml"
    secret.write_text(secrets(provider))
    monkeypatch.setenv("STREAMLIT_SECRETS_FILES", str(secret))
    monkeypatch.setenv("LEVELSET_ADMINS", "admin@school.example")
    monkeypatch.setenv("LEVELSET_QUOTA_DISK", "500")
    server = serve()
    runs = {}
    for name in ("anna", "bert"):
        own = RunStore(store.root, Viewer(f"{name}@school.example"))
        runs[name] = own.create(
            "tiny", {"pause": 0.02}, steps=10**6, device="cpu", name=f"Of {name}"
        )
        own.submit(runs[name])
    wait(lambda: runs["anna"].status().step, "the first run to work")

    pages = {}
    for name in ("anna", "bert", "admin"):
        page = pages[name] = browse(f"{server.url}/runs", ready=False).page
        expect(page.get_by_text("No runs yet")).to_have_count(0)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name=name, exact=True).click()
        page.wait_for_url(f"{server.url}/**")  # the provider leads back to the first page
        page.goto(f"{server.url}/runs")
        expect(page.get_by_role("button", name=name.title(), exact=True)).to_be_visible()

    for name, other in (("anna", "bert"), ("bert", "anna")):
        page = pages[name]
        expect(page.get_by_role("heading", name=f"Of {name}")).to_be_visible()
        expect(page.get_by_text("of 500.0 MB")).to_be_visible()
        expect(page.get_by_text(f"Of {other}")).to_have_count(0)
        page.goto(f"{server.url}/runs?run={runs[other].id}")
        expect(page.get_by_text(f"There is no run '{runs[other].id}'")).to_be_visible()
        zips = [
            page.request.get(f"{server.url}/levelset/runs/{runs[who].id}.zip").status
            for who in (name, other)
        ]
        assert zips == [200, 404]

    admin = pages["admin"]
    for name in ("anna", "bert"):
        expect(admin.get_by_role("button", name=f"Of {name}")).to_be_visible()

    anna, bert = pages["anna"], pages["bert"]
    anna.goto(f"{server.url}/runs?run={runs['anna'].id}")
    anna.get_by_text("Public", exact=True).click()
    wait(lambda: runs["anna"].public, "the run to be public")
    bert.goto(f"{server.url}/runs?run={runs['anna'].id}")
    expect(bert.get_by_text("shared by somebody else")).to_be_visible()
    for button in ("Cancel", "Delete", "Resume"):
        expect(bert.get_by_role("button", name=button, exact=True)).to_have_count(0)
    assert bert.request.get(f"{server.url}/levelset/runs/{runs['anna'].id}.zip").status == 200

    anna.get_by_role("button", name="Anna", exact=True).click()
    anna.get_by_role("button", name="Log out").click()
    anna.get_by_role("button", name="End session").click()
    anna.goto(f"{server.url}/runs")
    expect(anna.get_by_role("button", name="Log in")).to_be_visible()
    assert anna.request.get(f"{server.url}/levelset/runs/{runs['bert'].id}.zip").status == 403


def test_two_browsers_without_a_login(monkeypatch, store, serve, browse):
    monkeypatch.setenv("LEVELSET_OWNERS", "anonymous")
    server = serve()
    first = browse(f"{server.url}/playground?start=paused")
    expect(first.root).to_be_visible()
    address = first.address()
    assert "session=" in address
    second = browse(address)
    until(lambda: "watch=" in second.address(), "the other browser to watch only")
    again = first.page.context.new_page()
    again.goto(address)
    until(lambda: "session=" in again.evaluate("location.href"), "the same browser to take part")
    again.close()
    for page in (first.page, second.page):
        page.goto(f"{server.url}/runs")
        expect(page.get_by_text("No runs yet")).to_be_visible()
        expect(page.get_by_role("button", name="this browser")).to_be_visible()
    cookies = [
        {c["name"]: c["value"] for c in page.context.cookies()}["levelset_owner"]
        for page in (first.page, second.page)
    ]
    assert cookies[0] != cookies[1]

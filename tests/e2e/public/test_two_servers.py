"""The two servers of ``compose.yaml`` without Docker: one dies, the other has all it had."""

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import expect

from levelset_core.live.keys import Keys
from levelset_core.runs import RunStore, Viewer
from pages.server import people
from tests.e2e.servers import PATIENCE, ROOT, run_store, until
from tests.runs.support import wait, wait_for_state

pytestmark = pytest.mark.slow

PROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")


@pytest.fixture
def store(tmp_path, monkeypatch):
    own = {"LEVELSET_RUN_KINDS": "tests.runs.tiny_kind", "LEVELSET_OWNERS": "anonymous"}
    own["LEVELSET_SESSIONS"] = str(tmp_path / "runs" / ".sessions")
    with run_store(monkeypatch, tmp_path / "runs", **own) as store:
        people._key.cache_clear()
        yield store
        people._key.cache_clear()


@pytest.fixture
def proxy():
    """Starts HAProxy, as it is deployed, before two servers; gives its address."""
    if PROXY is None:
        pytest.skip("No HAProxy here: apt-get install haproxy.")
    processes = []

    def start(one, two):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        places = {
            "LAB_BIND": f"127.0.0.1:{port}",
            "LAB_ONE": f"127.0.0.1:{one.port}", "LAB_TWO": f"127.0.0.1:{two.port}",
        }  # fmt: skip
        command = [PROXY, "-db", "-f", str(ROOT / "deploy" / "haproxy.cfg")]
        processes.append(
            subprocess.Popen(command, env={**os.environ, **places}, stdout=subprocess.DEVNULL)
        )
        address = f"http://localhost:{port}"
        until(lambda: status(f"{address}/healthz") == 200, "the proxy to answer", 60)
        return address

    yield start
    for process in processes:
        process.kill()
        process.wait()


def status(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def test_one_dies_and_the_other_has_its_sessions_and_runs(store, serve, proxy, browse):
    servers = {"one": serve(), "two": serve()}
    address = proxy(servers["one"], servers["two"])
    assert status(f"{address}/metrics") == 403

    playground = browse(f"{address}/playground?start=fast")
    playground.trains()
    playground.clear()
    playground.click(0.5, 0.5)
    playground.click(-0.5, -0.5, button="right")
    playground.wait_for("two points", points=2)
    playground.acknowledged()
    session = playground.address().split("session=")[1].split("&")[0]
    cookies = {c["name"]: c["value"] for c in playground.page.context.cookies()}
    mine = cookies["levelset_server"]

    owner = people.known_browser(cookies)
    own = RunStore(store.root, Viewer(f"browser {owner}"))
    run = own.create("tiny", {"pause": 0.02}, steps=10**6, device="cpu", name="Bunny")
    runs = playground.page.context.new_page()
    runs.goto(f"{address}/runs?run={run.id}")
    runs.get_by_role("button", name="Start", exact=True).click()
    wait(lambda: run.status().step, "the run to work")
    kept = store.root / ".sessions" / f"{session}.json"
    until(kept.exists, "the session on the disk")
    playground.page.wait_for_timeout(1500)

    values = json.loads(kept.read_text())
    link = f"{address}/playground?watch={Keys(session, values['token']).watch}&at={mine}"
    watcher = browse(link)
    watcher.wait_for("the picture of the other one", points=2, frames=lambda n: n > 2)
    assert "watch=" in watcher.address()
    watcher.page.close()

    dead = servers[mine]
    os.killpg(dead.process.pid, signal.SIGKILL)
    dead.process.wait()
    playground.wait_for("the other server", points=2, frames=lambda n: n > 0, playing="true")
    playground.trains()
    assert session in playground.address()
    cookies = {c["name"]: c["value"] for c in playground.page.context.cookies()}
    assert people.known_browser(cookies) == owner

    step = run.status().step
    wait(lambda: run.status().step > step, "the run to go on")
    runs.goto(f"{address}/runs?run={run.id}")
    runs.get_by_role("button", name="Cancel", exact=True).click(timeout=1000 * PATIENCE)
    wait_for_state(run, "cancelled")
    expect(runs.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    cookies = {c["name"]: c["value"] for c in playground.page.context.cookies()}
    assert cookies["levelset_server"] != mine

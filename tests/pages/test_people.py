"""Who a browser is: cookies, logins, admins; and what others get of a run's addresses."""

import json

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from levelset_core.errors import LevelsetError
from levelset_core.runs import RunStore, Viewer
from pages.server import guard, people
from pages.server.run_route import run_routes

SECRET = "a secret of this test, which is long enough"


@pytest.fixture(autouse=True)
def _anew(monkeypatch, tmp_path):
    monkeypatch.setenv("LEVELSET_RUNS", str(tmp_path / "runs"))
    cached = (people._key, people.has_login, guard.own_names)
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


@pytest.fixture
def anonymous(monkeypatch):
    monkeypatch.setenv(people.OWNERS, "anonymous")


@pytest.fixture
def login(monkeypatch):
    monkeypatch.setattr(people, "has_login", lambda: True)
    monkeypatch.setattr(people, "get_cookie_secret", lambda: SECRET)


def logged_in(**claims):
    content = json.dumps({"is_logged_in": True, "iss": "https://id.example/", **claims})
    name = people.USER_COOKIE_NAME
    return {name: create_signed_value(SECRET, name, content).decode()}


async def page(request):
    return HTMLResponse("a page")


def visit(base="http://localhost", **headers):
    app = Starlette(routes=[Route("/", page), *run_routes()], middleware=guard.guard())
    return TestClient(app, base_url=base, headers=headers)


def test_on_a_local_machine_nobody_is_told_apart():
    assert people.mode() == "off" and people.person_of({}) == people.Person()
    assert "set-cookie" not in visit().get("/").headers


def test_a_browser_is_known_by_its_cookie_from_the_first_page_on(anonymous):
    browser = visit()
    cookie = browser.get("/").headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    assert "set-cookie" not in browser.get("/").headers
    known = people.person_of(dict(browser.cookies))
    assert known.owner.startswith("browser ") and not known.admin
    people._key.cache_clear()  # another server of the same runs
    assert people.person_of(dict(browser.cookies)) == known
    assert people.person_of(dict(visit().cookies)) is None


def test_a_forged_cookie_is_nobodys(anonymous):
    name, _, signature = people.new_cookie().partition(".")
    forged = [f"{name}x.{signature}", f"{name}.", name, "", ".", f".{people._signature('')}", "ä.ö"]
    for value in forged:
        assert people.person_of({people.COOKIE: value}) is None
    assert people.person_of({people.COOKIE: f"{name}.{signature}"}).owner == f"browser {name}"


def test_cookies_are_secure_behind_tls_and_reach_pages_that_embed(anonymous, monkeypatch):
    cookie = visit(**{"X-Forwarded-Proto": "https"}).get("/").headers["set-cookie"]
    assert "Secure" in cookie and "SameSite=Lax" in cookie
    monkeypatch.setenv(guard.EMBED, "https://moodle.example.org")
    cookie = visit("https://localhost").get("/").headers["set-cookie"]
    assert "SameSite=None; Secure; Partitioned" in cookie


def test_the_key_is_one_file_that_only_its_owner_reads(anonymous, tmp_path):
    people.new_cookie()
    (path,) = (tmp_path / "runs").iterdir()
    assert path.name == ".secret" and path.stat().st_mode & 0o77 == 0


def test_an_address_counts_if_the_provider_vouches_for_it(login, monkeypatch):
    monkeypatch.setenv(people.ADMINS, "Anna@School.example, x@y")
    vouched = logged_in(sub="7", email="Anna@school.example", email_verified=True, name="Anna")
    person = people.person_of(vouched)
    assert (person.owner, person.name) == ("anna@school.example", "Anna") and person.admin
    for claimed in ({}, {"email_verified": False}):
        person = people.person_of(logged_in(sub="7", email="anna@school.example", **claimed))
        assert person.owner == "7@id.example" and not person.admin
    assert people.person_of({}) is None
    forged = {name: f"{value[:-3]}abc" for name, value in vouched.items()}
    assert people.person_of(forged) is None


def test_wrong_settings_are_told(monkeypatch):
    monkeypatch.setenv(people.OWNERS, "everybody")
    with pytest.raises(LevelsetError, match="off, anonymous, login"):
        people.mode()
    monkeypatch.setenv(people.OWNERS, "login")
    monkeypatch.setattr(people, "has_login", lambda: False)
    with pytest.raises(LevelsetError, match="secrets"):
        people.mode()


def test_a_runs_addresses_are_for_its_owner_and_of_a_public_one_for_all(anonymous, monkeypatch):
    monkeypatch.setenv("LEVELSET_RUN_KINDS", "tests.runs.tiny_kind")
    anna, bert = visit(), visit()
    anna.get("/"), bert.get("/")
    owner = people.person_of(dict(anna.cookies)).owner
    store = RunStore(viewer=Viewer(owner))
    run = store.create("tiny", {}, steps=1, device="cpu")
    (run.artifacts / "made.txt").write_text("mine")
    zip_file, file = (f"/levelset/runs/{run.id}{end}" for end in (".zip", "/artifacts/made.txt"))
    assert anna.get(zip_file).status_code == 200 and anna.get(file).text == "mine"
    for address in (zip_file, file):
        assert bert.get(address).status_code == 404
        assert visit().get(address).status_code == 403
    store.share(run, True)
    assert bert.get(zip_file).status_code == 200 and bert.get(file).text == "mine"

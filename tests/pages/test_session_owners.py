"""Whose a playground is: its id alone gives others no control, a link on purpose does."""

from types import SimpleNamespace

import pytest

from levelset_core.live import LiveHub, PlaygroundState
from levelset_core.live.kept import KeptSessions
from pages.playground import opening
from pages.server.people import Person


class Tab:
    """A browser's tab, as the page's script sees it."""

    def __init__(self, monkeypatch, hub, owner, **query):
        self.person, self.query = Person(owner), query
        self.state = SimpleNamespace(get=lambda _: None)
        self.monkeypatch, self.hub = monkeypatch, hub

    def open(self):
        streamlit = SimpleNamespace(
            query_params=self.query, session_state=self.state, toast=lambda *a, **k: None
        )
        self.monkeypatch.setattr(opening, "st", streamlit)
        self.monkeypatch.setattr(opening, "person", lambda: self.person)
        self.monkeypatch.setattr(opening, "get_hub", lambda: self.hub)
        return opening.opened()


@pytest.fixture
def hub(tmp_path):
    hub = LiveHub(1, KeptSessions(tmp_path))
    hub.warm_up = lambda: None
    yield hub
    hub.close()


@pytest.fixture
def tab(monkeypatch, hub):
    return lambda owner, **query: Tab(monkeypatch, hub, owner, **query)


def test_an_id_lets_others_watch_and_its_owner_take_part(tab):
    own = tab("anna").open()
    assert own.session.owner == "anna" and not own.watching
    address = own.address
    again = tab("anna", session=own.session.id).open()
    assert again.session is own.session and not again.watching
    other = tab("bert", **address).open()
    assert other.session is own.session and other.watching
    assert own.session.token not in other.credentials.values()
    assert list(other.address) == ["watch"]


def test_a_link_for_joint_control_gives_it(tab):
    own = tab("anna").open()
    guest = tab("bert", joint=own.session.keys.joint).open()
    assert guest.session is own.session and not guest.watching
    assert guest.address == {"joint": own.session.keys.joint}
    assert guest.credentials["token"] == own.session.token


def test_an_admin_and_a_local_machine_take_part_by_id(tab):
    own = tab("anna").open()
    admin = tab("root", session=own.session.id)
    admin.person = Person("root", admin=True)
    assert not admin.open().watching
    assert not tab(None, session=own.session.id).open().watching
    local = tab(None).open()
    assert local.session.owner is None
    assert tab("bert", session=local.session.id).open().watching


def test_the_owner_is_kept_on_the_disk(hub, tmp_path):
    session = hub.create(PlaygroundState.default(), playing=False, owner="anna")
    hub.drop(session)
    assert KeptSessions(tmp_path).read(session.id).owner == "anna"
    assert hub.get(session.id).owner == "anna"

"""The live connection, without a browser."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.websockets import WebSocketDisconnect

from levelset_core.errors import LevelsetError
from levelset_core.live import PlaygroundState, get_hub, hub
from pages.server import live_route
from pages.server.live_route import FORBIDDEN, GONE, answer, live
from tests.live.decoding import decode_frame


class Connection:
    """A browser's end of a WebSocket."""

    def __init__(self, name: str, token: str) -> None:
        self.headers = {"origin": "http://here", "host": "here"}
        self.said: asyncio.Queue[str | None] = asyncio.Queue()
        self.pictures: asyncio.Queue[bytes] = asyncio.Queue()
        self.closed: int | None = None
        self.say(op="open", session=name, token=token)

    def say(self, **message) -> None:
        self.said.put_nowait(json.dumps(message))

    async def picture(self) -> bytes:
        return await asyncio.wait_for(self.pictures.get(), 60)  # a worker has to start

    # the server's side of it

    async def accept(self) -> None: ...

    async def close(self, code: int) -> None:
        self.closed = code

    async def receive_text(self) -> str:
        text = await self.said.get()
        if text is None:
            raise WebSocketDisconnect
        return text

    async def send_bytes(self, content: bytes) -> None:
        self.pictures.put_nowait(content)

    async def send_text(self, text: str) -> None: ...


async def step_one(connection: Connection) -> None:
    """Ask for pictures as a browser does until there is the one after the step."""
    while True:
        connection.say(op="next", frame=1)
        header, _ = decode_frame(await connection.picture())
        if header["panels"][0]["step"] == 1:
            return


@pytest.fixture(scope="module", autouse=True)
def workers_end():
    yield
    get_hub().close()
    hub._hub.cache_clear()


def test_a_picture_that_another_browser_asked_for_is_not_missed():
    async def two_browsers() -> None:
        session = get_hub().create(PlaygroundState.default(), playing=False)
        one, two = (Connection(session.id, session.token) for _ in range(2))
        served = [asyncio.create_task(live(connection)) for connection in (one, two)]
        for connection in (one, two):
            connection.say(op="next", frame=0)
            await connection.picture()
        one.say(op="control", action="step")
        await step_one(one)
        await step_one(two)  # nothing changes any more: there will be no other picture
        for connection in (one, two):
            connection.said.put_nowait(None)
        await asyncio.gather(*served)

    with ThreadPoolExecutor(1) as pool:  # Playwright's loop may run in this thread
        pool.submit(lambda: asyncio.run(two_browsers())).result()


class Stranger(Connection):
    """Sends what it likes, and remembers what it is told; it may hear nothing."""

    def __init__(self, session, *texts: str, deaf: bool = False) -> None:
        super().__init__(session.id, session.token)
        self.told: list[dict] = []
        self.deaf = deaf
        for text in (*texts, None):
            self.said.put_nowait(text)

    async def send_text(self, text: str) -> None:
        if self.deaf:
            await asyncio.sleep(3600)
        self.told.append(json.loads(text))

    def refusals(self) -> list[str]:
        """What it was told after its messages, which must all have been refused."""

        async def talk() -> None:
            await live(self)
            await asyncio.sleep(0.05)

        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: asyncio.run(talk())).result()
        return [message["message"] for message in self.told if message["op"] == "error"]


HUGE, DEEP, LONG = "9" * 400, "[" * 900 + "]" * 900, "x" * 100_000
ODD = [
    f'{{"op": "points", "version": 9, "points": [[{HUGE}, 0, 1]]}}',
    f'{{"op": "points", "version": 9, "points": [[0, 0, -{HUGE}]]}}',
    f'{{"op": "points", "version": {HUGE}, "points": []}}',
    f'{{"op": "points", "version": {"9" * 10_000}, "points": []}}',
    f'{{"op": "points", "version": 9, "points": {DEEP}}}',
    '{"op": "points", "version": 9, "points": [[NaN, 0, 1]]}',
    '{"op": "points", "version": 9, "points": [[1e400, 0, 1]]}',
    '{"op": "points", "version": 9, "points": [{"x": 0}]}',
    f'{{"op": {DEEP}}}',
    f'{{"op": "{LONG}"}}',
    '{"op": "\\ud800\\u202e\\n"}',
    f'{{"op": "control", "action": "{LONG}"}}',
    '{"op": "view", "field": 1e308, "overlays": []}',
    '{"op": "view", "field": 64, "overlays": {"a": 1}}',
    '{"op": "seek", "step": Infinity}',
    '{"op": "speed", "steps": true}',
    '{"op": "probe", "panel": 0, "x": "0", "y": 0}',
    '{"op": "open", "session": "a", "token": "b"',
    "[" * 199_000,
    " " * 200_001,
    "7",
    "",
]


def test_whatever_a_message_says_it_is_refused_in_one_short_sentence():
    session = get_hub().create(PlaygroundState.default(), playing=False)
    told = Stranger(session, *ODD).refusals()
    assert len(told) == len(ODD)
    assert all("\n" not in text and len(text) < 700 for text in told)
    assert session.version == 1 and len(session.state.points) == 200


def test_a_flood_from_one_browser_leaves_time_for_the_others():
    session = get_hub().create(PlaygroundState.default(), playing=False)
    rows = [[0.001 * k - 1, 0.5, 1] for k in range(2000)]
    flood = [json.dumps({"op": "points", "version": k, "points": rows}) for k in range(2, 22)]
    pauses = []

    async def other() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(0.001)
            pauses.append(time.perf_counter() - begun)

    async def talk() -> None:
        beside = asyncio.create_task(other())
        await live(Stranger(session, *flood))
        beside.cancel()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(talk())).result()
    assert len(pauses) > 2 * len(flood)  # it had turns between any two messages


def test_who_hears_nothing_is_let_go(monkeypatch):
    monkeypatch.setattr(live_route, "MOST_WAITING", 50)
    session = get_hub().create(PlaygroundState.default(), playing=False)
    deaf = Stranger(session, *["7"] * 200, deaf=True)
    deaf.refusals()
    assert deaf.closed == live_route.BUSY
    assert deaf.said.qsize() > 100


@pytest.mark.parametrize(
    "message",
    [{"op": "control", "action": "play"}, {"op": "points", "version": 9, "points": []}],
    ids=["control", "points"],
)
def test_who_watches_is_refused_whatever_he_sends(message):
    session = get_hub().create(PlaygroundState.default(), playing=False)
    client = session.listen(lambda kind, content: None, watching=True)
    with pytest.raises(LevelsetError, match="only watches"):
        answer(session, client, message, watching=True)
    assert len(session.state.points) == 200 and not session.playing


def test_a_token_opens_only_what_it_is_for():
    session = get_hub().create(PlaygroundState.default(), playing=False)
    keys = session.keys
    pairs = {
        (keys.id, keys.token): None,
        (keys.watch, keys.watch_token): None,
        (keys.id, keys.watch_token): FORBIDDEN,
        (keys.watch, keys.token): FORBIDDEN,
        (keys.copy, keys.token): GONE,
    }
    for (name, token), expected in pairs.items():
        connection = Connection(name, token)
        connection.said.put_nowait(None)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: asyncio.run(live(connection))).result()  # noqa: B023
        assert connection.closed == expected

"""Arrays for the browser: by content, by unguessable name, within a limit."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from starlette.routing import Router

from levelset_core.errors import LevelsetError
from pages.server import arrays
from pages.server.arrays import ArrayStore


def numbers(n, first=0):
    return np.arange(first, first + n, dtype=np.float32)


def test_the_same_content_keeps_its_name_and_any_other_has_another():
    store = ArrayStore()
    ref = store.publish(numbers(6))
    assert ref["dtype"] == "float32" and ref["shape"] == [6]
    assert store.publish(numbers(6)) == ref
    others = [numbers(6, 1), numbers(6).reshape(2, 3), numbers(6).view(np.uint32)]
    names = {store.publish(other)["name"] for other in others}
    assert len(names) == 3 and ref["name"] not in names
    assert store.get(ref["name"]) == numbers(6).tobytes()


def test_names_are_secret_another_store_has_others():
    assert ArrayStore().publish(numbers(6))["name"] != ArrayStore().publish(numbers(6))["name"]


def test_a_view_is_handed_out_in_order():
    table = np.arange(12, dtype=np.uint16).reshape(3, 4)
    store = ArrayStore()
    name = store.publish(table.T)["name"]
    assert store.get(name) == np.ascontiguousarray(table.T).tobytes()


def test_beyond_the_limit_the_longest_unused_go_first():
    store = ArrayStore(limit=100)
    first, second = (store.publish(numbers(10, k))["name"] for k in (0, 1))
    assert store.get(first)
    third = store.publish(numbers(10, 2))["name"]
    assert store.get(second) is None
    assert store.get(first) and store.get(third)
    large = store.publish(numbers(1000))["name"]
    assert store.get(large) and store.get(first) is None


def test_types_that_the_browser_cannot_take_are_refused():
    with pytest.raises(LevelsetError, match="not float64"):
        ArrayStore().publish(np.zeros(3))


def ask(path):
    """Status, headers and body of the route's answer."""
    said = []

    async def send(message):
        said.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    route = Router(arrays.array_routes())
    with ThreadPoolExecutor(1) as thread:  # browser tests leave an event loop running in this one
        thread.submit(lambda: asyncio.run(route(scope, None, send))).result()
    headers = {k.decode(): v.decode() for k, v in said[0]["headers"]}
    return said[0]["status"], headers, said[1]["body"]


def test_the_route_serves_what_was_published_and_nothing_else():
    ref = arrays.store.publish(numbers(5, 7))
    status, headers, body = ask(f"{arrays.ARRAYS_PATH}/{ref['name']}")
    assert status == 200 and body == numbers(5, 7).tobytes()
    assert "private" in headers["cache-control"]
    assert ask(f"{arrays.ARRAYS_PATH}/{'0' * 48}")[0] == 404

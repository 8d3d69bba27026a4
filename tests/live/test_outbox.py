"""What waits for a busy worker: changes that a newer one makes useless go."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from levelset_core.live.outbox import Outbox


def after(*messages):
    """What is sent in the end of these, which all waited."""
    outbox = Outbox()
    for message in messages:
        outbox.put(message)
    return [outbox.get() for _ in range(len(outbox))]


def test_the_newest_points_replace_older_ones_and_settings():
    last = ("a", "state", "points 3", 3)
    assert after(("a", "state", "points 1", 1), ("a", "settings", "s", 1), last) == [last]


def test_settings_leave_the_points_before_them():
    points, last = ("a", "state", "points", 2), ("a", "settings", "s2", 2)
    assert after(points, ("a", "settings", "s1", 2), last) == [points, last]


def test_each_session_is_by_itself():
    both = [("a", "state", 1, 1), ("b", "state", 1, 1)]
    assert after(*both) == both


@pytest.mark.parametrize("op", ["control", "seek", "call", "lesson", "open", "close"])
def test_nothing_overtakes_what_may_mean_what_was_set_before(op):
    messages = [("a", "state", 1, 1), ("a", op, "x"), ("a", "state", 2, 2), ("b", "look")]
    assert after(*messages) == messages


def test_of_requests_for_a_picture_one_is_left_which_is_as_urgent_as_any():
    assert after(("a", "frame", True), ("a", "frame", False)) == [("a", "frame", True)]


def test_a_flood_of_edits_waits_as_one_and_leaves_nothing_behind():
    outbox = Outbox()
    for k in range(10_000):
        outbox.put((f"s{k % 50}", "state", k, k))
        outbox.put((f"s{k % 50}", "frame", False))
    assert len(outbox) == 100
    sent = [outbox.get() for _ in range(100)]
    assert {m[2] for m in sent if m[1] == "state"} == set(range(9950, 10_000))
    assert not outbox._newest


def test_who_waits_is_told_and_the_end_comes_last():
    outbox = Outbox()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(outbox.get)
        outbox.put(("a", "look"))
        assert first.result(10) == ("a", "look")
    writers = [threading.Thread(target=outbox.put, args=(("a", "call", k),)) for k in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    outbox.put(None)
    found = [outbox.get() for _ in range(21)]
    assert found[-1] is None and {m[2] for m in found[:-1]} == set(range(20))

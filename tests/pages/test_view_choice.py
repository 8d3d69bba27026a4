"""A view in the address: links, clicks, Back, and what a browser still sends after Back."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import kept as module


def _page():
    import streamlit as st

    from pages.shared.kept import view_choice

    if st.session_state.get("away"):
        return
    views = {"a": "First", "b": "Second"}
    st.session_state.seen = view_choice("View", views, key="view", default="a")


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def page(clock):
    return AppTest.from_function(_page)


def click(page, view):
    """What the browser sends after a click, with the address that it has."""
    page.session_state["view"] = view
    page.run()


def address(page):
    return page.query_params.get("view")


def test_a_link_opens_a_view(page):
    page.query_params["view"] = "b"
    assert page.run().session_state.seen == "b"


def test_a_click_goes_into_the_address(page):
    page.run()
    assert address(page) is None
    click(page, "b")
    assert page.session_state.seen == "b" and address(page) in ("b", ["b"])


def test_back_opens_what_was_open(page, clock):
    page.run()
    click(page, "b")
    clock[0] += 5
    del page.query_params["view"]
    assert page.run().session_state.seen == "a"


def test_coming_back_to_a_page_is_no_back(page, clock):
    page.run()
    click(page, "b")
    clock[0] += 5
    page.session_state.away = True  # on another page
    page.run()
    page.session_state.away = False
    del page.query_params["view"]
    assert page.run().session_state.seen == "a"
    clock[0] += 0.2
    click(page, "b")
    assert page.session_state.seen == "b"


def test_what_a_browser_still_sends_after_back_is_no_click(page, clock):
    page.run()
    click(page, "b")
    clock[0] += 5
    del page.query_params["view"]
    page.run()
    clock[0] += 0.2
    click(page, "b")  # with the address of the first view already
    assert page.session_state.seen == "a" and address(page) is None
    clock[0] += 2
    click(page, "b")  # a person's
    assert page.session_state.seen == "b"

"""Can you trust 99%? to its end, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.servers import run_store
from tests.e2e.test_robustness import offline


@pytest.fixture
def store(tmp_path, monkeypatch):
    own = {"LEVELSET_DATA": str(tmp_path / "no-data"), "LEVELSET_DEVICE": "cpu"}
    with run_store(monkeypatch, tmp_path / "runs", **own) as store:
        yield store


def test_can_you_trust_it_to_its_end(store, serve, browse):
    page = browse(f"{serve().url}/robustness", ready=False, prepare=offline).page
    page.get_by_role("radio", name="Can you trust 99%?").click()
    following = page.get_by_role("button", name="Next")
    for heading, words in (
        ("Two networks, one test: both look robust", "B is the better one. Is it?"),
        ("A stronger attack tells them apart", "B keeps 0.0%"),
        ("Why: the first attack had nothing to follow", "exactly zero"),
        ("Examine finds the masked network", "saturated logits"),
    ):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        expect(page.get_by_text(words).first).to_be_visible()
        following.click()
    expect(page.get_by_role("heading", name="It happened in print")).to_be_visible()
    expect(page.get_by_text("97.35").first).to_be_visible()
    expect(page.get_by_text("90.85").first).to_be_visible()
    page.get_by_role("button", name="From the beginning").click()
    expect(page.get_by_role("heading", name="Two networks, one test")).to_be_visible()
    assert not page.elsewhere
    expect(page.get_by_test_id("stException")).to_have_count(0)

"""From page to page and from view to view, by the links and by the browser's Back and Forward."""

import pytest
from playwright.sync_api import expect

from tests.e2e.servers import PATIENCE, run_store, until


@pytest.fixture
def page(tmp_path, monkeypatch, serve, browse):
    with run_store(monkeypatch, tmp_path / "runs"):
        yield browse(f"{serve().url}/generalization", ready=False).page


def view(page, name):
    return page.get_by_role("radio", name=name)


def address(page):
    return page.evaluate("location.pathname + location.search")


def test_pages_with_views_follow_one_another(page):
    view(page, "Repeat by repeat").click()
    for link, first, other in (
        ("Robustness", "Table", "Explorer"),
        ("Few samples", "Figure 2", "Run here"),
        ("Robustness", "Table", "Curves"),
    ):
        page.get_by_role("link", name=link, exact=True).click()
        expect(page.get_by_role("heading", name=link)).to_be_visible(timeout=1000 * PATIENCE)
        expect(view(page, first)).to_be_checked()
        view(page, other).click()
        expect(view(page, other)).to_be_checked()
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_back_and_forward_go_through_the_views(page):
    view(page, "Repeat by repeat").click()
    until(lambda: address(page) == "/generalization?view=pairs", "the first view's address")
    view(page, "Run here").click()
    until(lambda: address(page) == "/generalization?view=run", "the second view's address")
    page.wait_for_timeout(1500)  # as long as a person needs, see view_choice.HEARD
    page.go_back()
    expect(view(page, "Repeat by repeat")).to_be_checked()
    page.go_back()
    expect(view(page, "Figure 2")).to_be_checked()
    page.go_forward()
    expect(view(page, "Repeat by repeat")).to_be_checked()
    page.wait_for_timeout(500)
    assert address(page) == "/generalization?view=pairs"

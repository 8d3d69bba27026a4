"""From page to page and from view to view, by the links and by the browser's Back and Forward."""

import pytest
from playwright.sync_api import expect

from tests.e2e.servers import PATIENCE, run_store, until


@pytest.fixture
def page(tmp_path, monkeypatch, serve, browse):
    with run_store(monkeypatch, tmp_path / "runs"):
        yield browse(f"{serve().url}/few_samples", ready=False).page


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
    until(lambda: address(page) == "/few_samples?view=pairs", "the first view's address")
    view(page, "Run here").click()
    until(lambda: address(page) == "/few_samples?view=run", "the second view's address")
    page.wait_for_timeout(1500)  # as long as a person needs, see kept.HEARD
    page.go_back()
    expect(view(page, "Repeat by repeat")).to_be_checked()
    page.go_back()
    expect(view(page, "Figure 2")).to_be_checked()
    page.go_forward()
    expect(view(page, "Repeat by repeat")).to_be_checked()
    page.wait_for_timeout(500)
    assert address(page) == "/few_samples?view=pairs"


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("/adversarial?view=curves", "/robustness?view=curves", "Curves"),
        ("/generalization?view=pairs", "/few_samples?view=pairs", "Repeat by repeat"),
        ("/exact_networks?from=before", "/exact?from=before", None),
    ],
)
def test_old_addresses_lead_to_where_the_pages_are_now(browse, old, new, shown):
    page = browse(old, ready=False).page
    expect(page.get_by_role("link", name="Runs", exact=True)).to_be_visible()
    until(lambda: address(page).startswith(new), f"{new} in the address")
    if shown:
        expect(view(page, shown)).to_be_checked()
    expect(page.get_by_text("Page not found")).to_have_count(0)


@pytest.mark.parametrize("first", ["/robustness", "/playground"])
def test_the_first_page_of_a_fresh_server_lies_in_the_shell(serve, browse, first):
    page = browse(f"{serve().url}{first}", ready=False).page
    shown = page.get_by_role("heading", name="Robustness" if first == "/robustness" else "Data")
    expect(shown).to_be_visible(timeout=1000 * PATIENCE)
    expect(page.get_by_role("link", name="Runs", exact=True)).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)

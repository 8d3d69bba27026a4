"""What somebody sees who only opens a page."""

from playwright.sync_api import expect


def test_opens_on_a_small_data_set_already_training(browse):
    page = browse()
    page.wait_for("training without a click", playing="true", status="running", points=200)
    page.trains(10)
    page.wait_for("figures", accuracy=lambda share: share > 0.5, steps_per_second=lambda n: n > 0)
    assert page.text("connection") == "live"
    assert "held-out" in page.status()
    page.well()


def test_home_says_what_this_is_and_leads_to_the_playground(browse):
    page = browse("/", ready=False)
    expect(page.page.get_by_role("heading", level=1)).to_contain_text("level sets")
    expect(page.page.get_by_text("Runs on")).to_be_visible()
    page.page.get_by_role("link", name="Draw your own").click()
    page.trains()
    assert page.page.url.split("?")[0].endswith("/playground")


def test_home_and_back_rejoins_the_same_session(playground):
    playground.trains()
    playground.wait_for_address(lambda state: True, "the session")
    address, step = playground.address(), playground.number("step")
    playground.page.get_by_role("link", name="Levelset Lab").click()
    expect(playground.page.get_by_role("heading", level=1)).to_be_visible()
    playground.page.get_by_role("link", name="Playground", exact=True).click()
    playground.wait_for("the same training", step=lambda now: now > step)
    playground.wait_for_address(lambda state: True, "the session")
    assert playground.address().split("&s=")[0] == address.split("&s=")[0]


OVERFLOW = """() => [
  document.scrollingElement,
  ...document.querySelectorAll('[data-testid=stMain], [data-testid=stSidebarContent]'),
].filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.dataset.testid ?? 'page')"""


def test_nothing_scrolls_sideways(browse):
    for path in ("/", "/playground"):
        page = browse(path, ready=path != "/")
        expect(page.main.locator("h1, canvas").first).to_be_visible()
        for width, height in ((1280, 720), (1440, 900)):
            page.page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                page.page.emulate_media(color_scheme=scheme)
                if path == "/playground":
                    expect(page.root).to_have_attribute("data-theme", scheme)
                assert page.page.evaluate(OVERFLOW) == [], (path, width, scheme)


def test_toolbar_and_headings_lie_free(playground):
    playground.steady("panels")
    header = playground.page.get_by_test_id("stHeader").bounding_box()
    assert playground.root.bounding_box()["y"] >= header["y"] + header["height"]
    heading = playground.sidebar.get_by_role("heading", name="Data").bounding_box()
    label = playground.sidebar.get_by_text("Points", exact=True).bounding_box()
    assert label["y"] >= heading["y"] + heading["height"]

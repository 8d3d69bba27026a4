"""The charts below the canvas: never blank while they are redrawn."""

WATCH = """() => new Promise((done) => {
  const seen = { frames: 0, blank: 0, pictures: new Set() };
  const end = performance.now() + 8000;
  const look = () => {
    seen.frames += 1;
    for (const column of document.querySelectorAll('.st-key-playground_charts .stColumn')) {
      const lines = [...column.querySelectorAll('.main-svg .js-line')];
      if (!lines.length) seen.blank += 1;
      seen.pictures.add(lines.map((line) => line.getAttribute('d')).join());
    }
    if (performance.now() < end) requestAnimationFrame(look);
    else done({ ...seen, pictures: seen.pictures.size });
  };
  look();
})"""


def test_no_chart_is_blank_while_it_is_redrawn(playground):
    playground.trains(20)
    lines = playground.main.locator(".st-key-playground_charts .js-line")
    lines.nth(6).wait_for(state="attached")
    seen = playground.page.evaluate(WATCH)
    assert seen["frames"] > 20 and seen["pictures"] > 4  # they have been redrawn
    assert seen["blank"] == 0

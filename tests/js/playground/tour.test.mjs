import assert from "node:assert/strict";
import test from "node:test";

import { STEPS } from "../../../assets/playground/tour.js";
import { plain } from "../../../assets/shared/terms.js";

const now = { step: 20, playing: false, count: 24, hovers: false, speed: 0, newest: 20, panels: 1, dark: false };

test("the tour is read in at most 90 seconds, two words a second", () => {
  const lengths = STEPS.map(({ text }) => plain(text(now)).split(" ").length);
  assert.ok(lengths.reduce((sum, length) => sum + length) / 2 <= 90, `${lengths}`);
  assert.ok(Math.max(...lengths) <= 35);
});

test("each step is done by the state that it asks for, and not before", () => {
  const reached = {
    play: { step: 30 }, bars: { hovers: true }, draw: { count: 25 },
    back: { newest: 40 }, slow: { playing: true, speed: 2 }, compare: { panels: 4 },
  };
  for (const { id, done } of STEPS.filter((step) => step.id in reached)) {
    assert.equal(done(now, now), false, id);
    assert.equal(done({ ...now, ...reached[id] }, now), true, id);
  }
});

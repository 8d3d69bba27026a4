import assert from "node:assert/strict";
import test from "node:test";

import { STEPS } from "../../../assets/playground/tour.js";
import { plain } from "../../../assets/shared/terms.js";

const now = { step: 20, playing: false, count: 24, hovers: false, speed: 0, newest: 20, panels: 1, dark: false };

test("the tour takes at most 90 seconds and its words can be read", () => {
  assert.ok(STEPS.length * 12.5 <= 90);
  for (const { text } of STEPS) assert.ok(plain(text(now)).split(" ").length <= 35, text(now));
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

import assert from "node:assert/strict";
import test from "node:test";

import { peopleText, shareText, speedText } from "../../../assets/playground/status.js";

test("presence is told: who watches, and who else is in control", () => {
  assert.equal(peopleText({ watching: 3, taking_part: 1 }), "3 watching");
  assert.equal(peopleText({ watching: 0, taking_part: 2 }), "2 in control");
  assert.equal(peopleText({ watching: 1, taking_part: 3 }), "1 watching · 3 in control");
  assert.equal(peopleText({ watching: 0, taking_part: 1 }), "");
});

test("each session's share is told, however small", () => {
  assert.equal(shareText(2, 31.4), "2 playgrounds train in turns; yours gets 31 steps a second");
  assert.equal(shareText(30, 0.9), "30 playgrounds train in turns; yours gets 1 step a second");
  assert.equal(shareText(50, 0.4), "50 playgrounds train in turns; yours gets one step in 3 s");
  assert.equal(shareText(100, 0.083), "100 playgrounds train in turns; yours gets one step in 12 s");
  assert.equal(shareText(100, 0), "100 playgrounds train in turns");
});

test("less than a step a second is not shown as none", () => {
  assert.equal(speedText(0.083), "0.08");
  assert.equal(speedText(1234.4), "1,234");
  assert.equal(speedText(0), "0");
});

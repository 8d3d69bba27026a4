import assert from "node:assert/strict";
import test from "node:test";

import { hear, tell } from "../../../assets/shared/bus.js";

test("who comes late hears the latest, who leaves hears no more", () => {
  const early = [];
  const late = [];
  const stop = hear("step", (value) => early.push(value));
  tell("step", 1);
  tell("step", 2);
  tell("other", 9);
  hear("step", (value) => late.push(value));
  stop();
  tell("step", 3);
  assert.deepEqual([early, late], [[1, 2], [2, 3]]);
});

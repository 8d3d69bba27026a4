import assert from "node:assert/strict";
import test from "node:test";

import { peopleText } from "../../../assets/playground/status.js";

test("presence is told: who watches, and who else is in control", () => {
  assert.equal(peopleText({ watching: 3, taking_part: 1 }), "3 watching");
  assert.equal(peopleText({ watching: 0, taking_part: 2 }), "2 in control");
  assert.equal(peopleText({ watching: 1, taking_part: 3 }), "1 watching · 3 in control");
  assert.equal(peopleText({ watching: 0, taking_part: 1 }), "");
});

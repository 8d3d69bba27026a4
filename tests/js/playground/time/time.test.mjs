import assert from "node:assert/strict";
import test from "node:test";

import { momentsOf } from "../../../../assets/playground/time/moments.js";
import { phasesOf, SlowMotion } from "../../../../assets/playground/time/phases.js";

test("a film has both ends of the training and not too many moments", () => {
  assert.deepEqual(momentsOf(3, 1), [0, 1, 2, 3]);
  assert.deepEqual(momentsOf(9, 4), [0, 4, 8, 9]);
  const long = momentsOf(12345, 64);
  assert.ok(long.length <= 100 && long[0] === 0 && long.at(-1) === 12345);
  assert.ok(long.slice(0, -1).every((step) => step % 64 === 0));
});

test("slow motion lights up the equations of the losses that train, in turn", () => {
  const names = (...objectives) => phasesOf(objectives).map(({ equation }) => equation);
  assert.deepEqual(names("margin_l2"), ["Eq. 4", "Eq. 9", "Eq. 12"]);
  assert.deepEqual(names("geometric_svm"), ["Eq. 4", "Eq. 9", "Eq. 11"]);
  assert.deepEqual(names("cross_entropy"), ["loss"]);
  const slow = new SlowMotion();
  const at = { speed: 1, playing: true, objectives: ["margin_l2"] };
  slow.update(at, 1000);
  assert.deepEqual([1000, 2900, 4700, 6500].map((t) => slow.now(t).equation), ["Eq. 4", "Eq. 9", "Eq. 12", "Eq. 4"]);
  for (const other of [{ ...at, playing: false }, { ...at, speed: 0 }, { ...at, speed: 20 }]) {
    slow.update(other, 3000);
    assert.equal(slow.now(3000), null);
  }
});

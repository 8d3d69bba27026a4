import assert from "node:assert/strict";
import test from "node:test";

import { describe, nameOf, place } from "../../../assets/playground/network/graph.js";

const layers = [
  { width: 2, index: [0, 1], weights: [], scale: [1.5, 1.5] },
  { width: 64, index: [3, 9, 40], weights: [[1, -2], [0.5, 0.25], [0, 0.1]], scale: [2, 1, 0] },
  { width: 1, index: [0], weights: [[0.5, -1, 0.1]], scale: [3] },
];

test("units stand in columns that do not overlap", () => {
  const { places, height } = place(layers, 600);
  const all = places.flat();
  for (const a of all) {
    assert.ok(a.x >= 0 && a.x + a.size <= 600 && a.y >= 0 && a.y + a.size <= height);
    for (const b of all) {
      if (a !== b) assert.ok(a.x + a.size <= b.x || b.x + b.size <= a.x || a.y + a.size <= b.y || b.y + b.size <= a.y);
    }
  }
});

test("a unit is told by its strongest inputs", () => {
  assert.match(describe(layers, 1, 0), /^Unit 3 of 64 in layer 1: −2\.00 × y \+ 1\.00 × x\./);
  assert.match(describe(layers, 1, 2), /dead unit/);
  assert.match(describe(layers, 2, 0), /^F, the output: −1\.00 × unit 9/);
  assert.deepEqual([0, 1, 2].map((k) => nameOf(k, 3)), ["Inputs", "Layer 1", "F"]);
});

import "../browser.mjs";
import assert from "node:assert/strict";
import test from "node:test";

const { counts } = await import("../../../assets/robustness/training/histogram.js");

test("distances fall into bins of 0.025, 0 on the side of what is right", () => {
  const bins = counts([0, 0.0249, 0.025, -0.001, -0.025, -0.0251, null], 0.1);
  assert.deepEqual(bins, [0, 0, 1, 2, 2, 1, 0, 0]);
});

test("what lies farther out is in the outermost bins", () => {
  assert.deepEqual(counts([5, -5, 0.1], 0.05), [1, 0, 0, 2]);
});

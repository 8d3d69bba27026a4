import assert from "node:assert/strict";
import test from "node:test";

import { fieldColour, sampleField } from "../../../../assets/playground/plot/field.js";
import { DARK, LIGHT, rampColour } from "../../../../assets/playground/plot/theme.js";

const BOUNDS = [-2, 2, -1, 1];
const N = 33;
const field = Float64Array.from({ length: N * N }, (_, at) =>
  2 * ((4 * (at % N)) / (N - 1) - 2) - 3 * ((2 * Math.floor(at / N)) / (N - 1) - 1));

test("value and gradient of a plane are exact, everywhere in the plot", () => {
  for (const [x, y] of [[0.3, 0.2], [-2, -1], [2, 1], [1.99, -0.37]]) {
    const { value, gradient } = sampleField(field, N, BOUNDS, x, y);
    assert.ok(Math.abs(value - (2 * x - 3 * y)) < 1e-4);
    assert.ok(Math.abs(gradient - Math.sqrt(13)) < 1e-9);
  }
});

test("the colour of F: neutral at 0, its sign's own beyond, fuller with |F|", () => {
  const parts = (css) => css.match(/\d+/g).map(Number);
  for (const theme of [LIGHT, DARK]) {
    assert.deepEqual(parts(fieldColour(theme, 0)), theme.neutral);
    assert.deepEqual(parts(fieldColour(theme, 9)), theme.fieldPlus[1]);
    assert.deepEqual(parts(fieldColour(theme, -9)), theme.fieldMinus[1]);
    const far = (v) => Math.hypot(...parts(fieldColour(theme, v)).map((c, k) => c - theme.neutral[k]));
    for (const sign of [-1, 1]) assert.ok(far(0.1 * sign) < far(0.5 * sign) && far(0.5 * sign) < far(2 * sign));
  }
});

test("the ramp has its ends, and values beyond them", () => {
  assert.equal(rampColour(0), rampColour(-1));
  assert.equal(rampColour(1), "rgb(253,231,37)");
  assert.equal(rampColour(1), rampColour(7));
});

import assert from "node:assert/strict";
import test from "node:test";

import { distanceTo } from "../../../../assets/playground/plot/contour.js";
import { ballIsCut, drawPaths, overlayStride } from "../../../../assets/playground/plot/overlays.js";

const COUNT = 200;

// A context that only counts where lines begin.
function drawn(highlight) {
  const points = Array.from({ length: COUNT }, (_, i) => ({ x: i, y: 0, label: 1 }));
  const starts = [];
  let paths = 0;
  const ctx = new Proxy({}, {
    get: (_, name) => (...values) => {
      if (name === "beginPath") paths += 1;
      if (name === "moveTo" && paths === 1) starts.push(values[0]);
    },
    set: () => true,
  });
  const path = { data: new Float32Array(4 * COUNT).map((_, i) => Math.floor(i / 4)), shape: [COUNT, 2, 2] };
  const view = { x: (v) => v, y: (v) => v, small: false };
  const picture = { theme: {}, aligned: points, highlight: highlight === null ? null : points[highlight] };
  drawPaths(ctx, view, { arrays: { path } }, picture);
  return starts;
}

test("above 60 points Newton paths thin out; the hovered point has its own", () => {
  const stride = overlayStride(COUNT);
  assert.equal(overlayStride(60), 1);
  const some = drawn(null);
  assert.equal(some.length, COUNT / stride);
  assert.ok(some.length <= 60);
  const odd = 13;
  assert.ok(!some.includes(odd));
  assert.deepEqual(drawn(odd).filter((x) => !some.includes(x)), [odd]);
});

test("a ball is cut by what its own norm says, though margins are measured in the other one", () => {
  const bounds = [-1.5, 1.5, -1.5, 1.5];
  const n = 31; // cells of 0.1
  const diagonal = [[0, 10, 20, 30]]; // y = x + 1
  const point = { x: 0, y: 0 };
  assert.ok(Math.abs(distanceTo(diagonal, n, bounds, point, "l2") - Math.SQRT1_2) < 1e-9);
  assert.ok(Math.abs(distanceTo(diagonal, n, bounds, point, "linf") - 0.5) < 1e-9);
  const panel = (norm, margin) => ({ info: { norm }, n, contours: { zero: diagonal }, arrays: { margin: { data: [margin] } } });
  const cut = (norm, margin, epsilon, distance) => ballIsCut(panel(norm, margin), 0, epsilon, distance, point, bounds);
  assert.equal(cut("linf", 0.5, 0.6, "linf"), true);
  assert.equal(cut("linf", 0.5, 0.6, "l2"), false); // the disc is smaller than the square
  assert.equal(cut("linf", 0.5, 0.75, "l2"), true);
  assert.equal(cut("linf", 0.19999, 0.2, "linf"), false); // it is told as 0.200
  assert.equal(cut("linf", -0.1, 0.05, "l2"), true);
  assert.equal(cut("linf", NaN, 0.2, "l2"), null);
});

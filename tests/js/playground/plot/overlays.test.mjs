import assert from "node:assert/strict";
import test from "node:test";

import { drawPaths, overlayStride } from "../../../../assets/playground/plot/overlays.js";

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

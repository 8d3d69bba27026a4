import "../../browser.mjs";

import assert from "node:assert/strict";
import test from "node:test";

import { stampPoint } from "../../../../assets/playground/plot/scene.js";

test("a new point stands in every panel before the rest is drawn anew", () => {
  const circles = [];
  const ctx = new Proxy({}, {
    get: (_, name) => (...values) => { if (name === "arc") circles.push(values.slice(0, 2)); },
    set: () => true,
  });
  const panels = [{ x: 0, y: 0, size: 100 }, { x: 200, y: 0, size: 100 }];
  const picture = { theme: {}, bounds: [-1, 1, -1, 1], points: [] };
  stampPoint(ctx, picture, { panels }, { x: 0.5, y: 0.5, label: 1 });
  assert.deepEqual(circles, [[75, 25], [275, 25]]);
});

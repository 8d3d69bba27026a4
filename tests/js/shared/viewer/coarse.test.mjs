import assert from "node:assert/strict";
import test from "node:test";

import { coarseGeometry } from "../../../../assets/shared/viewer/coarse.js";
import { BufferAttribute, BufferGeometry } from "../../../../assets/vendor/three.min.js";
import { square } from "./shapes.mjs";

// A finely triangulated square with its corners' colours.
function coloured(n) {
  const { positions, faces } = square(n);
  const colours = Uint8Array.from(positions, (v) => 255 * v);
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positions, 3));
  geometry.setAttribute("color", new BufferAttribute(colours, 3, true));
  geometry.setIndex(new BufferAttribute(faces, 1));
  return geometry;
}

test("a fine square loses triangles, keeps its area, its orientation and its colours", () => {
  const fine = coloured(400);
  const coarse = coarseGeometry(fine);
  const { array: indices } = coarse.index;
  const { array: places } = coarse.getAttribute("position");
  const { array: colours } = coarse.getAttribute("color");
  assert.ok(indices.length < fine.index.count / 8);
  let area = 0;
  for (let t = 0; t < indices.length; t += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => [places[3 * indices[t + k]], places[3 * indices[t + k] + 1]]);
    const one = ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) / 2;
    assert.ok(one > -1e-9);
    area += one;
  }
  assert.ok(Math.abs(area - 1) < 0.03, `${area}`);
  for (let n = 0; n < places.length; n++) assert.ok(Math.abs(colours[n] - 255 * places[n]) < 1.01);
});

test("a coarse mesh stays as it is", () => {
  const coarse = coarseGeometry(coloured(20));
  assert.equal(coarse.index.count, coloured(20).index.count);
});

import assert from "node:assert/strict";
import test from "node:test";

import { coarseGeometry } from "../../../../assets/shared/viewer/coarse.js";
import { BufferAttribute, BufferGeometry } from "../../../../assets/vendor/three.min.js";

// A finely triangulated square with its corners' colours.
function square(n) {
  const positions = [];
  const indices = [];
  for (let i = 0; i <= n; i++) for (let j = 0; j <= n; j++) positions.push(i / n, j / n, 0);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const at = i * (n + 1) + j;
      indices.push(at, at + n + 1, at + 1, at + 1, at + n + 1, at + n + 2);
    }
  }
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(Float32Array.from(positions), 3));
  geometry.setAttribute("color", new BufferAttribute(Uint8Array.from(positions, (v) => 255 * v), 3, true));
  geometry.setIndex(new BufferAttribute(Uint32Array.from(indices), 1));
  return geometry;
}

test("a fine square loses triangles, keeps its area, its orientation and its colours", () => {
  const fine = square(400);
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
  const coarse = coarseGeometry(square(20));
  assert.equal(coarse.index.count, square(20).index.count);
});

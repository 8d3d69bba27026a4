// The stored film is what the page says of it, and small.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";

import { readFilm } from "../../../assets/home/hero/film.js";
import { arrangeHero } from "../../../assets/home/hero/layout.js";

const packed = readFileSync(new URL("../../../assets/home/hero/figure_1.film", import.meta.url));

test("the film shows Figure 1's four panels on its points, step by step", () => {
  assert.ok(packed.length < 1_000_000);
  const { buffer, byteOffset, byteLength } = gunzipSync(packed);
  const { points, frames } = readFilm(buffer.slice(byteOffset, byteOffset + byteLength));
  assert.equal(points.length, 24);
  assert.ok(frames.length > 40);
  const steps = frames.map(({ panels }) => panels[0].info.step);
  assert.deepEqual(steps, [...steps].sort((a, b) => a - b));
  assert.equal(steps[0], 0);
  for (const { panels } of frames) {
    assert.deepEqual(panels.map(({ info }) => info.objective),
      ["cross_entropy", "margin_linf", "margin_l2", "geometric_svm"]);
    for (const { arrays } of panels) assert.equal(arrays.margin.data.length, points.length);
  }
  // The picture that is looked at: only cross-entropy lets the boundary come near.
  const [near, ...far] = frames.at(-1).panels.map(({ info }) => info.margin_min);
  assert.ok(far.every((margin) => margin > 1.2 * near), `${near} ${far}`);
});

test("panels, bars and captions lie within the width and not over one another", () => {
  for (const width of [300, 500, 699, 700, 1300]) {
    const { height, panels, strips, captions } = arrangeHero(width);
    panels.forEach(({ x, y, size }, i) => {
      assert.ok(x >= 0 && x + size <= width);
      assert.ok(y + size <= strips[i].y && strips[i].y + strips[i].h <= captions[i]);
      assert.ok(captions[i] < height);
    });
  }
});

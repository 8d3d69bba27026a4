import "../../browser.mjs";
import assert from "node:assert/strict";
import test from "node:test";

const { colourNormals, colourScalars, cssGradient, limitsOf, MAPS } = await import(
  "../../../../assets/shared/viewer/colours.js");
const { digits, histogram, summary } = await import("../../../../assets/shared/viewer/controls/chart.js");

/** @param {number[]} colour */
const luminance = ([r, g, b]) => 0.2126 * (r / 255) ** 2.2 + 0.7152 * (g / 255) ** 2.2 + 0.0722 * (b / 255) ** 2.2;
const stops = (name) => Array.from({ length: 256 }, (_, n) => [...MAPS[name].slice(3 * n, 3 * n + 3)]);

test("the sequential map grows in lightness, the diverging one is lightest in the middle", () => {
  const steady = stops("sequential").map(luminance);
  for (let n = 8; n < 256; n += 8) assert.ok(steady[n] > steady[n - 8]);
  const diverging = stops("diverging").map(luminance);
  for (let n = 8; n < 128; n += 8) {
    assert.ok(diverging[n] > diverging[n - 8]);
    assert.ok(diverging[255 - n] > diverging[255 - n + 8]);
  }
  assert.equal(cssGradient("sequential")[0], `rgb(${stops("sequential")[0].join(",")})`);
});

test("a vertex has its number's colour, those beyond the limits the ends', those without one grey", () => {
  const found = colourScalars([0, 1, -5, 9, NaN, 0.5], "sequential", [0, 1], "#9aa3af");
  const at = (n) => [...found.slice(3 * n, 3 * n + 3)];
  const map = stops("sequential");
  assert.deepEqual([0, 1, 2, 3].map(at), [map[0], map[255], map[0], map[255]]);
  assert.deepEqual(at(4), [0x9a, 0xa3, 0xaf]);
  assert.deepEqual(at(5), map[128]);
});

test("normals are colours of their directions", () => {
  assert.deepEqual([...colourNormals([1, 0, -1])], [255, 128, 0]);
});

test("limits leave out the rarest, and are even about zero for a diverging map", () => {
  const values = Float32Array.from({ length: 1001 }, (_, k) => k / 1000);
  values[7] = 500; // one that is out of all bounds
  const [low, high] = limitsOf([values], "sequential");
  assert.equal(low, 0);
  assert.ok(high > 0.9 && high < 1.01);
  const [least, most] = limitsOf([values.map((v) => v - 0.2)], "diverging");
  assert.equal(least, -most);
  assert.deepEqual(limitsOf([Float32Array.of(NaN)], "sequential"), [0, 1]);
  const [one, other] = limitsOf([Float32Array.of(3, 3, 3)], "sequential");
  assert.ok(other > one);
});

test("the histogram holds every value that is there, the outer ones in the outer bins", () => {
  const shares = histogram([-9, 0.01, 0.5, 0.99, 9, NaN], [0, 1]);
  assert.ok(Math.abs(shares.reduce((sum, v) => sum + v, 0) - 1) < 1e-12);
  assert.ok(Math.abs(shares[0] - 2 / 5) < 1e-12 && Math.abs(shares.at(-1) - 2 / 5) < 1e-12);
  assert.ok(histogram([NaN], [0, 1]).every((share) => share === 0));
});

test("the summary is that of the sorted numbers", () => {
  const values = Float32Array.from({ length: 101 }, (_, k) => 100 - k);
  assert.deepEqual(summary(values), { mean: 50, median: 50, p95: 95, max: 100 });
  assert.equal(summary([NaN]), null);
});

test("narrow spans have more digits", () => {
  assert.deepEqual([100, 1, 0.01, 1e-9].map(digits), [0, 2, 4, 6]);
});

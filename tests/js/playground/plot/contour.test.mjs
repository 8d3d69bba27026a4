import assert from "node:assert/strict";
import test from "node:test";

import { contour } from "../../../../assets/playground/plot/contour.js";

// F on an n x n grid over [-2, 2] x [-2, 2], and lines in those units.
const grid = (n, f) => Float64Array.from({ length: n * n }, (_, at) =>
  f((4 * (at % n)) / (n - 1) - 2, (4 * Math.floor(at / n)) / (n - 1) - 2));
const placesOf = (line, n) => Array.from({ length: line.length / 2 }, (_, k) =>
  [(4 * line[2 * k]) / (n - 1) - 2, (4 * line[2 * k + 1]) / (n - 1) - 2]);
const closed = (line) => line[0] === line.at(-2) && line[1] === line.at(-1);
const areaOf = (places) => places.reduce((sum, [x, y], k) => {
  const [a, b] = places[(k + 1) % places.length];
  return sum + (x * b - a * y) / 2;
}, 0);

test("the circle: one closed line, its distance falls with the square of the step", () => {
  const errors = [33, 65, 129].map((n) => {
    const lines = contour(grid(n, (x, y) => x * x + y * y - 1), n, 0);
    assert.equal(lines.length, 1);
    assert.ok(closed(lines[0]));
    const places = placesOf(lines[0], n);
    assert.ok(Math.abs(Math.abs(areaOf(places)) - Math.PI) < 20 / (n * n));
    return Math.max(...places.map(([x, y]) => Math.abs(Math.hypot(x, y) - 1)));
  });
  assert.ok(errors[0] < 0.005);
  for (const k of [1, 2]) assert.ok(errors[k] < errors[k - 1] / 3, `${errors}`);
});

test("other levels are other circles", () => {
  const n = 65;
  const field = grid(n, (x, y) => Math.hypot(x, y));
  for (const radius of [0.5, 1, 1.75]) {
    const [line] = contour(field, n, radius);
    for (const [x, y] of placesOf(line, n)) assert.ok(Math.abs(Math.hypot(x, y) - radius) < 0.01);
  }
});

test("a plane is met exactly, by one open line from border to border", () => {
  const n = 9;
  const lines = contour(grid(n, (x, y) => x + 2 * y - 0.3), n, 0);
  assert.equal(lines.length, 1);
  assert.ok(!closed(lines[0]));
  const places = placesOf(lines[0], n);
  for (const [x, y] of places) assert.ok(Math.abs(x + 2 * y - 0.3) < 1e-12);
  for (const [x, y] of [places[0], places.at(-1)]) {
    assert.ok(Math.abs(Math.max(Math.abs(x), Math.abs(y)) - 2) < 1e-12);
  }
});

test("two circles are two closed lines", () => {
  const n = 65;
  const two = (x, y) => Math.min(Math.hypot(x - 1, y), Math.hypot(x + 1, y)) - 0.6;
  const lines = contour(grid(n, two), n, 0);
  assert.equal(lines.length, 2);
  assert.ok(lines.every(closed));
});

test("a saddle is joined as the mean of its corners says", () => {
  // Corners + - over - +; a middle above the level joins the two that are above.
  for (const { high, joined } of [{ high: 3, joined: true }, { high: 0.5, joined: false }]) {
    const lines = contour(Float64Array.of(high, -1, -1, high), 2, 0);
    assert.equal(lines.length, 2);
    const bottom = lines.find((line) => line[1] === 0 || line.at(-1) === 0);
    const other = bottom[1] === 0 ? [bottom.at(-2), bottom.at(-1)] : [bottom[0], bottom[1]];
    assert.equal(other[0], joined ? 1 : 0);
  }
});

test("no line where nothing changes sign, and the scratch of a large grid serves a small one", () => {
  assert.deepEqual(contour(new Float64Array(100).fill(1), 10, 0), []);
  assert.deepEqual(contour(new Float64Array(100).fill(-1), 10, 0), []);
  const small = () => contour(grid(9, (x, y) => x * x + y * y - 1), 9, 0);
  const before = small();
  contour(grid(65, (x, y) => Math.sin(9 * x) * Math.sin(7 * y)), 65, 0.1);
  assert.deepEqual(small(), before);
});

test("every crossed edge lies on exactly one line", () => {
  const n = 33;
  const field = grid(n, (x, y) => Math.sin(5 * x) * Math.cos(4 * y) + 0.2 * x);
  const seen = new Set();
  for (const line of contour(field, n, 0.05)) {
    const places = Array.from({ length: line.length / 2 }, (_, k) => `${line[2 * k]} ${line[2 * k + 1]}`);
    if (closed(line)) places.pop();
    for (const place of places) {
      assert.ok(!seen.has(place), place);
      seen.add(place);
    }
  }
  let crossed = 0;
  for (let at = 0; at < n * n; at++) {
    const above = field[at] >= 0.05;
    if (at % n < n - 1 && above !== field[at + 1] >= 0.05) crossed += 1;
    if (at < n * (n - 1) && above !== field[at + n] >= 0.05) crossed += 1;
  }
  assert.equal(seen.size, crossed);
});

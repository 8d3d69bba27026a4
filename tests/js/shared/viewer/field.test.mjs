import assert from "node:assert/strict";
import test from "node:test";

import { FieldGrid } from "../../../../assets/shared/viewer/field.js";

const SHAPE = [11, 21, 19];
const LOW = [-1, -2, 0];
const HIGH = [1, 2, 3];
const f = (x, y, z) => 2 * x - y + 0.5 * z + 0.25 * x * y * z; // trilinear: met exactly

const axis = (a) => Array.from({ length: SHAPE[a] }, (_, k) => LOW[a] + ((HIGH[a] - LOW[a]) * k) / (SHAPE[a] - 1));
const values = Float32Array.from(
  axis(0).flatMap((x) => axis(1).flatMap((y) => axis(2).map((z) => (f(x, y, z) - 1) / 0.01))));
const grid = new FieldGrid({ values, shape: SHAPE, low: LOW, high: HIGH, scale: 0.01, offset: 1 });

test("the range is that of F", () => {
  const all = axis(0).flatMap((x) => axis(1).flatMap((y) => axis(2).map((z) => f(x, y, z))));
  assert.ok(Math.abs(grid.range[0] - Math.min(...all)) < 1e-5);
  assert.ok(Math.abs(grid.range[1] - Math.max(...all)) < 1e-5);
});

test("every block knows the least and the greatest value of its cells, corners included", () => {
  const { counts, least, most, size } = grid.blocks;
  for (let b = 0; b < least.length; b++) {
    const first = [Math.floor(b / (counts[1] * counts[2])), Math.floor(b / counts[2]) % counts[1], b % counts[2]]
      .map((k) => k * size);
    const found = [];
    for (let i = first[0]; i <= Math.min(first[0] + size, SHAPE[0] - 1); i++) {
      for (let j = first[1]; j <= Math.min(first[1] + size, SHAPE[1] - 1); j++) {
        for (let k = first[2]; k <= Math.min(first[2] + size, SHAPE[2] - 1); k++) {
          found.push(values[(i * SHAPE[1] + j) * SHAPE[2] + k]);
        }
      }
    }
    assert.equal(least[b], Math.min(...found));
    assert.equal(most[b], Math.max(...found));
  }
});

test("a slice between two planes of the grid is F there", () => {
  for (const [across, place] of [[0, 0.13], [1, -1.1], [2, 2.95], [0, 1]]) {
    const { values: cut, rows, columns, u, v } = grid.slice(across, place);
    assert.deepEqual([rows, columns], [SHAPE[u], SHAPE[v]]);
    axis(u).forEach((a, i) => axis(v).forEach((b, j) => {
      const at = [0, 0, 0];
      [at[across], at[u], at[v]] = [place, a, b];
      assert.ok(Math.abs(cut[i * columns + j] - f(at[0], at[1], at[2])) < 1e-4);
    }));
  }
});

test("|D_xF| of a trilinear F is exact", () => {
  const places = [[0.11, 0.7, 1.9], [-0.95, -1.95, 0.02], [0.5, 1.3, 2.99]];
  const found = grid.gradients(Float32Array.from(places.flat()));
  places.forEach(([x, y, z], n) => {
    const exact = Math.hypot(2 + 0.25 * y * z, -1 + 0.25 * x * z, 0.5 + 0.25 * x * y);
    assert.ok(Math.abs(found[n] - exact) < 2e-3, `${found[n]} for ${exact}`);
  });
});

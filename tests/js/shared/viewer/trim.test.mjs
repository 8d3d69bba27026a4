import assert from "node:assert/strict";
import test from "node:test";

import { mix, trimMesh } from "../../../../assets/shared/viewer/trim.js";
import { square } from "./shapes.mjs";

const byVertex = ({ positions }, f) => Float32Array.from(
  { length: positions.length / 3 }, (_, n) => f(positions[3 * n], positions[3 * n + 1]));

function area(positions, indices) {
  let sum = 0;
  for (let t = 0; t < indices.length; t += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => [positions[3 * indices[t + k]], positions[3 * indices[t + k] + 1]]);
    const one = ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) / 2;
    assert.ok(one > 0, "a face turned over");
    sum += one;
  }
  return sum;
}

// How often each undirected edge is used; those used once, by their ends.
function rim(indices) {
  const uses = new Map();
  for (let t = 0; t < indices.length; t += 3) {
    for (let k = 0; k < 3; k++) {
      const ends = [indices[t + k], indices[t + ((k + 1) % 3)]].sort((a, b) => a - b).join();
      uses.set(ends, (uses.get(ends) ?? 0) + 1);
    }
  }
  assert.ok([...uses.values()].every((count) => count <= 2));
  return [...uses].filter(([, count]) => count === 1).map(([ends]) => ends.split(",").map(Number));
}

test("a disc out of a square: its area, its one smooth rim, numbers between vertices", () => {
  const mesh = square(60);
  const radius = byVertex(mesh, (x, y) => Math.hypot(x - 0.5, y - 0.5));
  const left = trimMesh(mesh, radius, 0.3);
  const places = mix(mesh.positions, 3, left);
  assert.ok(Math.abs(area(places, left.indices) - Math.PI * 0.09) < 1e-3);
  const ends = rim(left.indices);
  const degree = new Map();
  for (const end of ends.flat()) degree.set(end, (degree.get(end) ?? 0) + 1);
  assert.ok([...degree.values()].every((count) => count === 2), "the rim is a loop");
  const values = mix(radius, 1, left);
  for (const end of degree.keys()) {
    assert.ok(Math.abs(Math.hypot(places[3 * end] - 0.5, places[3 * end + 1] - 0.5) - 0.3) < 2e-3);
    assert.ok(Math.abs(values[end] - 0.3) < 2e-3);
  }
  assert.equal(places.length / 3, left.a.length);
});

test("nothing over the limit leaves the mesh, everything over it nothing", () => {
  const mesh = square(4);
  const values = byVertex(mesh, (x) => x);
  assert.deepEqual(trimMesh(mesh, values, 2).indices.length, mesh.faces.length);
  assert.equal(trimMesh(mesh, values, -1).indices.length, 0);
});

test("crumbs are dropped", () => {
  const mesh = square(60);
  const values = byVertex(mesh, (x, y) => (x < 0.5 || Math.hypot(x - 0.9, y - 0.9) < 0.03 ? 0 : 2));
  const left = trimMesh(mesh, values, 1);
  const places = mix(mesh.positions, 3, left);
  assert.ok(Math.max(...places.filter((_, n) => n % 3 === 0)) < 0.6);
});

test("colours keep their type", () => {
  const mesh = square(2);
  const colours = Uint8Array.from(mesh.positions, (v) => 255 * v);
  const left = trimMesh(mesh, byVertex(mesh, (x) => x), 0.75);
  assert.ok(mix(colours, 3, left) instanceof Uint8Array);
});

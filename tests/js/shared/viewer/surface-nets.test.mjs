import assert from "node:assert/strict";
import test from "node:test";

import { FieldGrid } from "../../../../assets/shared/viewer/field.js";
import { extractLevel } from "../../../../assets/shared/viewer/surface-nets.js";

const LOW = [-1.5, -1.25, -1];
const HIGH = [1.5, 1.75, 2];

// F on a grid that is quantised as the server does it: F = offset + scale * value.
function gridOf(f, shape) {
  const [nx, ny, nz] = shape;
  const values = new Float32Array(nx * ny * nz);
  const at = (k, axis) => LOW[axis] + ((HIGH[axis] - LOW[axis]) * k) / (shape[axis] - 1);
  let n = 0;
  for (let i = 0; i < nx; i++) {
    for (let j = 0; j < ny; j++) for (let k = 0; k < nz; k++) values[n++] = (f(at(i, 0), at(j, 1), at(k, 2)) - 0.5) / 0.1;
  }
  return new FieldGrid({ values, shape, low: LOW, high: HIGH, scale: 0.1, offset: 0.5 });
}

const vertex = ({ positions }, n) => [positions[3 * n], positions[3 * n + 1], positions[3 * n + 2]];

// Every edge of a closed, oriented surface is run through once each way.
function openEdges({ indices }) {
  const edges = new Map();
  for (let t = 0; t < indices.length; t += 3) {
    for (let e = 0; e < 3; e++) {
      const [a, b] = [indices[t + e], indices[t + ((e + 1) % 3)]];
      const key = `${Math.min(a, b)} ${Math.max(a, b)}`;
      edges.set(key, (edges.get(key) ?? 0) + (a < b ? 1 : -1));
    }
  }
  return [...edges.values()].filter((sum) => sum !== 0).length;
}

// Sum of signed tetrahedra: positive where the front looks outwards.
function volume(mesh) {
  let sum = 0;
  for (let t = 0; t < mesh.indices.length; t += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => vertex(mesh, mesh.indices[t + k]));
    sum += a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
      + a[2] * (b[0] * c[1] - b[1] * c[0]);
  }
  return sum / 6;
}

const components = ({ positions, indices }) => {
  const root = Int32Array.from({ length: positions.length / 3 }, (_, n) => n);
  const find = (n) => { while (root[n] !== n) n = root[n]; return n; };
  for (let t = 0; t < indices.length; t += 3) {
    for (const k of [1, 2]) root[find(indices[t + k])] = find(indices[t]);
  }
  return new Set(Array.from(root, (_, n) => find(n))).size;
};

const sphere = (x, y, z) => Math.hypot(x, y, z - 0.5) - 0.8;

test("the sphere: vertices on it, closed, front outwards, its volume", () => {
  const errors = [[17, 19, 21], [33, 37, 41], [65, 73, 81]].map((shape) => {
    const mesh = extractLevel(gridOf(sphere, shape), 0);
    const count = mesh.positions.length / 3;
    assert.equal(openEdges(mesh), 0);
    assert.equal(count - mesh.indices.length / 6, 2); // Euler: V - E + F = V - F / 2
    let worst = 0;
    for (let n = 0; n < count; n++) worst = Math.max(worst, Math.abs(sphere(...vertex(mesh, n))));
    const exact = (4 / 3) * Math.PI * 0.8 ** 3;
    assert.ok(Math.abs(volume(mesh) / exact - 1) < 8 / shape[0] ** 1.5);
    return worst;
  });
  assert.ok(errors[0] < 0.015, `${errors}`);
  for (const k of [1, 2]) assert.ok(errors[k] < errors[k - 1] / 2.5, `${errors}`);
});

test("normals and |D_xF| of the sphere's distance are those of the sphere", () => {
  const mesh = extractLevel(gridOf(sphere, [49, 49, 49]), 0);
  for (let n = 0; n < mesh.gradients.length; n++) {
    const [x, y, z] = vertex(mesh, n);
    const radius = Math.hypot(x, y, z - 0.5);
    const along = (mesh.normals[3 * n] * x + mesh.normals[3 * n + 1] * y + mesh.normals[3 * n + 2] * (z - 0.5)) / radius;
    assert.ok(along > 0.995, `${along}`);
    assert.ok(Math.abs(mesh.gradients[n] - 1) < 0.05, `${mesh.gradients[n]}`);
  }
});

test("other levels are other spheres, and triangles look along D_xF on all of them", () => {
  const grid = gridOf(sphere, [41, 41, 41]);
  for (const level of [-0.3, 0.15]) {
    const mesh = extractLevel(grid, level);
    assert.ok(Math.abs(volume(mesh) / ((4 / 3) * Math.PI * (0.8 + level) ** 3) - 1) < 0.03);
  }
  const inside = extractLevel(gridOf((x, y, z) => -sphere(x, y, z), [41, 41, 41]), 0);
  assert.ok(volume(inside) < 0);
});

test("a plane is met exactly", () => {
  const plane = (x, y, z) => x + 2 * y - z - 0.2;
  const mesh = extractLevel(gridOf(plane, [12, 13, 14]), 0);
  assert.ok(mesh.positions.length > 300);
  for (let n = 0; n < mesh.positions.length / 3; n++) {
    assert.ok(Math.abs(plane(...vertex(mesh, n))) < 1e-5);
    assert.ok(Math.abs(mesh.gradients[n] - Math.sqrt(6)) < 1e-4);
  }
});

test("two spheres are two closed parts", () => {
  const two = (x, y, z) => Math.min(Math.hypot(x - 0.8, y, z - 0.5), Math.hypot(x + 0.8, y, z - 0.5)) - 0.5;
  const mesh = extractLevel(gridOf(two, [49, 49, 49]), 0);
  assert.equal(openEdges(mesh), 0);
  assert.equal(components(mesh), 2);
});

test("a level that F does not reach has no triangles", () => {
  const mesh = extractLevel(gridOf(sphere, [17, 17, 17]), 40);
  assert.equal(mesh.indices.length, 0);
  assert.equal(mesh.positions.length, 0);
});

test("indices stay inside the vertices, at the border too", () => {
  const mesh = extractLevel(gridOf((x, y, z) => Math.hypot(x - 1.5, y, z) - 1, [23, 24, 25]), 0);
  const count = mesh.positions.length / 3;
  assert.ok(mesh.indices.every((n) => n < count));
  mesh.positions.forEach((v, n) => {
    assert.ok(v >= LOW[n % 3] - 1e-6 && v <= HIGH[n % 3] + 1e-6);
  });
});

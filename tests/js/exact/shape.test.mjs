import assert from "node:assert/strict";
import test from "node:test";

import { Shape } from "../../../assets/exact/polygon/shape.js";

const TRIANGLE = [[0, 0], [1, 0], [0, 1]];

function drawn() {
  const shape = new Shape();
  for (const point of TRIANGLE) shape.add([...point]);
  shape.close();
  return shape;
}

test("three vertices close to a ring, two do not", () => {
  const shape = new Shape();
  shape.add([0, 0]);
  shape.add([1, 0]);
  assert.equal(shape.close(), false);
  shape.add([0, 1]);
  assert.equal(shape.close(), true);
  assert.deepEqual(shape.rings, [TRIANGLE]);
  assert.deepEqual(shape.open, []);
});

test("undo takes back vertex after vertex, redo puts them again", () => {
  const shape = drawn();
  shape.undo();
  assert.deepEqual([shape.rings.length, shape.open.length], [0, 3]);
  while (shape.undo());
  assert.deepEqual(shape.copy(), { rings: [], chains: [], open: [] });
  while (shape.redo());
  assert.deepEqual(shape.rings, [TRIANGLE]);
});

test("the nearest vertex and edge are found within reach only", () => {
  const shape = drawn();
  assert.equal(shape.vertexNear(0.95, 0.02, 0.1).k, 1);
  assert.equal(shape.vertexNear(0.5, 0.5, 0.1), null);
  const edge = shape.edgeNear(0.5, 0.52, 0.1);
  assert.equal(edge.k, 1);
  assert.ok(Math.abs(edge.distance - 0.02 / Math.SQRT2) < 1e-12);
  assert.equal(shape.edgeNear(0.02, 0.5, 0.1).k, 2); // the edge that closes the ring
});

test("the ends of a chain have no edge between them", () => {
  const shape = new Shape();
  shape.load({ rings: [], chains: [TRIANGLE] });
  assert.equal(shape.edgeNear(0.02, 0.5, 0.1), null);
});

test("a vertex goes into an edge, and a ring of two is none", () => {
  const shape = drawn();
  shape.insert(shape.edgeNear(0.5, 0, 0.1), [0.5, -0.1]);
  assert.deepEqual(shape.rings[0], [[0, 0], [0.5, -0.1], [1, 0], [0, 1]]);
  for (let k = 0; k < 2; k++) shape.remove(shape.vertexNear(0, 0, 9));
  assert.deepEqual(shape.rings, []);
});

test("what Python loads is not what undo changes", () => {
  const loaded = { rings: [structuredClone(TRIANGLE)], chains: [] };
  const shape = new Shape();
  shape.load(loaded);
  shape.rings[0][0][0] = 9;
  assert.deepEqual(loaded.rings[0], TRIANGLE);
});

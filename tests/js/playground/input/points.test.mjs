import assert from "node:assert/strict";
import test from "node:test";

import { MAXIMUM, Points } from "../../../../assets/playground/input/points.js";

const BOUNDS = [-1.5, 1.5, -1.5, 1.5];

function known(rows = [], version = 0) {
  const points = new Points(BOUNDS);
  points.replace(rows, version);
  return points;
}
const rowsOf = ({ list }) => list.map(({ x, y, label }) => [x, y, label]);

test("points stay inside the plot and are rounded as they are sent", () => {
  const points = known();
  points.add(7, -9, 1);
  points.add(0.123456, 0, -1);
  assert.deepEqual(points.flush(), {
    op: "points", version: 1, points: [[1.5, -1.5, 1], [0.1235, 0, -1]],
  });
  assert.equal(points.flush(), null); // nothing new
});

test("every edit can be undone and done again, and a new one ends redoing", () => {
  const points = known();
  const a = points.add(0, 0, 1);
  points.add(1, 1, -1);
  points.remove(a);
  assert.deepEqual(rowsOf(points), [[1, 1, -1]]);
  assert.ok(points.undo());
  assert.ok(points.undo());
  assert.deepEqual(rowsOf(points), [[0, 0, 1]]);
  assert.ok(points.redo());
  assert.deepEqual(rowsOf(points), [[0, 0, 1], [1, 1, -1]]);
  points.clear();
  assert.deepEqual(rowsOf(points), []);
  assert.equal(points.redo(), false);
  assert.ok(points.undo());
  assert.equal(points.list.length, 2);
});

test("a drag is one step of undo", () => {
  const points = known([[0, 0, 1]], 1);
  points.begin();
  let [held] = points.list;
  for (let k = 1; k <= 20; k++) held = points.move(held, k / 20, 0);
  points.commit();
  assert.deepEqual(rowsOf(points), [[1, 0, 1]]);
  points.undo();
  assert.deepEqual(rowsOf(points), [[0, 0, 1]]);
  assert.equal(points.past.length, 0);
});

test("a move to where a point is changes nothing", () => {
  const points = known([[0.5, 0.5, 1]], 1);
  const [point] = points.list;
  assert.equal(points.move(point, 0.50001, 0.5), point);
  assert.equal(points.dirty, false);
});

test("no more than the most points are put", () => {
  const points = known(Array.from({ length: MAXIMUM }, (_, k) => [k / MAXIMUM, 0, 1]), 1);
  assert.equal(points.add(0, 0, 1), null);
  assert.equal(points.list.length, MAXIMUM);
  assert.equal(points.dirty, false);
});

test("rows of an older version still speak of the points that are there", () => {
  const points = known([[0, 0, 1], [1, 0, 1], [0, 1, -1]], 5);
  const [a, b, c] = points.list;
  assert.deepEqual(points.aligned(5), [a, b, c]);
  points.remove(b);
  assert.deepEqual(points.aligned(5), [a, null, c]);
  const moved = points.move(c, 0.2, 0.2);
  assert.deepEqual(points.aligned(5), [a, null, null]);
  assert.equal(points.flush().version, 6);
  assert.deepEqual(points.aligned(6), [a, moved]);
  assert.equal(points.aligned(99), null); // nothing is known about it
});

test("the same list from the server keeps the points, another replaces them and can be undone", () => {
  const points = known([[0, 0, 1]], 1);
  const [point] = points.list;
  assert.equal(points.replace([[0, 0, 1]], 2), false);
  assert.equal(points.list[0], point);
  assert.equal(points.replace([[1, 1, -1]], 3), true);
  assert.equal(points.unsent, false);
  points.undo();
  assert.deepEqual(rowsOf(points), [[0, 0, 1]]);
});

test("the very first list of the server is not undone", () => {
  const points = known([[0, 0, 1]], 1);
  assert.equal(points.undo(), false);
});

test("after a connection is back the edits go out above the server's version", () => {
  const points = known([], 3);
  points.add(0, 0, 1);
  points.flush(); // lost on the way: no answer
  assert.ok(points.unsent);
  points.resend(9);
  assert.equal(points.flush().version, 10);
});

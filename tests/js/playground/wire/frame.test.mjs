import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { Blend, decodeFrame } from "../../../../assets/playground/wire/frame.js";

// Written by make_frame.py with the server's own encoder.
const stored = JSON.parse(readFileSync(new URL("frame.json", import.meta.url), "utf8"));
const bytes = new Uint8Array(Buffer.from(stored.bytes, "base64"));

test("a frame of the server gives its header and its arrays", () => {
  const { header, panels } = decodeFrame(bytes);
  assert.equal(header.version, 3);
  assert.equal(header.frame, 12);
  assert.deepEqual(panels.map(({ info }) => info.title), ["é geometric_svm", "é xent"]);
  assert.equal(panels[0].info.loss, null);
  const { arrays } = panels[0];
  assert.deepEqual(arrays.field.shape, [7, 7]);
  assert.deepEqual([...arrays.flag.data], stored.flag);
  assert.deepEqual([...arrays.foot.data], stored.foot);
  assert.deepEqual(Array.from(arrays.margin.data, (v) => (Number.isNaN(v) ? null : v)), stored.margin);
  assert.deepEqual(Object.keys(panels[1].arrays), ["field"]);
});

test("fields come back to half a step of their quantization", () => {
  decodeFrame(bytes).panels.forEach(({ arrays }, k) => {
    const { data } = arrays.field;
    assert.equal(data.length, stored.fields[k].length);
    stored.fields[k].forEach((value, i) => {
      assert.ok(Math.abs(data[i] - value) <= 0.5001 * stored.scales[k] + 1e-7, `${data[i]} for ${value}`);
    });
  });
});

test("margins are sorted, those that are missing last", () => {
  const { panels } = decodeFrame(bytes);
  assert.deepEqual([...panels[0].order], [2, 3, 0, 1]);
  assert.equal(panels[1].order, null);
});

test("bytes that begin anywhere in a message are read alike", () => {
  const wanted = decodeFrame(bytes).panels[0].arrays.foot.data;
  for (const shift of [1, 4, 8]) {
    const message = new Uint8Array(bytes.length + shift);
    message.set(bytes, shift);
    assert.deepEqual(decodeFrame(message.subarray(shift)).panels[0].arrays.foot.data, wanted);
  }
  assert.deepEqual(decodeFrame(bytes.buffer.slice(0)).panels[0].arrays.foot.data, wanted);
});

/** @returns {any} */
const frame = (value, { version = 1, objective = "a", step = 0 } = {}) => ({
  header: { version },
  panels: [{ info: { objective, step }, order: null, arrays: {
    field: { data: Float32Array.of(value, value), shape: [1, 2] },
    margin: { data: Float32Array.of(value, NaN), shape: [2] },
    flag: { data: Uint8Array.of(value), shape: [1] },
  } }],
});
const field = (shown) => [...shown.panels[0].arrays.field.data];

test("one frame passes into the next at an even pace", () => {
  const blend = new Blend();
  assert.equal(blend.at(0), null);
  blend.push(frame(0), 0, false);
  assert.deepEqual(field(blend.at(0)), [0, 0]); // the first is there at once
  blend.push(frame(10, { step: 4 }), 100, false);
  const half = blend.at(100 + blend.duration / 2);
  assert.deepEqual(field(half), [5, 5]);
  assert.equal(half.panels[0].arrays.margin.data[0], 5);
  assert.equal(half.panels[0].arrays.flag.data[0], 10); // kinds are not blended
  assert.equal(blend.number("step"), 2);
  assert.equal(blend.settled(100 + blend.duration / 2), false);
  assert.deepEqual(field(blend.at(100 + blend.duration)), [10, 10]);
  assert.equal(blend.settled(100 + blend.duration), true);
});

test("a number that is missing at one end is not blended", () => {
  const blend = new Blend();
  blend.push(frame(0), 0, false);
  blend.at(0);
  const next = frame(10);
  next.panels[0].arrays.margin.data[1] = 3; // NaN before
  blend.push(next, 100, false);
  assert.equal(blend.at(100 + blend.duration / 2).panels[0].arrays.margin.data[1], 3);
});

test("arrays of other points, and another objective, are not blended", () => {
  for (const change of [{ version: 2 }, { objective: "b" }]) {
    const blend = new Blend();
    blend.push(frame(0), 0, false);
    blend.at(0);
    blend.push(frame(10, change), 100, false);
    const { arrays } = blend.at(100 + blend.duration / 2).panels[0];
    assert.equal(arrays.margin.data[0], 10);
    assert.equal(arrays.field.data[0], "objective" in change ? 10 : 5);
  }
});

test("instant frames are shown whole", () => {
  const blend = new Blend();
  blend.push(frame(0), 0, true);
  blend.at(0);
  blend.push(frame(10), 100, true);
  assert.deepEqual(field(blend.at(100)), [10, 10]);
});

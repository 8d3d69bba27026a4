import assert from "node:assert/strict";
import test from "node:test";

import { fetchArray, Gone } from "../../../assets/shared/arrays.js";

const answers = new Map();
const asked = [];
Object.assign(globalThis, { fetch: async (url) => {
  asked.push(url);
  return answers.get(url) ?? { status: 404, ok: false };
} });
const answer = (name, buffer) =>
  answers.set(`/arrays/${name}`, { status: 200, ok: true, arrayBuffer: async () => buffer });

test("an array is asked for once, and has its type", async () => {
  answer("a", Float32Array.of(1, 2, 3).buffer);
  const ref = { name: "a", dtype: "float32", shape: [3] };
  const [one, two] = await Promise.all([fetchArray("/arrays", ref), fetchArray("/arrays", ref)]);
  assert.deepEqual(one, Float32Array.of(1, 2, 3));
  assert.equal(one, two);
  assert.deepEqual(asked, ["/arrays/a"]);
});

test("one that the server let go is said to be gone, and may be asked for again", async () => {
  const ref = { name: "b", dtype: "uint8", shape: [1] };
  await assert.rejects(fetchArray("/arrays", ref), Gone);
  answer("b", Uint8Array.of(7).buffer);
  assert.deepEqual(await fetchArray("/arrays", ref), Uint8Array.of(7));
});

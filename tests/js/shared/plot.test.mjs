import "../browser.mjs";
import assert from "node:assert/strict";
import test from "node:test";

const { limits, ticks } = await import("../../../assets/shared/plot.js");
const { greyImage, signedImage, LIGHT } = await import("../../../assets/shared/pixels.js");

test("ticks are round, inside, evenly apart, and named with the digits they need", () => {
  for (const [low, high] of [[0, 1], [-0.3, 0.7], [0, 37], [-1.04e-3, 2e-3], [990, 1010], [0, 4e6]]) {
    const found = ticks([low, high], 5);
    assert.ok(found.length >= 2 && found.length <= 7, `${found}`);
    const step = found[1][0] - found[0][0];
    found.forEach(([value, name], k) => {
      assert.ok(value >= low - 1e-9 * step && value <= high + 1e-9 * step);
      assert.ok(Math.abs(value - found[0][0] - k * step) < 1e-9 * step * found.length);
      const read = Number(name.replace("−", "-"));
      assert.ok(Math.abs(read - value) < 0.01 * step, `${name} for ${value}`);
    });
    const lead = step / 10 ** Math.floor(Math.log10(step) + 1e-9);
    assert.ok([1, 2, 5].some((round) => Math.abs(lead - round) < 1e-6), `${step}`);
  }
});

test("limits hold the values and zero, with room", () => {
  const [low, high] = limits([0.2, 0.7]);
  assert.ok(low < 0 && high > 0.7);
  const [least, most] = limits([0]);
  assert.ok(least < 0 && most > 0);
});

test("an image of one channel is grey, of three has its colours", () => {
  const grey = greyImage([0, 0.5, 1, 0.25], [1, 2, 2]);
  assert.deepEqual([...grey.data.slice(4, 8)], [128, 128, 128, 255]);
  const colour = greyImage([1, 0, 0.5], [3, 1, 1]); // red, green, blue of one pixel
  assert.deepEqual([...colour.data], [255, 0, 128, 255]);
});

test("differences are blue upwards, orange downwards, full at the scale and beyond", () => {
  const { data } = signedImage([0, 0.1, -0.1, 0.7], [1, 2, 2], 0.1, LIGHT);
  const pixel = (k) => [...data.slice(4 * k, 4 * k + 3)];
  assert.deepEqual(pixel(0), [0xf7, 0xf7, 0xf5]);
  assert.deepEqual(pixel(1), [0x00, 0x72, 0xb2]);
  assert.deepEqual(pixel(2), [0xd5, 0x5e, 0x00]);
  assert.deepEqual(pixel(3), pixel(1));
});

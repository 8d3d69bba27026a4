import assert from "node:assert/strict";
import test from "node:test";

import { escaped, number, percent, short, whole } from "../../../assets/shared/text.js";

test("numbers have a true minus, and a power of ten where digits would say nothing", () => {
  const shown = [[0, "0.000"], [-1.5, "−1.500"], [0.0004, "4.0e−4"], [-123456, "−1.2e5"], [99999, "99999.000"]];
  for (const [value, text] of shown) assert.equal(number(Number(value)), text);
  assert.equal(number(0.05, 1), "5.0e−2");
  assert.equal(number(2.345, 1), "2.3");
});

test("digits after the point are left out where they say nothing", () => {
  const shown = [[0.5, "0.50"], [-10000, "−10,000"], [1746.84, "1,747"], [2e6, "2.0e6"], [null, "–"]];
  for (const [value, text] of shown) assert.equal(short(value, 2), text);
});

test("what is missing is a dash", () => {
  for (const value of [null, undefined, NaN]) assert.equal(number(value), "–");
  for (const show of [percent, whole]) assert.deepEqual([show(null), show(undefined)], ["–", "–"]);
});

test("parts are percentages, counts have their thousands apart", () => {
  assert.equal(percent(0.98765), "98.8%");
  assert.deepEqual([0, 999, 1000, 1234567.6].map(whole), ["0", "999", "1,000", "1,234,568"]);
});

test("a name is never markup", () => {
  assert.equal(escaped('<b title="a">&'), "&#60;b title=&#34;a&#34;&#62;&#38;");
});

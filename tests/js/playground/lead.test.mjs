import assert from "node:assert/strict";
import test from "node:test";

import { leadOf } from "../../../assets/playground/lead.js";
import { plain } from "../../../assets/shared/terms.js";

const header = { wanted_margin: 0, opening: false };
const info = { title: "Geometric SVM", objective: "geometric_svm", norm: "linf", step: 0, accuracy: 0.5,
  margin_min: -0.2, trouble: "" };
const at = (changed = {}, rest = {}) => leadOf({
  count: 24, playing: true, header, panels: [{ info: { ...info, ...changed } }], bars: true, dark: false, ...rest,
});

test("an untrained network is explained: the line, the bars, and what to press", () => {
  const [state, sentence] = at({}, { playing: false });
  assert.equal(state, "untrained");
  assert.match(plain(sentence), /^The black line is where the network says 0\. Each bar is how far a point is from it\..*press play/);
  assert.match(at({}, { dark: true })[1], /white line/);
  assert.doesNotMatch(at({}, { bars: false })[1], /bar/);
});

test("the sentence follows the training to its end", () => {
  assert.match(at({ step: 100, accuracy: 0.75 })[1], /^6 of 24 points are still on the wrong side/);
  const wanted = { header: { ...header, wanted_margin: 0.2 } };
  const margin = { objective: "margin_linf", step: 500, accuracy: 1 };
  assert.equal(at({ ...margin, margin_min: 0.1 }, wanted)[0], "training");
  const [state, sentence] = at({ ...margin, margin_min: 0.21 }, wanted);
  assert.equal(state, "done");
  assert.match(plain(sentence), /0\.210 \(L∞\).*ε = 0\.20 was wanted/);
  assert.equal(at({ step: 1200, accuracy: 1, margin_min: 0.2 })[0], "done");
  assert.match(at({ step: 40, accuracy: 0.9 }, { playing: false })[1], /^Paused at step 40/);
});

test("without points it asks for some; a collapse outranks everything", () => {
  assert.equal(at({}, { count: 0 })[0], "empty");
  assert.deepEqual(at({ step: 400, trouble: "Collapsed. Reset." }), ["collapsed", "Collapsed. Reset."]);
});

test("several networks are compared by their smallest margins, in a named norm", () => {
  const two = ["Cross-entropy", "Margin L∞"].map((title, i) =>
    ({ info: { ...info, title, step: 1500, accuracy: 1, margin_min: 0.1 + i / 10 } }));
  assert.match(plain(at({}, { panels: two })[1]), /in L∞: Cross-entropy 0\.100, Margin L∞ 0\.200\./);
});

test("it is said why the panels differ, and what a disc is in squares", () => {
  const both = [["cross_entropy", "linf", 0.12], ["margin_l2", "l2", 0.15]].map(([objective, distance, least]) =>
    ({ info: { ...info, title: objective, objective, distance, step: 1500, accuracy: 1, margin_min: least } }));
  const wanted = { ...header, wanted_margin: 0.2, epsilon: 0.2 };
  const sentence = plain(at({}, { panels: both, header: wanted })[1]);
  assert.match(sentence, /Cross-entropy asks for no distance, so its line passes nearest\./);
  assert.match(sentence, /margin_l2 asks for free discs of 0\.20; the largest squares in them \(L∞\) are 0\.14\./);
});

test("a few points that stay wrong are explained, where the loss gives them up", () => {
  const wrong = { step: 3000, accuracy: 199 / 200 };
  const sentence = (changed, rest) => at({ ...wrong, ...changed }, { count: 200, wrongFor: 900, ...rest })[1];
  assert.match(plain(sentence({})), /^1 of 200 points is still .* a point deep among the others: Cross-entropy can\./i);
  assert.doesNotMatch(sentence({}, { wrongFor: 100 }), /deep/);
  assert.doesNotMatch(sentence({ objective: "cross_entropy" }), /deep/);
  assert.doesNotMatch(sentence({ accuracy: 0.8 }), /deep/);
  assert.match(sentence({}, { playing: false }), /^Paused at step .* Press play to go on\.$/);
});

test("what a network cannot do is no alarm in a lesson about it; lost weights are", () => {
  assert.equal(at({ step: 400, trouble: "Collapsed: only 50%." }, { lesson: true })[0], "training");
  assert.equal(at({ step: 400, trouble: "The weights are no longer numbers." }, { lesson: true })[0], "collapsed");
});

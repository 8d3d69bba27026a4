import "../../browser.mjs";

import assert from "node:assert/strict";
import test from "node:test";

const { drawLegend, legendHeight, legendKey } = await import("../../../../assets/playground/plot/legend.js");
const { captionOf, hitHeading, stripScale } = await import("../../../../assets/playground/plot/strip.js");
const { LIGHT } = await import("../../../../assets/playground/plot/theme.js");

const header = { distance: "linf", epsilon: 0.2 };
const infos = [["Margin L∞", "margin_linf", "linf"], ["Margin L2", "margin_l2", "l2"]]
  .map(([title, objective, norm]) => ({ title, objective, norm, distance: norm, converged: 1, failed: 0 }));
const picture = {
  theme: { ...LIGHT, font: "sans-serif" }, header, points: [{ label: 1 }, { label: -1 }],
  panels: infos.map((info) => ({ info, arrays: {} })), overlays: new Set(["contours"]), magnification: [1, 1],
};

/** Draws the legend on nothing; the opacity of every text. */
function opacities(shown) {
  const seen = new Map();
  const quiet = { globalAlpha: 1, measureText: (text) => ({ width: 6 * text.length }),
    fillText: (text) => seen.set(text, context.globalAlpha), restore: () => { context.globalAlpha = 1; } };
  const context = new Proxy(quiet, { get: (own, name) => own[name] ?? (() => {}) });
  drawLegend(context, shown, { legend: { x: 0, y: 0, w: 500, h: 200 }, crowded: false });
  return seen;
}

test("in slow motion the legend keeps the other phases' keys, but faint", () => {
  const slow = opacities({ ...picture, listed: new Set(["contours", "path", "balls"]),
    overlays: new Set(["contours", "balls"]) });
  assert.equal(slow.get("S₊₁ (F = +1)"), 1);
  assert.equal(slow.get("cut by S₀"), 1);
  assert.ok(slow.get("out of steps") < 0.5);
  assert.ok([...opacities(picture).values()].every((opacity) => opacity === 1));
});

test("an entry more asks for another layout", () => {
  const more = { ...picture, listed: new Set(["contours", "motion"]) };
  assert.notEqual(legendKey(picture), legendKey(more));
  assert.ok(legendHeight(more, 200) > legendHeight(picture, 200));
});

test("a point that is hardly on the wrong side has a bar that can be seen", () => {
  const scale = (...data) => stripScale([{ arrays: { margin: { data } } }], "margin", 0.1);
  assert.deepEqual(scale(-0.004, 0.5, 0.5), { high: 0.5, low: -0.05 });
  assert.deepEqual(scale(0.004, 0.5, 0.5), { high: 0.5, low: 0 });
  assert.deepEqual(scale(-9, 0.5, 0.5), { high: 0.5, low: -1.5 });
});

test("the headings of the bars and every overlay's key have words", () => {
  const strips = [{ x: 0, y: 0, w: 100, h: 200, panel: 0 }];
  assert.equal(hitHeading(strips, 50, 5), "margin");
  assert.equal(hitHeading(strips, 50, 105), "output_margin");
  assert.equal(hitHeading(strips, 50, 60), null);
});

test("each panel names the norm of its bars", () => {
  const captions = infos.map((_, panel) => captionOf({ panel, compact: true }, { name: "margin" }, picture));
  assert.deepEqual(captions, ["Margin L∞: margins in L∞", "Margin L2: margins in L2"]);
});

// Colour bar and keys. Entries flow in rows of the width they are given.

import { ballOf } from "./asked.js";
import { fieldColour } from "./field.js";
import { arrow, classMark, cross, dot, label, triangle, wrongMark } from "./marks.js";
import { ball, gradientKey, overlayStride, residualLevel } from "./overlays.js";
import { DISTANCE_NAMES, number } from "../../shared/text.js";
import { rampColour } from "./theme.js";

const ROW = 19;
const KEY = 24;
const BAR = 12;
const BAR_HEIGHT = BAR + 34;
const BAR_MAXIMUM = 280;
const FAINT = 0.3;
const scratch = document.createElement("canvas").getContext("2d");

function line(ctx, x, y, colour, width, dash = [], halo = null) {
  for (const [stroke, w] of [[halo, width + 3], [colour, width]]) {
    if (!stroke) continue;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(x - 9, y);
    ctx.lineTo(x + 9, y);
    ctx.strokeStyle = stroke;
    ctx.lineWidth = w;
    ctx.stroke();
  }
  ctx.setLineDash([]);
}

/**
 * What the picture shows: texts, how to draw each one's key around (x, y), and its term of the glossary.
 * @returns {[string, (ctx: CanvasRenderingContext2D, x: number, y: number) => void, string?][]}
 */
function entries(picture) {
  const { theme, header, panels, points } = picture;
  const overlays = picture.listed ?? picture.overlays;
  const plus = points.filter(({ label: sign }) => sign > 0).length;
  /** @type {ReturnType<typeof entries>} */
  const list = [
    [`class +1 (${plus})`, (ctx, x, y) => classMark(ctx, theme, 1, x, y, 5), "y"],
    [`class −1 (${points.length - plus})`, (ctx, x, y) => classMark(ctx, theme, -1, x, y, 5), "y"],
    ["S₀, the boundary", (ctx, x, y) => line(ctx, x, y, theme.zero, 2.8), "S0"],
    ["misclassified", (ctx, x, y) => {
      dot(ctx, x, y, 4.5, theme.muted, theme.ring);
      wrongMark(ctx, theme, x, y, 4.5);
    }, "misclassified"],
  ];
  if (overlays.has("contours")) {
    list.push(["S₊₁ (F = +1)", (ctx, x, y) => line(ctx, x, y, theme.plus, 1.5), "S1"]);
    list.push(["S₋₁ (F = −1)", (ctx, x, y) => line(ctx, x, y, theme.minus, 1.5), "S1"]);
  }
  if (!header) return list;
  const stride = overlayStride(points.length);
  if (stride > 1 && ["path", "balls", "gradients", "axis"].some((id) => overlays.has(id))) {
    list.push([`1 in ${stride} points drawn`, (ctx, x, y) => label(ctx, `1/${stride}`, x, y,
      { size: 11, colour: theme.muted, font: theme.font, align: "center" })]);
  }
  if (overlays.has("path")) pathEntries(list, theme, panels);
  if (overlays.has("balls")) {
    const axis = header.distance === "rho" && panels[0].arrays.axis ? 0 : null;
    const several = panels.some((panel) => ballOf(panel, header) !== header.distance);
    const name = `ε = ${number(header.epsilon, 2)}${several ? "" : ` ${DISTANCE_NAMES[header.distance] ?? ""}`}`;
    for (const [text, colour, dash] of [
      [`${name}: clear of S₀`, theme.plus, []], ["cut by S₀", theme.wrong, [4, 3]]]) {
      list.push([text, (ctx, x, y) => {
        ctx.setLineDash(dash);
        ball(ctx, x, y, 6.5, header.distance, axis);
        ctx.strokeStyle = colour;
        ctx.lineWidth = 1.5;
        ctx.stroke();
        ctx.setLineDash([]);
      }, "epsilon"]);
    }
  }
  if (overlays.has("gradients")) {
    const longest = gradientKey(panels[0]);
    list.push([longest ? `DₓF, longest ${number(longest, 2)}` : "DₓF at the foot",
      (ctx, x, y) => arrow(ctx, x - 9, y, x + 9, y, theme.gradient, 1.6), "gradient"]);
  }
  if (overlays.has("axis")) {
    list.push(["axis of ρ", (ctx, x, y) => line(ctx, x, y, theme.p, 2, [4, 2.5]), "rho"]);
  }
  if (overlays.has("motion")) {
    list.push(["predicted motion", (ctx, x, y) => {
      ctx.setLineDash([3.5, 2]);
      arrow(ctx, x - 9, y, x + 9, y, theme.predicted, 1.8);
      ctx.setLineDash([]);
    }, "sample_network"]);
    const error = panels[0]?.info.motion_error;
    const factor = picture.magnification[0];
    list.push([`actual${factor > 1 ? ` (both drawn ×${factor})` : ""}`,
      (ctx, x, y) => arrow(ctx, x - 9, y, x + 9, y, theme.actual, 3, 7), "motion_error"]);
    if (error !== null && error !== undefined) {
      list.push([`motion error ${number(error, 3)}`, (ctx, x, y) => label(ctx, "Δ", x, y,
        { size: 13, colour: theme.muted, font: theme.font, align: "center" }), "motion_error"]);
    }
  }
  return list;
}

function pathEntries(list, theme, panels) {
  list.push(["Newton |F| 10⁻⁴…1", (ctx, x, y) => {
    [1e-4, 1e-2, 1].forEach((value, i) => {
      const level = residualLevel(value);
      dot(ctx, x - 9 + i * 8, y, 2.2 + level * 2, rampColour(level), theme.ring, 0.8);
    });
  }, "residual"]);
  const { failed, converged } = panels[0]?.info ?? {};
  list.push([`failed${failed ? ` (${failed})` : ""}`, (ctx, x, y) => cross(ctx, x, y, 5, theme.wrong, 2.4), "failed"]);
  if (converged !== null && converged !== undefined) {
    const share = converged === 1 ? 100 : Math.min(Math.floor(100 * converged), 99); // all is all
    list.push([`converged: ${share}%`,
      (ctx, x, y) => dot(ctx, x, y, 2.6, rampColour(0), theme.ring, 0.8), "newton"]);
  }
  list.push(["out of steps", (ctx, x, y) => triangle(ctx, x, y, 6, theme.wrong), "out_of_steps"]);
}

// Columns as wide as the widest text, so that the keys line up.
function flow(picture, width) {
  const list = entries(picture);
  scratch.font = `12px ${picture.theme.font}`;
  const bar = picture.overlays.has("field") ? BAR_HEIGHT : 0;
  const barWidth = Math.min(BAR_MAXIMUM, width);
  const beside = bar && width > 700;
  const room = beside ? width - barWidth - 36 : width;
  // Rounded up, so that changing digits do not rearrange the columns.
  const longest = Math.max(...list.map(([text]) => scratch.measureText(text).width));
  const widest = Math.ceil(longest / 16) * 16 + KEY + 8;
  const columns = Math.max(1, Math.min(list.length, Math.floor((room + 10) / Math.min(widest, room))));
  const rows = Math.ceil(list.length / columns);
  return { list, bar, barWidth, beside, columns, rows, step: Math.min(room / columns, widest + 20),
    height: beside ? Math.max(bar, rows * ROW) : bar + rows * ROW };
}

/** What the room that the legend takes depends on, besides its width. */
export const legendKey = (picture) => {
  const { list, step } = flow(picture, Infinity);
  return [list.length, step].join();
};

export function legendHeight(picture, width) {
  return flow(picture, width).height;
}

export function drawLegend(ctx, picture, { legend, crowded }) {
  if (legend.w < 60) return;
  const { theme } = picture;
  if (crowded) {
    label(ctx, "No room for the margin bars", legend.x, legend.y + legend.h + 12,
      { size: 11, colour: theme.muted, font: theme.font });
  }
  const { list, bar, barWidth, beside, rows, step } = flow(picture, legend.w);
  if (bar) drawBar(ctx, theme, legend.x, legend.y, barWidth);
  const left = legend.x + (beside ? barWidth + 36 : 0);
  const top = legend.y + (beside ? 0 : bar);
  // In slow motion one phase is drawn at a time: what the others draw is listed, but faint.
  const drawn = new Set(entries({ ...picture, listed: null }).map(([text]) => text));
  list.forEach(([text, draw], i) => {
    const x = left + Math.floor(i / rows) * step;
    const y = top + (i % rows) * ROW + ROW / 2;
    ctx.save();
    ctx.globalAlpha = drawn.has(text) ? 1 : FAINT;
    draw(ctx, x + 10, y);
    label(ctx, text, x + KEY, y, { size: 12, colour: theme.text, font: theme.font });
    ctx.restore();
  });
}

/** The term of the glossary that an entry under the pointer stands for. */
export function hitLegend(picture, { legend }, px, py) {
  const [x, y] = [px - legend.x, py - legend.y];
  if (x < 0 || y < 0 || x > legend.w || y > legend.h) return null;
  const { list, bar, barWidth, beside, rows, step } = flow(picture, legend.w);
  if (bar && y < bar && x < barWidth) return "F";
  const column = Math.floor((x - (beside ? barWidth + 36 : 0)) / step);
  const row = Math.floor((y - (beside ? 0 : bar)) / ROW);
  return column < 0 || row < 0 || row >= rows ? null : list[column * rows + row]?.[2] ?? null;
}

function drawBar(ctx, theme, x, y, width) {
  const style = { size: 11, colour: theme.muted, font: theme.font };
  label(ctx, "F(x), the network's output", x, y + 6, style);
  const slices = 64;
  const top = y + 15;
  for (let i = 0; i < slices; i++) {
    ctx.fillStyle = fieldColour(theme, ((i + 0.5) / slices) * 5 - 2.5);
    ctx.fillRect(x + (i * width) / slices, top, width / slices + 0.6, BAR);
  }
  ctx.strokeStyle = theme.line;
  ctx.lineWidth = 1;
  ctx.strokeRect(x + 0.5, top + 0.5, width - 1, BAR - 1);
  for (const value of [-2, -1, 0, 1, 2]) {
    const at = x + ((value + 2.5) / 5) * width;
    ctx.fillStyle = theme.muted;
    ctx.fillRect(at - 0.5, top + BAR, 1, 3);
    label(ctx, `${value > 0 ? "+" : ""}${number(value, 0)}`, at, top + BAR + 9, { ...style, align: "center" });
  }
}

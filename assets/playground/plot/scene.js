// Draws a whole picture: panels, legend and strips. The same code draws on the
// screen, into a PNG and into an SVG; ctx is a 2D context or its SVG twin.

import { askedOf } from "./asked.js";
import { sampleField } from "./field.js";
import { CAPTION, titlePlace, viewOf } from "./layout.js";
import { drawLegend } from "./legend.js";
import { arrow, classMark, cross, dot, label, ring, wrongMark } from "./marks.js";
import { ball, drawAxes, drawBalls, drawGradients, drawMotion, drawPaths } from "./overlays.js";
import { drawStrip } from "./strip.js";
import { number, percent } from "../../shared/text.js";
import { roleColour } from "./theme.js";

export function drawPicture(ctx, picture, layout) {
  const { theme } = picture;
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  ctx.fillStyle = theme.background;
  // One more: the canvas has whole pixels, and its last ones would stay black in part.
  ctx.fillRect(0, 0, layout.width + 1, layout.height + 1);
  layout.panels.forEach((rect, i) => {
    drawPanel(ctx, viewOf(rect, picture.bounds), picture.panels[i], picture, i);
  });
  drawLegend(ctx, picture, layout);
  for (const strip of layout.strips) drawStrip(ctx, strip, picture);
}

function drawPanel(ctx, view, panel, picture, index) {
  const { rect } = view;
  const { theme, overlays } = picture;
  const notes = picture.annotations.filter((note) => (note.panel ?? 0) === index);
  ctx.save();
  ctx.beginPath();
  ctx.rect(rect.x, rect.y, rect.size, rect.size);
  ctx.clip();
  ctx.fillStyle = `rgb(${theme.neutral.join(",")})`;
  ctx.fillRect(rect.x, rect.y, rect.size, rect.size);
  ctx.globalAlpha = notes.length ? 0.45 : 1;
  if (panel?.image && overlays.has("field")) drawField(ctx, rect, panel);
  if (panel?.field) drawContours(ctx, view, panel, picture);
  if (panel && picture.header) {
    if (overlays.has("balls")) drawBalls(ctx, view, panel, picture);
    if (overlays.has("path")) drawPaths(ctx, view, panel, picture);
  }
  drawPoints(ctx, view, panel, picture);
  if (panel && picture.header) {
    if (overlays.has("axis")) drawAxes(ctx, view, panel, picture);
    if (overlays.has("gradients")) drawGradients(ctx, view, panel, picture);
    if (overlays.has("motion")) drawMotion(ctx, view, panel, picture, picture.magnification[index]);
  }
  ctx.globalAlpha = 1;
  for (const note of notes) drawNote(ctx, view, note, picture);
  const texts = [];
  for (const note of notes) if (note.text) drawNoteText(ctx, view, note, theme, texts);
  drawProbe(ctx, view, picture, index);
  drawCursor(ctx, view, picture, index);
  ctx.restore();
  drawFrameAndTitle(ctx, view, panel, picture);
}

// Samples sit on the corners of the plot, so the image reaches half a cell outside.
function drawField(ctx, rect, panel) {
  const cell = rect.size / (panel.n - 1);
  ctx.imageSmoothingEnabled = true;
  ctx.drawImage(panel.image, rect.x - cell / 2, rect.y - cell / 2, rect.size + cell, rect.size + cell);
}

function traceContour(ctx, view, panel, lines) {
  const { x, y, size } = view.rect;
  const cell = size / (panel.n - 1);
  ctx.beginPath();
  for (const line of lines) {
    ctx.moveTo(x + line[0] * cell, y + size - line[1] * cell);
    for (let i = 2; i < line.length; i += 2) {
      ctx.lineTo(x + line[i] * cell, y + size - line[i + 1] * cell);
    }
  }
}

function drawContours(ctx, view, panel, { theme, overlays }) {
  if (overlays.has("contours")) {
    for (const [level, colour] of [["plus", theme.plus], ["minus", theme.minus]]) {
      traceContour(ctx, view, panel, panel.contours[level]);
      ctx.strokeStyle = colour;
      ctx.lineWidth = view.small ? 1.1 : 1.5;
      ctx.stroke();
    }
  }
  traceContour(ctx, view, panel, panel.contours.zero);
  ctx.strokeStyle = theme.halo;
  ctx.lineWidth = view.small ? 4.5 : 6;
  ctx.stroke();
  ctx.strokeStyle = theme.zero;
  ctx.lineWidth = view.small ? 2 : 2.8;
  ctx.stroke();
}

function pointRadius(view, count) {
  return (view.small ? 3.4 : 5.2) * (count > 600 ? 0.75 : 1);
}

function drawPoints(ctx, view, panel, picture) {
  const { theme, points, bounds } = picture;
  const radius = pointRadius(view, points.length);
  const outputs = new Map();
  const known = panel?.arrays.output?.data;
  if (known) picture.aligned?.forEach((point, row) => point && outputs.set(point, known[row]));
  for (const point of points) {
    const x = view.x(point.x);
    const y = view.y(point.y);
    classMark(ctx, theme, point.label, x, y, radius);
    if (!panel?.field) continue;
    const output = outputs.get(point)
      ?? point.label * sampleField(panel.field, panel.n, bounds, point.x, point.y).value;
    if (output < 0) wrongMark(ctx, theme, x, y, radius);
  }
  const { highlight } = picture;
  if (highlight && points.includes(highlight)) {
    ring(ctx, view.x(highlight.x), view.y(highlight.y), radius + 6, theme.halo, 5);
    ring(ctx, view.x(highlight.x), view.y(highlight.y), radius + 6, theme.zero, 2);
  }
}

/** One more point on a picture that stands; the next picture has it in its place. */
export function stampPoint(ctx, { theme, bounds, points }, layout, { x, y, label: sign }) {
  for (const rect of layout.panels) {
    const view = viewOf(rect, bounds);
    classMark(ctx, theme, sign, view.x(x), view.y(y), pointRadius(view, points.length));
  }
}

function drawNote(ctx, view, note, picture) {
  const { theme } = picture;
  const colour = roleColour(theme, note.role);
  const places = note.points.map(([x, y]) => [view.x(x), view.y(y)]);
  const [x, y] = places[0];
  const line = (width, dash) => {
    for (const [stroke, extra] of [[theme.halo, 3], [colour, 0]]) {
      ctx.setLineDash(extra ? [] : dash);
      ctx.beginPath();
      places.forEach(([px, py], i) => (i ? ctx.lineTo(px, py) : ctx.moveTo(px, py)));
      ctx.strokeStyle = stroke;
      ctx.lineWidth = width + extra;
      ctx.stroke();
    }
    ctx.setLineDash([]);
  };
  if (note.kind === "polyline") line(2, []);
  if (note.kind === "segment") line(2, [5, 4]);
  if (note.kind === "arrow") {
    const [tx, ty] = places[places.length - 1];
    arrow(ctx, x, y, tx, ty, theme.halo, 5.5, 9);
    arrow(ctx, x, y, tx, ty, colour, 2.4, 9);
  }
  if (note.kind === "dot") for (const [px, py] of places) dot(ctx, px, py, 4.5, colour, theme.ring);
  if (note.kind === "ring") {
    for (const [px, py] of places) {
      ring(ctx, px, py, 9, theme.halo, 4.5);
      ring(ctx, px, py, 9, colour, 2.2);
    }
  }
  if (note.kind === "ball") {
    const distance = note.distance ?? picture.header?.distance ?? "l2";
    ball(ctx, x, y, noteRadius(note, distance, picture) * view.unit, distance);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2;
    ctx.stroke();
  }
}

// The ball reaches to its second point if it has one, else it has radius epsilon.
function noteRadius({ radius, points }, distance, picture) {
  if (radius !== undefined) return radius;
  if (points.length < 2) return picture.header?.epsilon ?? 0.1;
  const dx = Math.abs(points[1][0] - points[0][0]);
  const dy = Math.abs(points[1][1] - points[0][1]);
  return distance === "l2" ? Math.hypot(dx, dy) : Math.max(dx, dy);
}

// `texts` are the boxes of those that stand already: none covers another.
function drawNoteText(ctx, view, note, theme, texts) {
  const [px, py] = note.points[note.points.length - 1];
  const [x, y] = [view.x(px), view.y(py)];
  const colour = roleColour(theme, note.role);
  const size = view.small ? 11 : 13;
  ctx.font = `600 ${size}px ${theme.font}`;
  const width = ctx.measureText(note.text).width;
  const { rect } = view;
  const height = size * 1.5;
  // Kept inside the plot: to the left of the mark where the right has no room.
  const before = Math.max(rect.x + 5, x - 11 - width);
  const behind = note.kind === "text" ? x : x + 11;
  const sides = behind + width + 5 > rect.x + rect.size ? [before] : [behind, before];
  const boxes = sides.flatMap((left) => [-11, height - 5, -11 - height].map((dy) => ({
    left, right: left + width, middle: Math.min(Math.max(y + dy, rect.y + 11), rect.y + rect.size - 11),
  })));
  const box = boxes.find((one) => texts.every((other) => one.left > other.right + 8
    || one.right < other.left - 8 || Math.abs(one.middle - other.middle) >= height)) ?? boxes[0];
  texts.push(box);
  const { left, middle } = box;
  ctx.save();
  ctx.globalAlpha = 0.88;
  ctx.fillStyle = theme.panel;
  ctx.fillRect(left - 4, middle - height / 2, width + 8, height);
  ctx.restore();
  label(ctx, note.text, left, middle, { size, colour, font: theme.font, weight: "600" });
}

function drawProbe(ctx, view, { probe, theme }, index) {
  if (!probe || probe.panel !== index) return;
  const x = view.x(probe.x);
  const y = view.y(probe.y);
  if (probe.foot) {
    const [fx, fy] = [view.x(probe.foot[0]), view.y(probe.foot[1])];
    for (const [colour, width] of [[theme.halo, 3.5], [theme.zero, 1.3]]) {
      ctx.beginPath();
      ctx.moveTo(x, y);
      ctx.lineTo(fx, fy);
      ctx.strokeStyle = colour;
      ctx.lineWidth = width;
      ctx.stroke();
    }
    dot(ctx, fx, fy, 3.2, theme.zero, theme.ring);
  }
  ring(ctx, x, y, 2.5, theme.zero, 1);
}

function drawCursor(ctx, view, { cursor, theme }, index) {
  if (!cursor || cursor.panel !== index) return;
  const x = view.x(cursor.x);
  const y = view.y(cursor.y);
  for (const [colour, width] of [[theme.halo, 4], [theme.zero, 1.6]]) {
    ctx.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      ctx.moveTo(x + dx * 6, y + dy * 6);
      ctx.lineTo(x + dx * 18, y + dy * 18);
    }
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }
  if (cursor.grabbed) cross(ctx, x, y, 3, theme.zero, 1.6);
}

function drawFrameAndTitle(ctx, view, panel, { theme, bounds, panels }) {
  const { rect } = view;
  ctx.strokeStyle = theme.line;
  ctx.lineWidth = 1;
  ctx.strokeRect(rect.x + 0.5, rect.y + 0.5, rect.size - 1, rect.size - 1);
  const style = { font: theme.font, colour: theme.text };
  const title = titlePlace(rect);
  const { middle } = title;
  if (panel) {
    if (rect.captioned) {
      label(ctx, askedOf(panel.info.objective), rect.x, rect.y - CAPTION / 2 - 2, { ...style, size: 11, colour: theme.muted });
    }
    label(ctx, panel.info.title, title.x, middle, { ...style, size: 13, weight: "600" });
    if (panels.length > 1) {
      const titles = panels.map(({ info }) => ctx.measureText(info.title).width);
      const room = rect.size - Math.max(...titles) - 12; // all panels tell the same
      const { accuracy, margin_min: margin } = panel.info;
      const [right, kept] = [percent(accuracy), `margin ${number(margin, 3)}`];
      ctx.font = `11px ${theme.font}`;
      // As much as there is room for; the margin last, since the panels are compared by it.
      const text = [`${right} right · ${kept}`, kept, kept.slice(7)]
        .find((words) => ctx.measureText(words).width <= room);
      if (text) label(ctx, text, rect.x + rect.size, middle, { ...style, size: 11, colour: theme.muted, align: "right" });
    }
  }
  if (!rect.ticks) return;
  const tick = { font: theme.font, colour: theme.muted, size: 11 };
  const [xmin, xmax, ymin, ymax] = bounds;
  for (const value of ticksOf(xmin, xmax)) {
    label(ctx, number(value, 0), view.x(value), rect.y + rect.size + 10, { ...tick, align: "center" });
  }
  for (const value of ticksOf(ymin, ymax)) {
    label(ctx, number(value, 0), rect.x - 6, view.y(value), { ...tick, align: "right" });
  }
}

/** The term of the glossary for the title under the pointer: what its loss asks for. */
export function hitTitle({ panels }, layout, px, py) {
  const at = layout.panels.findIndex((panel) => {
    const { x, y, w, h } = titlePlace(panel);
    return px >= x && px < x + w && py >= y && py < y + h;
  });
  return panels[at]?.info.objective ?? null;
}

function ticksOf(low, high) {
  const step = Math.max(1, Math.round((high - low) / 4));
  const ticks = [];
  for (let v = Math.ceil(low / step) * step; v <= high; v += step) ticks.push(v);
  return ticks;
}

// Overlays that explain what the method does to each point. All of them skip rows
// whose point has changed since the server computed them (null in picture.aligned).

import { ballOf } from "./asked.js";
import { distanceTo } from "./contour.js";
import { cross, strokePath, traceArrow, traceDot, triangle } from "./marks.js";
import { rampColour } from "./theme.js";

const CONVERGED = 0;
const OUT_OF_STEPS = 1;
const FAILED = 2;

// Beyond so many points overlays would only cover each other: every n-th is drawn, and all
// of the one under the pointer.
const READABLE = 60;

export const overlayStride = (count) => Math.ceil(count / READABLE) || 1;

function eachRow(picture, visit, always = (_row) => false) {
  const rows = picture.aligned ?? [];
  const stride = overlayStride(rows.length);
  rows.forEach((point, row) => {
    if (point && (row % stride === 0 || point === picture.highlight || always(row))) visit(point, row);
  });
}

// |F| on a log scale: 1 or more is bright, 1e-4 or less dark.
export const residualLevel = (value) => 1 + Math.log10(Math.max(value, 1e-4)) / 4;

const LEVELS = 8; // shades in which residuals are drawn

export function drawPaths(ctx, view, panel, picture) {
  const { path, residual, flag } = panel.arrays;
  if (!path) return;
  const [, steps] = path.shape;
  const { theme } = picture;
  const shades = Array.from({ length: LEVELS + 1 }, () => []);
  const ends = [];
  ctx.beginPath();
  eachRow(picture, (point, row) => {
    let x = view.x(point.x);
    let y = view.y(point.y);
    ctx.moveTo(x, y);
    for (let k = 0; k < steps; k++) {
      const at = 2 * (row * steps + k);
      const nextX = view.x(path.data[at]);
      const nextY = view.y(path.data[at + 1]);
      // A stopped point repeats its place; one dot says it.
      if (k > 0 && Math.hypot(nextX - x, nextY - y) < 0.3) continue;
      [x, y] = [nextX, nextY];
      ctx.lineTo(x, y);
      const level = residual ? residualLevel(residual.data[row * steps + k]) : 0.5;
      shades[Math.round(Math.min(Math.max(level, 0), 1) * LEVELS)].push([x, y]);
    }
    ends.push([x, y, flag ? flag.data[row] : CONVERGED]);
  }, (row) => flag?.data[row] === FAILED);
  strokePath(ctx, [[theme.halo, 3], [theme.muted, 1.2]]);
  const radius = view.small ? 1.6 : 2.2;
  shades.forEach((places, shade) => {
    if (!places.length) return;
    const level = shade / LEVELS;
    ctx.beginPath();
    for (const [x, y] of places) traceDot(ctx, x, y, radius * (1 + level));
    ctx.fillStyle = rampColour(level);
    ctx.fill();
    strokePath(ctx, [[theme.ring, 0.8]]);
  });
  for (const [x, y, state] of ends) {
    if (state === FAILED) cross(ctx, x, y, 5, theme.wrong, 2.4);
    if (state === OUT_OF_STEPS) triangle(ctx, x, y, 6, theme.wrong);
  }
}

const ROUNDED = 5e-4; // margins are told with three digits
const DRAWN = 5e-3; // what a line that is drawn through the grid's cells is good for

/** Whether S_0 cuts a point's ball; null: not known. Exported for its test. */
export function ballIsCut(panel, row, epsilon, distance, point, bounds) {
  const margin = panel.arrays.margin?.data[row];
  if (margin === undefined || Number.isNaN(margin)) return null;
  const { norm } = panel.info;
  if (distance === norm || distance === "rho" || margin < 0) return margin < epsilon - ROUNDED;
  // Measured in the other norm: that decides far away, the line as it is drawn decides near by.
  if (norm === "linf" && margin >= epsilon) return false;
  if (norm === "l2" && margin < epsilon - ROUNDED) return true;
  return distanceTo(panel.contours.zero, panel.n, bounds, point, distance) < epsilon - DRAWN;
}

export function drawBalls(ctx, view, panel, picture) {
  const { epsilon } = picture.header;
  const { theme, bounds } = picture;
  const distance = ballOf(panel, picture.header);
  const axis = distance === "rho" ? panel.arrays.axis?.data : null;
  // Dashed where the boundary cuts the ball: the state is not told by colour alone.
  const kinds = {
    plus: { colour: theme.plus, width: 1.2, dash: [], rows: [] },
    minus: { colour: theme.minus, width: 1.2, dash: [], rows: [] },
    unknown: { colour: theme.muted, width: 1.2, dash: [1.5, 3], rows: [] },
    cut: { colour: theme.wrong, width: 1.7, dash: [4, 3], rows: [] },
  };
  eachRow(picture, (point, row) => {
    const cut = ballIsCut(panel, row, epsilon, distance, point, bounds);
    const kind = cut === null ? "unknown" : cut ? "cut" : point.label > 0 ? "plus" : "minus";
    kinds[kind].rows.push([point, row]);
  });
  ctx.save();
  ctx.lineCap = "butt";
  for (const { colour, width, dash, rows } of Object.values(kinds)) {
    if (!rows.length) continue;
    ctx.beginPath();
    for (const [point, row] of rows) {
      traceBall(ctx, view.x(point.x), view.y(point.y), epsilon * view.unit, distance, axis ? axis[row] : null);
    }
    if (!view.small && !axis) {
      ctx.save();
      ctx.globalAlpha *= 0.08;
      ctx.fillStyle = colour;
      ctx.fill();
      ctx.restore();
    }
    ctx.setLineDash(dash);
    strokePath(ctx, [[colour, width]]);
    ctx.setLineDash([]);
  }
  ctx.restore();
}

export function ball(ctx, x, y, radius, distance, axis = null) {
  ctx.beginPath();
  traceBall(ctx, x, y, radius, distance, axis);
}

// The ball of a norm; for rho the segment along the chosen axis, with end caps.
function traceBall(ctx, x, y, radius, distance, axis) {
  if (distance === "l2") {
    traceDot(ctx, x, y, radius);
  } else if (axis === null) {
    ctx.rect(x - radius, y - radius, 2 * radius, 2 * radius);
  } else {
    const [dx, dy] = axis === 0 ? [radius, 0] : [0, radius];
    const [cx, cy] = axis === 0 ? [0, 4] : [4, 0];
    for (const side of [-1, 1]) {
      ctx.moveTo(x, y);
      ctx.lineTo(x + side * dx, y + side * dy);
      ctx.moveTo(x + side * dx - cx, y + side * dy - cy);
      ctx.lineTo(x + side * dx + cx, y + side * dy + cy);
    }
  }
}

function footOf(panel, row, view) {
  const { foot, flag } = panel.arrays;
  if (!foot || flag?.data[row] === FAILED) return null;
  const x = foot.data[2 * row];
  const y = foot.data[2 * row + 1];
  return Number.isFinite(x) && Number.isFinite(y) ? [view.x(x), view.y(y)] : null;
}

// Arrows share one length scale: the longest gradient of the panel gets LONGEST px.
const LONGEST = 34;

export function gradientKey(panel) {
  const gradient = panel?.arrays.gradient?.data;
  if (!gradient) return null;
  let longest = 0;
  for (let i = 0; i < gradient.length; i += 2) {
    const size = Math.hypot(gradient[i], gradient[i + 1]);
    if (size > longest) longest = size;
  }
  return longest || null;
}

export function drawGradients(ctx, view, panel, picture) {
  const longest = gradientKey(panel);
  if (!longest) return;
  const gradient = panel.arrays.gradient.data;
  const { theme } = picture;
  const scale = (view.small ? 0.65 : 1) * LONGEST / longest;
  const feet = [];
  ctx.beginPath();
  eachRow(picture, (point, row) => {
    const foot = footOf(panel, row, view);
    if (!foot) return;
    const [x, y] = foot;
    const dx = gradient[2 * row] * scale;
    const dy = -gradient[2 * row + 1] * scale;
    if (!Number.isFinite(dx) || !Number.isFinite(dy)) return;
    traceArrow(ctx, x, y, x + dx, y + dy, 5);
    feet.push(foot);
  });
  strokePath(ctx, [[theme.halo, 3.6], [theme.gradient, 1.5]]);
  ctx.beginPath();
  for (const [x, y] of feet) traceDot(ctx, x, y, 2);
  ctx.fillStyle = theme.gradient;
  ctx.fill();
}

export function drawAxes(ctx, view, panel, picture) {
  const axis = panel.arrays.axis?.data;
  if (!axis) return;
  const reach = view.small ? 8 : 13;
  ctx.beginPath();
  eachRow(picture, (point, row) => {
    const foot = footOf(panel, row, view);
    if (!foot) return;
    const [dx, dy] = axis[row] === 0 ? [reach, 0] : [0, reach];
    const [x, y] = foot;
    ctx.moveTo(x - dx, y - dy);
    ctx.lineTo(x + dx, y + dy);
  });
  strokePath(ctx, [[picture.theme.halo, 4]]);
  ctx.setLineDash([4, 2.5]);
  strokePath(ctx, [[picture.theme.p, 2]]);
  ctx.setLineDash([]);
}

const NICE = [1, 2, 5, 10, 20, 40, 100, 200, 400, 1000, 2000, 4000, 10000, 100000];

// A magnification that makes the typical motion about 18 px long. It stays while the
// result is readable, because a scale that changes all the time cannot be read.
export function motionMagnification(panel, view, previous) {
  const motion = panel.arrays.motion;
  if (!motion) return previous ?? 1;
  const lengths = [];
  for (let i = 0; i < motion.data.length; i += 6) {
    const m = motion.data.subarray(i, i + 6);
    const size = Math.hypot(m[4] - m[0], m[5] - m[1]);
    if (Number.isFinite(size)) lengths.push(size);
  }
  lengths.sort((a, b) => a - b);
  const typical = (lengths[Math.floor(lengths.length * 0.75)] ?? 0) * view.unit;
  if (!typical) return previous ?? 1;
  if (previous && typical * previous > 7 && typical * previous < 36) return previous;
  return NICE.filter((factor) => factor * typical <= 22).pop() ?? 1;
}

export function drawMotion(ctx, view, panel, picture, factor) {
  const motion = panel.arrays.motion?.data;
  if (!motion) return;
  const { theme } = picture;
  const samples = [];
  for (let i = 0; i < motion.length; i += 6) {
    const [x, y, px, py, ax, ay] = motion.subarray(i, i + 6);
    if (![x, y, px, py, ax, ay].every(Number.isFinite)) continue;
    const tip = (tx, ty) => [view.x(x + (tx - x) * factor), view.y(y + (ty - y) * factor)];
    samples.push({ from: [view.x(x), view.y(y)], predicted: tip(px, py), actual: tip(ax, ay) });
  }
  ctx.beginPath();
  for (const { from, actual } of samples) traceArrow(ctx, ...from, ...actual, 7);
  strokePath(ctx, [[theme.halo, 5], [theme.actual, 3]]);
  ctx.beginPath();
  for (const { from, predicted } of samples) traceArrow(ctx, ...from, ...predicted, 5);
  ctx.setLineDash([3.5, 2]);
  strokePath(ctx, [[theme.predicted, 1.6]]);
  ctx.setLineDash([]);
  ctx.beginPath();
  for (const { from } of samples) traceDot(ctx, ...from, 2);
  strokePath(ctx, [[theme.zero, 1]]);
}

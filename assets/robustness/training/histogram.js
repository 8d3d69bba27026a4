// Signed distances of test images to the decision boundary: wrong ones left of 0, right ones right.

import { fitted } from "../../shared/pixels.js";

const BIN = 0.025;

// Counts in bins of [-range, range]; what lies farther out is in the outermost.
export function counts(distances, range) {
  const half = Math.round(range / BIN);
  const found = new Array(2 * half).fill(0);
  for (const value of distances) {
    if (value === null) continue;
    // A distance of exactly 0 belongs to the side of its sign.
    const k = Math.floor(value / BIN + 1e-9) + half;
    found[Math.min(Math.max(k, 0), found.length - 1)] += 1;
  }
  return found;
}

export function paintHistogram(canvas, theme, { width, height, range, most, epsilon, runs }) {
  const context = fitted(canvas, width, height);
  context.font = `11px ${theme.font}`;
  const [left, right, top, bottom] = [30, 10, 18, 32];
  const [w, h] = [width - left - right, height - top - bottom];
  const px = (v) => left + ((v + range) / (2 * range)) * w;
  const py = (v) => top + (1 - v / most) * h;
  context.textBaseline = "middle";
  context.textAlign = "right";
  const step = [1, 2, 5, 10, 20, 50, 100, 200].find((s) => most / s <= 5) ?? 500;
  for (let v = 0; v <= most; v += step) {
    context.strokeStyle = theme.grid;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(left, py(v));
    context.lineTo(left + w, py(v));
    context.stroke();
    context.fillStyle = theme.muted;
    context.fillText(String(v), left - 5, py(v));
  }
  runs.forEach(({ bins, colour }, j) => {
    context.beginPath();
    context.moveTo(px(-range), py(0));
    bins.forEach((count, k) => {
      const a = px(-range + k * BIN);
      context.lineTo(a, py(count));
      context.lineTo(px(-range + (k + 1) * BIN), py(count));
    });
    context.lineTo(px(range), py(0));
    context.fillStyle = colour;
    context.globalAlpha = j ? 0.22 : 0.42;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = colour;
    context.lineWidth = 1.8;
    context.setLineDash(j ? [5, 3] : []);
    context.stroke();
    context.setLineDash([]);
  });
  for (const [v, colour, dash] of [[0, theme.text, []], [epsilon, theme.accent, [5, 4]]]) {
    context.beginPath();
    context.moveTo(px(v), top);
    context.lineTo(px(v), top + h);
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.setLineDash(dash);
    context.stroke();
    context.setLineDash([]);
  }
  context.fillStyle = theme.text;
  context.textBaseline = "alphabetic";
  context.textAlign = "right";
  context.fillText("wrong ←", px(0) - 5, top - 6);
  context.textAlign = "left";
  context.fillText("→ right", px(0) + 5, top - 6);
  context.fillStyle = theme.accent;
  context.fillText(`ε = ${epsilon}`, px(epsilon) + 4, top - 6);
  context.fillStyle = theme.muted;
  context.textAlign = "center";
  context.textBaseline = "top";
  const ticks = 5;
  for (let k = -ticks; k <= ticks; k++) {
    const v = (range * k) / ticks;
    context.fillText(v.toFixed(range < 0.2 ? 3 : 2).replace("-", "−"), px(v), top + h + 4);
  }
  context.fillText("signed L∞ distance to the boundary (height: number of images)", left + w / 2, top + h + 18);
}

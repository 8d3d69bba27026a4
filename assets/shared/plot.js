// A small line chart on a canvas: axes, lines, marks.

import { fitted } from "./pixels.js";

export function ticks([low, high], count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const name = (v) => (Math.abs(v) >= 1e5 ? v.toExponential(0) : v.toFixed(digits)).replace("-", "−");
  return found.map((value) => [value, name(value)]);
}

// Limits around the values, zero among them, a little wider.
export function limits(values) {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const room = (high - low || 1) * 0.08;
  return [low - room, high + room];
}

// lines: [{x, y, colour, dash}]; marks: [{x, y, colour, shape: "dot"|"ring"|"square", text}];
// verticals: [{x, colour}].
export function plot(canvas, theme, { width, height, x, y, label, lines, marks = [], verticals = [] }) {
  const context = fitted(canvas, width, height);
  context.font = `11px ${theme.font}`;
  const yTicks = ticks(y, 4);
  const left = 8 + Math.max(...yTicks.map(([, name]) => context.measureText(name).width));
  const [top, right, bottom] = [6, 14, 30];
  const [w, h] = [width - left - right, height - top - bottom];
  const px = (v) => left + ((v - x[0]) / (x[1] - x[0] || 1)) * w;
  const py = (v) => top + (1 - (v - y[0]) / (y[1] - y[0] || 1)) * h;
  context.lineWidth = 1;
  context.fillStyle = theme.muted;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const [value, name] of yTicks) {
    context.strokeStyle = value === 0 ? theme.text : theme.grid;
    context.beginPath();
    context.moveTo(left, py(value));
    context.lineTo(left + w, py(value));
    context.stroke();
    context.fillText(name, left - 5, py(value));
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const [value, name] of ticks(x, 5)) context.fillText(name, px(value), top + h + 5);
  context.fillText(label, left + w / 2, top + h + 18);
  for (const vertical of verticals) {
    context.strokeStyle = vertical.colour;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(px(vertical.x), top);
    context.lineTo(px(vertical.x), top + h);
    context.stroke();
    context.setLineDash([]);
  }
  for (const line of lines) {
    context.strokeStyle = line.colour;
    context.lineWidth = 2;
    context.setLineDash(line.dash ?? []);
    context.beginPath();
    line.x.forEach((v, k) => context[k ? "lineTo" : "moveTo"](px(v), py(line.y[k])));
    context.stroke();
    context.setLineDash([]);
  }
  for (const mark of marks) {
    const [a, b] = [px(mark.x), py(mark.y)];
    context.beginPath();
    if (mark.shape === "square") context.rect(a - 5, b - 5, 10, 10);
    else context.arc(a, b, 5, 0, 2 * Math.PI);
    context.fillStyle = mark.shape === "ring" ? theme.background : mark.colour;
    context.fill();
    context.strokeStyle = mark.shape === "ring" ? mark.colour : theme.background;
    context.lineWidth = mark.shape === "ring" ? 2.2 : 1.5;
    context.stroke();
    if (mark.text) {
      const room = context.measureText(mark.text).width;
      const after = a + 9 + room < left + w;
      context.textAlign = "left";
      context.textBaseline = b > top + 18 ? "bottom" : "top";
      context.lineWidth = 3;
      context.strokeStyle = theme.background;
      const at = [after ? a + 8 : Math.max(2, a - 8 - room), b + (b > top + 18 ? -4 : 5)];
      context.strokeText(mark.text, ...at);
      context.fillStyle = theme.text;
      context.fillText(mark.text, ...at);
    }
  }
}

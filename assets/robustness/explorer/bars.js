// Logits of the present iterate as bars, one a class; ticks show those of the image itself.

import { fitted } from "../../shared/pixels.js";

export function paintBars(canvas, theme, { width, height, names, logits, first, label, range }) {
  const context = fitted(canvas, width, height);
  context.font = `11px ${theme.font}`;
  context.textBaseline = "middle";
  const widest = Math.max(...names.map((name) => context.measureText(name).width));
  const left = Math.min(90, widest + 10);
  const right = 46;
  const [low, high] = range;
  const px = (v) => left + ((v - low) / (high - low || 1)) * (width - left - right);
  const row = height / names.length;
  let best = 0;
  logits.forEach((v, k) => { if (v > logits[best]) best = k; });
  names.forEach((name, k) => {
    const y = (k + 0.5) * row;
    const colour = k === label ? theme.plus : k === best ? theme.minus : theme.muted;
    context.textAlign = "right";
    context.fillStyle = theme.text;
    context.font = `${k === best ? "bold " : ""}11px ${theme.font}`;
    context.fillText(name, left - 6, y, left - 8);
    context.fillStyle = colour;
    context.globalAlpha = k === label || k === best ? 1 : 0.45;
    const [a, b] = [px(0), px(logits[k])];
    context.fillRect(Math.min(a, b), y - row * 0.36, Math.max(1, Math.abs(b - a)), row * 0.72);
    context.globalAlpha = 1;
    context.strokeStyle = theme.text;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(px(first[k]), y - row * 0.42);
    context.lineTo(px(first[k]), y + row * 0.42);
    context.stroke();
    context.textAlign = "right";
    context.fillStyle = theme.text;
    const digits = Math.abs(logits[k]) >= 1000 ? 0 : 1;
    const value = (Number(logits[k].toFixed(digits)) + 0).toFixed(digits); // no "-0.0"
    context.fillText(value.replace("-", "−"), width - 2, y);
  });
}

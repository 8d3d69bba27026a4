// The legend of the colours, with the histogram of what they stand for above it.

import { cssGradient } from "../colours.js";
import { number } from "../../text.js";

const BINS = 48;
const BAR = 10;
const TICKS = 14;

// Shares of the values in BINS equal steps between the limits; the last bins hold what is beyond.
export function histogram(values, [low, high]) {
  const counts = new Float64Array(BINS);
  let total = 0;
  for (const value of values) {
    if (value !== value) continue;
    const bin = Math.floor(((value - low) / (high - low)) * BINS);
    counts[Math.min(Math.max(bin, 0), BINS - 1)] += 1;
    total += 1;
  }
  return counts.map((count) => (total ? count / total : 0));
}

export function summary(values) {
  const sorted = Float32Array.from(values).filter((v) => v === v).sort();
  if (!sorted.length) return null;
  const at = (part) => sorted[Math.round(part * (sorted.length - 1))];
  const mean = sorted.reduce((sum, v) => sum + v, 0) / sorted.length;
  return { mean, median: at(0.5), p95: at(0.95), max: at(1) };
}

// about: { label, unit, map }, series: [{ title, values }]
export function drawChart(canvas, { about, limits, series }, theme, ratio) {
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  paintChart(ctx, { x: 0, y: 0, width, height }, { about, limits, series }, theme);
}

export function paintChart(ctx, { x, y, width, height }, { about, limits, series }, theme) {
  const base = y + height - TICKS - BAR - 2;
  const shares = series.map(({ values }) => histogram(values, limits));
  const top = Math.max(...shares.map((share) => Math.max(...share)), 1e-9);
  shares.forEach((share, n) => {
    ctx.beginPath();
    ctx.moveTo(x, base);
    share.forEach((part, bin) => {
      const level = base - (part / top) * (base - y - 2);
      ctx.lineTo(x + (bin / BINS) * width, level);
      ctx.lineTo(x + ((bin + 1) / BINS) * width, level);
    });
    ctx.lineTo(x + width, base);
    const colour = series.length > 1 ? theme.surface[n % theme.surface.length] : theme.muted;
    ctx.fillStyle = colour;
    ctx.strokeStyle = colour;
    ctx.globalAlpha = series.length > 1 ? 0.25 : 0.45;
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.lineWidth = 1.2;
    ctx.stroke();
  });
  const gradient = ctx.createLinearGradient(x, 0, x + width, 0);
  cssGradient(about.map).forEach((css, n, all) => gradient.addColorStop(n / (all.length - 1), css));
  ctx.fillStyle = gradient;
  ctx.fillRect(x, base + 2, width, BAR);
  ctx.fillStyle = theme.text;
  ctx.font = `11px ${theme.font}`;
  ctx.textBaseline = "bottom";
  const [low, high] = limits;
  const unit = about.unit ? ` ${about.unit}` : "";
  [[low, "left", x], [(low + high) / 2, "center", x + width / 2], [high, "right", x + width]]
    .forEach(([value, align, at], n) => {
      ctx.textAlign = align;
      ctx.fillText(number(value, digits(high - low)) + (n === 2 ? unit : ""), at, y + height);
    });
}

export const digits = (span) => Math.min(Math.max(Math.ceil(1.5 - Math.log10(span || 1)), 0), 6);

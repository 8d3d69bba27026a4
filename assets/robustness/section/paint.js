// The plane through an image: regions of the classes, their zero level sets, box, and path.

import { fitted } from "../../shared/pixels.js";
import { channels } from "../../shared/theme.js";

// Okabe and Ito's colours and two greys; the image's own class is always the first.
const COLOURS = [
  "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#882255", "#999999", "#7a5c3e", "#4d4d4d",
];

export function colourOf(k, label) {
  if (k === label) return COLOURS[0];
  return COLOURS[1 + ((k < label ? k : k - 1) % (COLOURS.length - 1))];
}

export function regions({ values, rows, columns }, label, theme) {
  const image = new ImageData(columns, rows);
  const ground = channels(theme.background);
  const strength = theme.dark ? 0.45 : 0.4;
  values.forEach((value, i) => {
    const at = 4 * ((rows - 1 - Math.floor(i / columns)) * columns + (i % columns));
    const colour = channels(colourOf(value, label));
    for (let c = 0; c < 3; c++) image.data[at + c] = ground[c] + (colour[c] - ground[c]) * strength;
    image.data[at + 3] = 255;
  });
  const canvas = new OffscreenCanvas(columns, rows);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function trace(context, points) {
  points.forEach(([a, b], k) => context[k ? "lineTo" : "moveTo"](a, b));
}

// How far a name, so wide to either side, moves up or down to cover none of the points.
function clear(x, y, half, points) {
  const covers = (shift) => points.some(
    ([a, b]) => Math.abs(a - x) < half + 8 && Math.abs(b - y - shift) < 15,
  );
  return [0, -20, 20, -40, 40].find((shift) => !covers(shift)) ?? 0;
}

export function paintSection(canvas, theme, image, data, step) {
  const side = canvas.parentElement.clientWidth;
  const pad = { left: 38, right: 6, top: 4, bottom: 32 };
  const size = side - pad.left - pad.right;
  const height = size + pad.top + pad.bottom;
  const context = fitted(canvas, side, height);
  const [low, high, bottom, top] = data.bounds;
  const px = ([a, b]) => [
    pad.left + ((a - low) / (high - low)) * size, pad.top + ((top - b) / (top - bottom)) * size,
  ];
  context.save();
  context.beginPath();
  context.rect(pad.left, pad.top, size, size);
  context.clip();
  context.imageSmoothingEnabled = false;
  context.drawImage(image, pad.left, pad.top, size, size);
  const stroke = (lines, colour, width, dash = []) => {
    context.beginPath();
    for (const line of lines) trace(context, line.map(px));
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.stroke();
    context.setLineDash([]);
  };
  stroke(data.others, theme.muted, 1);
  stroke(data.own, theme.background, 5);
  stroke(data.own, theme.text, 2.4);
  stroke([data.box], theme.background, 4);
  stroke([data.box], theme.accent, 1.8, [7, 4]);
  stroke([data.path], theme.background, 3.5);
  stroke([data.path], theme.text, 1.3);
  const dot = (place, colour, radius, square = false) => {
    const [a, b] = px(place);
    context.beginPath();
    if (square) context.rect(a - radius, b - radius, 2 * radius, 2 * radius);
    else context.arc(a, b, radius, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.strokeStyle = theme.background;
    context.lineWidth = 1.6;
    context.stroke();
  };
  dot([0, 0], theme.text, 4.5);
  if (data.root) dot(data.root, theme.minus, 5, true);
  const now = data.path[Math.min(step, data.path.length - 1)];
  if (now) dot(now, theme.accent, 5.5);
  context.font = `bold 14px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const points = [[0, 0], data.root, now].filter(Boolean).map(px);
  for (const { name, place } of data.names) {
    const half = context.measureText(name).width / 2;
    const at = px(place);
    at[0] = Math.min(Math.max(at[0], pad.left + half + 4), pad.left + size - half - 4);
    at[1] += clear(at[0], at[1], half, points);
    context.strokeStyle = theme.background;
    context.lineWidth = 3.5;
    context.strokeText(name, ...at);
    context.fillStyle = theme.text;
    context.fillText(name, ...at);
  }
  context.restore();
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.strokeRect(pad.left - 0.5, pad.top - 0.5, size + 1, size + 1);
  context.font = `11px ${theme.font}`;
  context.fillStyle = theme.muted;
  const marks = [-data.epsilon, 0, data.epsilon];
  for (const v of marks) {
    const text = v === 0 ? "0" : v.toFixed(data.digits).replace("-", "−");
    context.textAlign = "center";
    context.textBaseline = "top";
    context.fillText(text, px([v, 0])[0], pad.top + size + 4);
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.fillText(text, pad.left - 5, px([0, v])[1]);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillText(data.label_u, pad.left + size / 2, pad.top + size + 17);
  context.save();
  context.translate(9, pad.top + size / 2);
  context.rotate(-Math.PI / 2);
  context.textBaseline = "middle";
  context.fillText(data.label_v, 0, 0);
  context.restore();
}

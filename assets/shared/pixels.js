// Small images and signed differences as large pixels.

import { channels as rgb } from "./theme.js";

// A canvas as large as its place on the screen; returns its context and side in CSS pixels.
export function fitted(canvas, width, height = width) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    [canvas.width, canvas.height] = [w, h];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

const mix = (a, b, t) => a + (b - a) * t;

// values: channel, row, column, as the network has them; in [0, 1].
export function greyImage(values, [channels, height, width]) {
  const image = new ImageData(width, height);
  const n = height * width;
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < 3; c++) {
      image.data[4 * i + c] = 255 * values[i + n * (channels === 3 ? c : 0)];
    }
    image.data[4 * i + 3] = 255;
  }
  return image;
}

// Blue where the value is positive, orange where it is negative, full at +-scale.
export function signedImage(values, [channels, height, width], scale, theme) {
  const image = new ImageData(width, height);
  const n = height * width;
  const [plus, minus, none] = [theme.plus, theme.minus, theme.none].map(rgb);
  for (let i = 0; i < n; i++) {
    let value = 0;
    for (let c = 0; c < channels; c++) value += values[i + c * n] / channels;
    const t = scale > 0 ? Math.min(1, Math.abs(value) / scale) : 0;
    const end = value < 0 ? minus : plus;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = mix(none[c], end[c], t);
    image.data[4 * i + 3] = 255;
  }
  return image;
}

const scratch = new OffscreenCanvas(1, 1);

export function paintPixels(canvas, image, side) {
  const context = fitted(canvas, side);
  [scratch.width, scratch.height] = [image.width, image.height];
  scratch.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(scratch, 0, 0, side, side);
  return context;
}

// A frame around one pixel that shows on any colour.
export function framePixel(context, side, [, height, width], index) {
  const place = index % (height * width);
  const [row, column] = [Math.floor(place / width), place % width];
  const [h, w] = [side / height, side / width];
  const grow = 2.5;
  for (const { colour, line } of [{ colour: "#000", line: 4 }, { colour: "#fff", line: 1.8 }]) {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.strokeRect(column * w - grow, row * h - grow, w + 2 * grow, h + 2 * grow);
  }
}

export const LIGHT = {
  dark: false, plus: "#0072b2", minus: "#d55e00", none: "#f7f7f5", line: "rgba(20,22,27,0.25)",
  grid: "rgba(20,22,27,0.1)", muted: "#5f6875", accent: "#6d28d9",
};
export const DARK = {
  dark: true, plus: "#56b4e9", minus: "#ff8a3d", none: "#1c212b", line: "rgba(255,255,255,0.3)",
  grid: "rgba(255,255,255,0.1)", muted: "#a3acba", accent: "#cdb4ff",
};

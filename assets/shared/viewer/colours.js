// The viewer's theme and its colour maps. All maps are safe for colour-blind eyes and grow
// steadily in lightness (sequential) or away from the middle (diverging).

import { channels } from "../theme.js";

export const LIGHT = {
  dark: false, stage: "#eef1f6", surface: ["#7ea6cf", "#d99a5b"], points: "#1a1d24", outliers: "#d55e00",
  tube: "#be185d",
  line: "#14161b", halo: "#ffffff", muted: "#5f6875", missing: "#9aa3af",
};
export const DARK = {
  dark: true, stage: "#0b0e14", surface: ["#6f9fd0", "#d99a5b"], points: "#eef1f6", outliers: "#ff8a3d",
  tube: "#ff9ad1",
  line: "#ffffff", halo: "#06080c", muted: "#a3acba", missing: "#6b7482",
};

// Cividis (Nuñez, Anderton and Renslow 2018), and blue to orange as in the playground.
const STOPS = {
  sequential: [[0, 34, 78], [42, 63, 109], [87, 93, 109], [124, 123, 120], [165, 156, 116],
    [209, 193, 91], [254, 232, 56]],
  diverging: [[33, 102, 172], [103, 169, 207], [190, 214, 232], [247, 246, 244], [246, 210, 171],
    [239, 150, 72], [179, 88, 6]],
};

// 256 colours, r g b.
function table(stops) {
  const out = new Uint8Array(256 * 3);
  for (let n = 0; n < 256; n++) {
    const place = (n / 255) * (stops.length - 1);
    const i = Math.min(Math.floor(place), stops.length - 2);
    for (let c = 0; c < 3; c++) {
      out[3 * n + c] = Math.round(stops[i][c] + (stops[i + 1][c] - stops[i][c]) * (place - i));
    }
  }
  return out;
}

export const MAPS = Object.fromEntries(
  Object.entries(STOPS).map(([name, stops]) => [name, table(stops)]));

export function cssGradient(map) {
  return STOPS[map].map((rgb) => `rgb(${rgb.join(",")})`);
}

// One colour a vertex from its number; numbers that are missing (NaN) are grey.
export function colourScalars(values, map, [low, high], missing) {
  const lut = MAPS[map];
  const grey = channels(missing);
  const out = new Uint8Array(3 * values.length);
  const factor = 255 / (high - low || 1);
  for (let n = 0; n < values.length; n++) {
    const value = values[n];
    if (value !== value) {
      out.set(grey, 3 * n);
      continue;
    }
    const at = 3 * Math.min(Math.max(Math.round((value - low) * factor), 0), 255);
    out[3 * n] = lut[at];
    out[3 * n + 1] = lut[at + 1];
    out[3 * n + 2] = lut[at + 2];
  }
  return out;
}

// The direction of the normal as a colour: x, y, z to red, green, blue.
export function colourNormals(normals) {
  return Uint8Array.from(normals, (v) => Math.round(127.5 * (v + 1)));
}

// Limits that leave out the rarest values; symmetric for a diverging map.
export function limitsOf(arrays, map) {
  const sample = [];
  for (const values of arrays) {
    const stride = Math.max(1, Math.floor(values.length / 20000));
    for (let n = 0; n < values.length; n += stride) if (values[n] === values[n]) sample.push(values[n]);
  }
  if (!sample.length) return [0, 1];
  sample.sort((a, b) => a - b);
  const at = (part) => sample[Math.round(part * (sample.length - 1))];
  if (map === "diverging") {
    const size = Math.max(Math.abs(at(0.02)), Math.abs(at(0.98))) || 1;
    return [-size, size];
  }
  const [low, high] = [at(0) >= 0 && at(0) < 0.5 * at(0.98) ? 0 : at(0.01), at(0.98)];
  return high > low ? [low, high] : [low, low + (Math.abs(low) || 1) * 1e-3];
}

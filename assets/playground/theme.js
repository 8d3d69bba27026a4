// Colours for the page's theme. Streamlit hands its theme over as inherited CSS
// variables; everything drawn takes its colours from the object made here.

const LIGHT = {
  dark: false,
  neutral: [250, 250, 248],
  fieldPlus: [[176, 208, 233], [72, 148, 207]],
  fieldMinus: [[252, 213, 170], [239, 146, 58]],
  plus: "#0b5499", minus: "#b04600", ring: "#ffffff",
  zero: "#14161b", halo: "rgba(255,255,255,0.9)",
  wrong: "#c2003f", p: "#be185d", predicted: "#6d28d9", actual: "#00756a",
  gradient: "#1f2937", muted: "#5f6875", line: "rgba(20,22,27,0.28)", panel: "#ffffff",
};

const DARK = {
  dark: true,
  neutral: [20, 23, 30],
  fieldPlus: [[24, 62, 97], [44, 116, 178]],
  fieldMinus: [[88, 54, 22], [174, 100, 28]],
  plus: "#8ccaff", minus: "#ffbd7d", ring: "#0b0e14",
  zero: "#ffffff", halo: "rgba(6,8,12,0.8)",
  wrong: "#ff7a9a", p: "#ff9ad1", predicted: "#cdb4ff", actual: "#54e6c8",
  gradient: "#eef1f6", muted: "#a3acba", line: "rgba(255,255,255,0.3)", panel: "#1a1e27",
};

const scratch = document.createElement("canvas").getContext("2d");

// The canvas normalises any CSS colour to #rrggbb or rgba(r, g, b, a).
function channels(colour) {
  scratch.fillStyle = "#000";
  scratch.fillStyle = colour;
  const value = scratch.fillStyle;
  if (value.startsWith("#")) {
    return [1, 3, 5].map((i) => parseInt(value.slice(i, i + 2), 16));
  }
  return value.match(/[\d.]+/g).slice(0, 3).map(Number);
}

function luminance(colour) {
  const [r, g, b] = channels(colour).map((v) => v / 255);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function readTheme(element) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const background = read("--st-background-color", "#ffffff");
  const base = luminance(background) < 0.45 ? DARK : LIGHT;
  return {
    ...base,
    background,
    text: read("--st-text-color", base.dark ? "#fafafa" : "#262730"),
    font: read("--st-font", "system-ui, sans-serif"),
  };
}

export const sameTheme = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// Roles that annotations may name, so that the page never has to know colours.
export function roleColour(theme, role) {
  const table = {
    p: theme.p, x: theme.zero, predicted: theme.predicted, actual: theme.actual,
    gradient: theme.gradient, plus: theme.plus, minus: theme.minus, muted: theme.muted,
  };
  return table[role] ?? theme.zero;
}

// A short perceptual ramp (dark violet to yellow) for magnitudes such as |F|.
const RAMP = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];

export function rampColour(t) {
  const position = Math.min(Math.max(t, 0), 1) * (RAMP.length - 1);
  const i = Math.min(Math.floor(position), RAMP.length - 2);
  const f = position - i;
  return `rgb(${RAMP[i].map((v, k) => Math.round(v + (RAMP[i + 1][k] - v) * f)).join(",")})`;
}

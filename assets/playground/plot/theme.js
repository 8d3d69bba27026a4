// Colours for the page's theme: everything drawn takes its colours from the object made here.

export const LIGHT = {
  dark: false,
  neutral: [250, 250, 248],
  fieldPlus: [[176, 208, 233], [72, 148, 207]],
  fieldMinus: [[252, 213, 170], [239, 146, 58]],
  plus: "#0b5499", minus: "#b04600", ring: "#ffffff",
  zero: "#14161b", halo: "rgba(255,255,255,0.9)",
  wrong: "#c2003f", p: "#be185d", predicted: "#6d28d9", actual: "#00756a",
  gradient: "#1f2937", muted: "#5f6875", line: "rgba(20,22,27,0.28)", panel: "#ffffff",
};

export const DARK = {
  dark: true,
  neutral: [20, 23, 30],
  fieldPlus: [[24, 62, 97], [44, 116, 178]],
  fieldMinus: [[88, 54, 22], [174, 100, 28]],
  plus: "#8ccaff", minus: "#ffbd7d", ring: "#0b0e14",
  zero: "#ffffff", halo: "rgba(6,8,12,0.8)",
  wrong: "#ff7a9a", p: "#ff9ad1", predicted: "#cdb4ff", actual: "#54e6c8",
  gradient: "#eef1f6", muted: "#a3acba", line: "rgba(255,255,255,0.3)", panel: "#1a1e27",
};

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

// Numbers and names as they are shown.

export function number(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 10 ** -digits || size >= 1e5)) {
    return value.toExponential(1).replace("e-", "e−").replace("e+", "e").replace(/^-/, "−");
  }
  return value.toFixed(digits).replace("-", "−");
}

export function percent(value) {
  if (value === null || value === undefined) return "–";
  return `${(value * 100).toFixed(1)}%`;
}

export function whole(value) {
  if (value === null || value === undefined) return "–";
  return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

// A number whose digits after the point say nothing where it is large.
export function short(value, digits = 3) {
  return value === null || Math.abs(value) < 100 || Math.abs(value) >= 1e5 ? number(value, digits) : whole(value).replace("-", "−");
}

export const DISTANCE_NAMES = { l2: "L2", linf: "L∞", rho: "ρ" };

// Text for innerHTML: a name that somebody chose is never markup.
export function escaped(text) {
  return String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

// The page's theme. Streamlit hands it over as inherited CSS variables.

const scratch = document.createElement("canvas").getContext("2d");

// The canvas normalises any CSS colour to #rrggbb or rgba(r, g, b, a).
export function channels(colour) {
  scratch.fillStyle = "#000";
  scratch.fillStyle = colour;
  const value = String(scratch.fillStyle);
  if (value.startsWith("#")) {
    return [1, 3, 5].map((i) => parseInt(value.slice(i, i + 2), 16));
  }
  return value.match(/[\d.]+/g).slice(0, 3).map(Number);
}

function luminance(colour) {
  const [r, g, b] = channels(colour).map((v) => v / 255);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

// The page's own colours, over those that a front end has for light or dark.
export function pageTheme(element, light, dark) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const background = read("--st-background-color", "#ffffff");
  const base = luminance(background) < 0.45 ? dark : light;
  return {
    ...base,
    background,
    text: read("--st-text-color", base.dark ? "#fafafa" : "#262730"),
    font: read("--st-font", "system-ui, sans-serif"),
  };
}

export const sameTheme = (a, b) => JSON.stringify(a) === JSON.stringify(b);

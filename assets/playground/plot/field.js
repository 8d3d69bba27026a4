// The scalar field: colour table, picture of the grid, and values read from it.

const RANGE = 3; // the colour table covers F in [-RANGE, RANGE]
const ENTRIES = 1536;

function mix(a, b, t) {
  return a.map((v, i) => v + (b[i] - v) * t);
}

// F to RGB: tanh makes the map steep at the boundary and saturated near |F| = 2.
function colourOf(theme, value) {
  const t = Math.tanh(Math.abs(value)) / Math.tanh(2);
  const [half, full] = value >= 0 ? theme.fieldPlus : theme.fieldMinus;
  const s = Math.min(t, 1);
  return s < 0.5 ? mix(theme.neutral, half, s * 2) : mix(half, full, s * 2 - 1);
}

export function fieldColour(theme, value) {
  return `rgb(${colourOf(theme, value).map(Math.round).join(",")})`;
}

export class FieldPainter {
  constructor() {
    this.theme = null;
    this.table = new Uint32Array(ENTRIES);
    this.canvases = [];
  }

  setTheme(theme) {
    if (this.theme === theme) return;
    this.theme = theme;
    for (let i = 0; i < ENTRIES; i++) {
      const value = ((i + 0.5) / ENTRIES) * 2 * RANGE - RANGE;
      const [r, g, b] = colourOf(theme, value).map(Math.round);
      this.table[i] = (255 << 24) | (b << 16) | (g << 8) | r;
    }
  }

  // One n x n canvas for each panel, reused; row 0 of the grid is ymin, so rows flip.
  paint(index, field, n) {
    let entry = this.canvases[index];
    if (!entry || entry.canvas.width !== n) {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = n;
      const context = canvas.getContext("2d");
      const image = context.createImageData(n, n);
      entry = { canvas, context, image, pixels: new Uint32Array(image.data.buffer) };
      this.canvases[index] = entry;
    }
    const { pixels } = entry;
    const factor = ENTRIES / (2 * RANGE);
    for (let row = 0; row < n; row++) {
      const source = row * n;
      const target = (n - 1 - row) * n;
      for (let column = 0; column < n; column++) {
        const at = ((field[source + column] + RANGE) * factor) | 0;
        pixels[target + column] = this.table[at < 0 ? 0 : at >= ENTRIES ? ENTRIES - 1 : at];
      }
    }
    entry.context.putImageData(entry.image, 0, 0);
    return entry.canvas;
  }
}

// Bilinear value and gradient at a place, in data units.
export function sampleField(field, n, bounds, x, y) {
  const [xmin, xmax, ymin, ymax] = bounds;
  const u = Math.min(Math.max(((x - xmin) / (xmax - xmin)) * (n - 1), 0), n - 1.000001);
  const v = Math.min(Math.max(((y - ymin) / (ymax - ymin)) * (n - 1), 0), n - 1.000001);
  const i = Math.floor(u);
  const j = Math.floor(v);
  const s = u - i;
  const t = v - j;
  const a = field[j * n + i];
  const b = field[j * n + i + 1];
  const c = field[(j + 1) * n + i];
  const d = field[(j + 1) * n + i + 1];
  const dx = ((b - a) * (1 - t) + (d - c) * t) * ((n - 1) / (xmax - xmin));
  const dy = ((c - a) * (1 - s) + (d - b) * s) * ((n - 1) / (ymax - ymin));
  return {
    value: a * (1 - s) * (1 - t) + b * s * (1 - t) + c * (1 - s) * t + d * s * t,
    gradient: Math.hypot(dx, dy),
  };
}

// F on a regular grid: values[(i * ny + j) * nz + k] = F(x_i, y_j, z_k), quantised by
// F = offset + scale * value.

const BLOCK = 8; // cells a side; whole blocks without the level are skipped

export class FieldGrid {
  constructor({ values, shape, low, high, scale, offset }) {
    this.values = values;
    this.shape = shape;
    this.low = low;
    this.high = high;
    this.scale = scale;
    this.offset = offset;
    this.spacing = shape.map((n, axis) => (high[axis] - low[axis]) / (n - 1));
    this.blocks = findBlocks(values, shape);
    let least = Infinity;
    let most = -Infinity;
    for (let b = 0; b < this.blocks.least.length; b++) {
      least = Math.min(least, this.blocks.least[b]);
      most = Math.max(most, this.blocks.most[b]);
    }
    this.range = [offset + scale * least, offset + scale * most];
  }

  // F on the plane x_axis = place: the other two axes in their order, row after row.
  slice(axis, place) {
    const { shape, values, low, spacing, scale, offset } = this;
    const [u, v] = [0, 1, 2].filter((a) => a !== axis);
    const strides = [shape[1] * shape[2], shape[2], 1];
    const last = shape[axis] - 1;
    const at = Math.min(Math.max((place - low[axis]) / spacing[axis], 0), last);
    const lower = Math.min(Math.floor(at), last - 1);
    const part = at - lower;
    const out = new Float32Array(shape[u] * shape[v]);
    for (let i = 0, n = 0; i < shape[u]; i++) {
      let from = lower * strides[axis] + i * strides[u];
      for (let j = 0; j < shape[v]; j++, n++, from += strides[v]) {
        const value = values[from] * (1 - part) + values[from + strides[axis]] * part;
        out[n] = offset + scale * value;
      }
    }
    return { values: out, rows: shape[u], columns: shape[v], u, v };
  }

  // |D_xF| of the trilinear F at positions (n, 3), those outside moved to the box.
  gradients(positions) {
    const { shape, values, low, spacing, scale } = this;
    const sx = shape[1] * shape[2];
    const sy = shape[2];
    const out = new Float32Array(positions.length / 3);
    const lower = [0, 0, 0];
    const part = [0, 0, 0];
    for (let n = 0; n < out.length; n++) {
      for (let axis = 0; axis < 3; axis++) {
        const at = (positions[3 * n + axis] - low[axis]) / spacing[axis];
        const inside = Math.min(Math.max(at, 0), shape[axis] - 1);
        lower[axis] = Math.min(Math.floor(inside), shape[axis] - 2);
        part[axis] = inside - lower[axis];
      }
      const [x, y, z] = part;
      const from = lower[0] * sx + lower[1] * sy + lower[2];
      const c0 = values[from]; const c1 = values[from + 1];
      const c2 = values[from + sy]; const c3 = values[from + sy + 1];
      const c4 = values[from + sx]; const c5 = values[from + sx + 1];
      const c6 = values[from + sx + sy]; const c7 = values[from + sx + sy + 1];
      const x00 = c0 + (c4 - c0) * x; const x01 = c1 + (c5 - c1) * x;
      const x10 = c2 + (c6 - c2) * x; const x11 = c3 + (c7 - c3) * x;
      const gz = (x01 + (x11 - x01) * y - x00 - (x10 - x00) * y) / spacing[2];
      const gy = ((x10 - x00) * (1 - z) + (x11 - x01) * z) / spacing[1];
      const gx = (((c4 - c0) * (1 - y) + (c6 - c2) * y) * (1 - z)
        + ((c5 - c1) * (1 - y) + (c7 - c3) * y) * z) / spacing[0];
      out[n] = Math.abs(scale) * Math.hypot(gx, gy, gz);
    }
    return out;
  }
}

// Least and greatest value over every block of cells, corners included.
function findBlocks(values, [nx, ny, nz]) {
  const counts = [nx, ny, nz].map((n) => Math.ceil((n - 1) / BLOCK));
  const [bx, by, bz] = counts;
  const least = new Float32Array(bx * by * bz).fill(Infinity);
  const most = new Float32Array(bx * by * bz).fill(-Infinity);
  // A grid plane between two blocks belongs to both.
  const owners = (i, n) => {
    const b = Math.min(Math.floor(i / BLOCK), n - 1);
    return i % BLOCK === 0 && i > 0 && b === Math.floor(i / BLOCK) ? [b - 1, b] : [b];
  };
  for (let i = 0; i < nx; i++) {
    for (let j = 0; j < ny; j++) {
      const row = (i * ny + j) * nz;
      for (let b = 0; b < bz; b++) {
        let low = Infinity;
        let high = -Infinity;
        const end = Math.min((b + 1) * BLOCK, nz - 1);
        for (let k = b * BLOCK; k <= end; k++) {
          const value = values[row + k];
          if (value < low) low = value;
          if (value > high) high = value;
        }
        for (const p of owners(i, bx)) {
          for (const q of owners(j, by)) {
            const at = (p * by + q) * bz + b;
            if (low < least[at]) least[at] = low;
            if (high > most[at]) most[at] = high;
          }
        }
      }
    }
  }
  return { counts, least, most, size: BLOCK };
}

// The level set {F = t} as a mesh: naive surface nets (Gibson 1998). One vertex in every cell
// that the level crosses, at the mean of the crossings of its edges, then one Newton step on the
// trilinear F; one quad around every grid edge that the level crosses.

const CORNERS = Array.from({ length: 8 }, (_, c) => [c >> 2, (c >> 1) & 1, c & 1]);
const EDGES = [];
for (let a = 0; a < 8; a++) {
  for (const bit of [4, 2, 1]) if (!(a & bit)) EDGES.push([a, a | bit]);
}

// For each of the 256 signs of a cell's corners, the ends of the crossed edges.
const CROSSED = Array.from({ length: 256 }, (_, signs) =>
  Uint8Array.from(EDGES.filter(([a, b]) => ((signs >> a) & 1) !== ((signs >> b) & 1)).flat()));

const scratch = { cells: new Int32Array(0) };

// positions and normals (D_xF / |D_xF|): (n, 3); gradients: |D_xF| at the vertices;
// indices: triangles whose front looks along D_xF.
export function extractLevel(grid, level) {
  const { values, shape, low, spacing, blocks } = grid;
  const [nx, ny, nz] = shape;
  const sx = ny * nz;
  const target = (level - grid.offset) / grid.scale;
  const offsets = CORNERS.map(([x, y, z]) => x * sx + y * nz + z);
  if (scratch.cells.length < values.length) scratch.cells = new Int32Array(values.length);
  // Never cleared: a quad only asks for cells that its own edge crosses, all written here.
  const cellVertex = scratch.cells;
  const out = new Growing();
  const corner = new Float64Array(8);

  const [, by, bz] = blocks.counts;
  for (let b = 0; b < blocks.least.length; b++) {
    if (!(blocks.least[b] < target && blocks.most[b] >= target)) continue;
    const i0 = Math.floor(b / (by * bz)) * blocks.size;
    const j0 = (Math.floor(b / bz) % by) * blocks.size;
    const k0 = (b % bz) * blocks.size;
    const i1 = Math.min(i0 + blocks.size, nx - 1);
    const j1 = Math.min(j0 + blocks.size, ny - 1);
    const k1 = Math.min(k0 + blocks.size, nz - 1);
    for (let i = i0; i < i1; i++) {
      for (let j = j0; j < j1; j++) {
        let cell = i * sx + j * nz + k0;
        // A cell shares its face towards k with the one before: four new corners a step.
        let near = faceSigns(values, cell, nz, sx, target);
        for (let k = k0; k < k1; k++, cell++) {
          const far = faceSigns(values, cell + 1, nz, sx, target);
          const signs = near | (far << 1);
          near = far;
          if (signs === 0 || signs === 255) continue;
          for (let c = 0; c < 8; c++) corner[c] = values[cell + offsets[c]] - target;
          cellVertex[cell] = out.count;
          out.add(i, j, k, cell, signs, corner, spacing, low);
        }
      }
    }
  }
  return out.finish(cellVertex, sx, nz, grid.scale);
}

// Which of the four corners in one plane k lie below the level: bits 0, 2, 4, 6.
function faceSigns(values, at, sy, sx, target) {
  return (values[at] < target ? 1 : 0) | (values[at + sy] < target ? 4 : 0)
    | (values[at + sx] < target ? 16 : 0) | (values[at + sx + sy] < target ? 64 : 0);
}

class Growing {
  constructor() {
    this.count = 0;
    this.reserve(4096);
  }

  reserve(size) {
    const grow = (old, Kind, width) => {
      const array = new Kind(size * width);
      if (old) array.set(old);
      return array;
    };
    this.positions = grow(this.positions, Float32Array, 3);
    this.normals = grow(this.normals, Float32Array, 3);
    this.gradients = grow(this.gradients, Float32Array, 1);
    this.cells = grow(this.cells, Int32Array, 1);
    this.signs = grow(this.signs, Uint8Array, 1);
    this.inner = grow(this.inner, Uint8Array, 1);
    this.size = size;
  }

  add(i, j, k, cell, signs, corner, [hx, hy, hz], low) {
    if (this.count === this.size) this.reserve(2 * this.size);
    const n = this.count++;
    this.cells[n] = cell;
    this.signs[n] = signs;
    // Bits: an edge at the border of the grid has no four cells around it.
    this.inner[n] = (i > 0 ? 4 : 0) | (j > 0 ? 2 : 0) | (k > 0 ? 1 : 0);

    const ends = CROSSED[signs];
    let x = 0;
    let y = 0;
    let z = 0;
    for (let e = 0; e < ends.length; e += 2) {
      const a = ends[e];
      const b = ends[e + 1];
      const part = corner[a] / (corner[a] - corner[b]);
      const bit = a ^ b;
      x += bit === 4 ? part : a >> 2;
      y += bit === 2 ? part : (a >> 1) & 1;
      z += bit === 1 ? part : a & 1;
    }
    const edges = ends.length / 2;
    x /= edges;
    y /= edges;
    z /= edges;

    // Trilinear F and D_xF there, in grid values and per length.
    const [c0, c1, c2, c3, c4, c5, c6, c7] = corner;
    const x00 = c0 + (c4 - c0) * x; const x01 = c1 + (c5 - c1) * x;
    const x10 = c2 + (c6 - c2) * x; const x11 = c3 + (c7 - c3) * x;
    const y0 = x00 + (x10 - x00) * y; const y1 = x01 + (x11 - x01) * y;
    const value = y0 + (y1 - y0) * z;
    const gz = (y1 - y0) / hz;
    const gy = ((x10 - x00) * (1 - z) + (x11 - x01) * z) / hy;
    const gx = (((c4 - c0) * (1 - y) + (c6 - c2) * y) * (1 - z)
      + ((c5 - c1) * (1 - y) + (c7 - c3) * y) * z) / hx;
    const square = gx * gx + gy * gy + gz * gz;
    const norm = Math.sqrt(square);
    const step = square > 0 ? value / square : 0;
    const inside = (v) => (v < 0 ? 0 : v > 1 ? 1 : v);
    this.positions[3 * n] = low[0] + hx * (i + inside(x - (step * gx) / hx));
    this.positions[3 * n + 1] = low[1] + hy * (j + inside(y - (step * gy) / hy));
    this.positions[3 * n + 2] = low[2] + hz * (k + inside(z - (step * gz) / hz));
    const unit = norm > 0 ? 1 / norm : 0;
    this.normals[3 * n] = gx * unit;
    this.normals[3 * n + 1] = gy * unit;
    this.normals[3 * n + 2] = gz * unit;
    this.gradients[n] = norm;
  }

  // Quads: the cell's edges from its lowest corner along z, y, x (corner bits 1, 2, 4).
  finish(cellVertex, sx, sy, scale) {
    const { count, cells, signs, inner } = this;
    const indices = new Uint32Array(count * 18);
    let n = 0;
    const quad = (a, b, c, d, flip) => {
      indices[n] = a; indices[n + 3] = a;
      if (flip) {
        indices[n + 1] = d; indices[n + 2] = c; indices[n + 4] = c; indices[n + 5] = b;
      } else {
        indices[n + 1] = b; indices[n + 2] = c; indices[n + 4] = c; indices[n + 5] = d;
      }
      n += 6;
    };
    for (let v = 0; v < count; v++) {
      const sign = signs[v];
      const first = sign & 1;
      const cell = cells[v];
      const edges = inner[v];
      if ((edges & 6) === 6 && ((sign >> 1) & 1) !== first) {
        quad(v, cellVertex[cell - sx], cellVertex[cell - sx - sy], cellVertex[cell - sy], !first);
      }
      if ((edges & 5) === 5 && ((sign >> 2) & 1) !== first) {
        quad(v, cellVertex[cell - 1], cellVertex[cell - 1 - sx], cellVertex[cell - sx], !first);
      }
      if ((edges & 3) === 3 && ((sign >> 4) & 1) !== first) {
        quad(v, cellVertex[cell - sy], cellVertex[cell - sy - 1], cellVertex[cell - 1], !first);
      }
    }
    const gradients = this.gradients.slice(0, count);
    for (let v = 0; v < count; v++) gradients[v] *= scale;
    return {
      positions: this.positions.slice(0, 3 * count),
      normals: this.normals.slice(0, 3 * count),
      gradients,
      indices: indices.slice(0, n),
    };
  }
}

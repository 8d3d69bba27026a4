// Fewer triangles for small or moving pictures: vertices in one cell of a grid become the first
// of them (Rossignac and Borrel 1993).

import { BufferAttribute, BufferGeometry } from "../../vendor/three.min.js";

const CELLS = 96; // along the longest side

// The same attributes at the vertices that are left, one after the other: a processor that
// draws by itself needs them close together.
export function coarseGeometry(geometry) {
  const { kept, indices } = cluster(geometry.getAttribute("position").array, geometry.index.array);
  const coarse = new BufferGeometry();
  for (const [name, { array, normalized }] of Object.entries(geometry.attributes)) {
    const part = new array.constructor(3 * kept.length);
    kept.forEach((v, n) => {
      for (let c = 0; c < 3; c++) part[3 * n + c] = array[3 * v + c];
    });
    coarse.setAttribute(name, new BufferAttribute(part, 3, normalized));
  }
  coarse.setIndex(new BufferAttribute(indices, 1));
  return coarse;
}

function cluster(positions, indices) {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let n = 0; n < positions.length; n++) {
    const axis = n % 3;
    if (positions[n] < low[axis]) low[axis] = positions[n];
    if (positions[n] > high[axis]) high[axis] = positions[n];
  }
  const cell = Math.max(...high.map((v, axis) => v - low[axis])) / CELLS || 1;
  const side = CELLS + 1;
  const count = positions.length / 3;
  const first = new Int32Array(side ** 3).fill(-1);
  const stand = new Uint32Array(count);
  const kept = [];
  for (let v = 0; v < count; v++) {
    const i = Math.floor((positions[3 * v] - low[0]) / cell);
    const j = Math.floor((positions[3 * v + 1] - low[1]) / cell);
    const k = Math.floor((positions[3 * v + 2] - low[2]) / cell);
    const at = (i * side + j) * side + k;
    if (first[at] < 0) first[at] = kept.push(v) - 1;
    stand[v] = first[at];
  }
  const out = new Uint32Array(indices.length);
  let n = 0;
  for (let t = 0; t < indices.length; t += 3) {
    const a = stand[indices[t]];
    const b = stand[indices[t + 1]];
    const c = stand[indices[t + 2]];
    if (a === b || b === c || c === a) continue;
    out[n] = a;
    out[n + 1] = b;
    out[n + 2] = c;
    n += 3;
  }
  return { kept, indices: out.slice(0, n) };
}

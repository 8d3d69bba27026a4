// A mesh cut off where a number of its vertices is too large, as levelset_core.geometry.trimming
// does it: faces that the rim crosses are cut, so that it is made of clean loops; then pieces too
// small to be more than crumbs are dropped.

const LEAST_SHARE = 0.05; // a new vertex stays so far from the ends of its edge: no needles
const CRUMB = 0.01; // of the largest piece's area

// What is left of { positions, faces } where values <= most. Vertex n of it lies on the way from
// vertex a[n] to b[n] of the mesh, at the part share[n]: see `mix`.
export function trimMesh({ positions, faces }, values, most) {
  const { pieces, cut } = clip(faces, values, most);
  const kept = withoutCrumbs(pieces, cut, positions);
  return compact(kept, cut);
}

// Numbers of the mesh's vertices, `width` each, at the vertices of what is left of it.
export function mix(array, width, { a, b, share }) {
  const Kind = /** @type {any} */ (array.constructor);
  const out = new Kind(width * a.length);
  for (let n = 0; n < a.length; n++) {
    const from = width * a[n];
    const to = width * b[n];
    const part = share[n];
    for (let c = 0; c < width; c++) {
      out[width * n + c] = part === 0 ? array[from + c] : (1 - part) * array[from + c] + part * array[to + c];
    }
  }
  return out;
}

// Triangles by vertices; those from values.length on are the new ones in `cut`.
function clip(faces, values, most) {
  const count = values.length;
  const cut = { count, a: [], b: [], share: [] };
  const known = new Map();
  const between = (i, j) => {
    const [a, b] = i < j ? [i, j] : [j, i];
    const key = a * count + b;
    let at = known.get(key);
    if (at === undefined) {
      at = count + cut.a.push(a) - 1;
      const part = (most - values[a]) / (values[b] - values[a]);
      cut.b.push(b);
      cut.share.push(Math.min(Math.max(part, LEAST_SHARE), 1 - LEAST_SHARE));
      known.set(key, at);
    }
    return at;
  };
  const pieces = new Uint32Array(2 * faces.length);
  let n = 0;
  const add = (i, j, k) => {
    pieces[n++] = i;
    pieces[n++] = j;
    pieces[n++] = k;
  };
  const inside = new Uint8Array(count);
  for (let v = 0; v < count; v++) inside[v] = values[v] <= most ? 1 : 0;
  for (let t = 0; t < faces.length; t += 3) {
    const within = inside[faces[t]] + inside[faces[t + 1]] + inside[faces[t + 2]];
    if (within === 3) add(faces[t], faces[t + 1], faces[t + 2]);
    if (within === 0 || within === 3) continue;
    // The corner alone on its side comes first.
    let alone = 0;
    while (inside[faces[t + alone]] !== (within === 1 ? 1 : 0)) alone += 1;
    const [a, b, c] = [0, 1, 2].map((k) => faces[t + ((alone + k) % 3)]);
    const [first, second] = [between(a, b), between(a, c)];
    if (within === 1) add(a, first, second);
    else {
      add(first, b, c);
      add(first, c, second);
    }
  }
  return { pieces: pieces.subarray(0, n), cut };
}

function withoutCrumbs(pieces, cut, positions) {
  const parent = new Uint32Array(cut.count + cut.a.length);
  for (let v = 0; v < parent.length; v++) parent[v] = v;
  const root = (v) => {
    while (parent[v] !== v) {
      parent[v] = parent[parent[v]];
      v = parent[v];
    }
    return v;
  };
  for (let t = 0; t < pieces.length; t += 3) {
    const a = root(pieces[t]);
    parent[root(pieces[t + 1])] = a;
    parent[root(pieces[t + 2])] = a;
  }
  const total = new Float64Array(parent.length);
  const at = allPlaces(positions, cut);
  for (let t = 0; t < pieces.length; t += 3) {
    const p = 3 * pieces[t];
    const q = 3 * pieces[t + 1];
    const r = 3 * pieces[t + 2];
    const ux = at[q] - at[p];
    const uy = at[q + 1] - at[p + 1];
    const uz = at[q + 2] - at[p + 2];
    const vx = at[r] - at[p];
    const vy = at[r + 1] - at[p + 1];
    const vz = at[r + 2] - at[p + 2];
    const x = uy * vz - uz * vy;
    const y = uz * vx - ux * vz;
    const z = ux * vy - uy * vx;
    total[root(pieces[t])] += Math.sqrt(x * x + y * y + z * z);
  }
  const least = CRUMB * total.reduce((top, value) => Math.max(top, value), 0);
  const kept = new Uint32Array(pieces.length);
  let n = 0;
  for (let t = 0; t < pieces.length; t += 3) {
    if (total[root(pieces[t])] < least) continue;
    kept[n++] = pieces[t];
    kept[n++] = pieces[t + 1];
    kept[n++] = pieces[t + 2];
  }
  return kept.subarray(0, n);
}

// The mesh's vertices, then the new ones.
function allPlaces(positions, { count, a, b, share }) {
  const out = new Float32Array(3 * (count + a.length));
  out.set(positions);
  out.set(mix(positions, 3, { a, b, share }), 3 * count);
  return out;
}

// Only the vertices that are used, one after the other.
function compact(kept, cut) {
  const number = new Int32Array(cut.count + cut.a.length).fill(-1);
  const used = [];
  const indices = new Uint32Array(kept.length);
  for (let n = 0; n < kept.length; n++) {
    const v = kept[n];
    if (number[v] < 0) number[v] = used.push(v) - 1;
    indices[n] = number[v];
  }
  const a = new Uint32Array(used.length);
  const b = new Uint32Array(used.length);
  const share = new Float32Array(used.length);
  for (let n = 0; n < used.length; n++) {
    const made = used[n] - cut.count;
    a[n] = made < 0 ? used[n] : cut.a[made];
    b[n] = made < 0 ? used[n] : cut.b[made];
    share[n] = made < 0 ? 0 : cut.share[made];
  }
  return { a, b, share, indices };
}

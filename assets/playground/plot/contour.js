// Marching squares with linear interpolation. Segments are linked into polylines:
// joins are then smooth, dashes run on, and the SVG stays small.

let size = 0;
let first;
let second;

function scratch(edges) {
  if (edges <= size) return;
  size = edges;
  first = new Int32Array(edges).fill(-1);
  second = new Int32Array(edges).fill(-1);
}

// Returns polylines [x0, y0, x1, y1, ...] in grid units (column, row).
export function contour(field, n, level) {
  const plane = n * n;
  scratch(2 * plane);
  const touched = [];
  const link = (a, b) => {
    if (first[a] < 0) { first[a] = b; touched.push(a); } else second[a] = b;
    if (first[b] < 0) { first[b] = a; touched.push(b); } else second[b] = a;
  };

  for (let j = 0; j < n - 1; j++) {
    for (let i = 0; i < n - 1; i++) {
      const at = j * n + i;
      const a = field[at] >= level;
      const b = field[at + 1] >= level;
      const c = field[at + n + 1] >= level;
      const d = field[at + n] >= level;
      if (a === b && b === c && c === d) continue;
      const bottom = at;
      const top = at + n;
      const left = plane + at;
      const right = plane + at + 1;
      if (a === c && b === d) {
        // A saddle: the mean of the corners decides which pair is joined.
        const middle = (field[at] + field[at + 1] + field[at + n] + field[at + n + 1]) / 4;
        if ((middle >= level) === a) { link(bottom, right); link(left, top); }
        else { link(left, bottom); link(top, right); }
      } else {
        const crossed = [];
        if (a !== b) crossed.push(bottom);
        if (b !== c) crossed.push(right);
        if (c !== d) crossed.push(top);
        if (d !== a) crossed.push(left);
        link(crossed[0], crossed[1]);
      }
    }
  }

  const place = (edge, line) => {
    const vertical = edge >= plane;
    const at = vertical ? edge - plane : edge;
    const from = field[at];
    const to = field[vertical ? at + n : at + 1];
    const t = (level - from) / (to - from);
    const column = at % n;
    const row = (at - column) / n;
    line.push(vertical ? column : column + t, vertical ? row + t : row);
  };

  // Following a link clears it, so an edge that still has one starts a new line.
  const take = (edge) => {
    const next = first[edge];
    if (next < 0) return -1;
    first[edge] = second[edge];
    second[edge] = -1;
    if (first[next] === edge) { first[next] = second[next]; }
    second[next] = -1;
    return next;
  };

  const lines = [];
  const trace = (start) => {
    const line = [];
    place(start, line);
    for (let edge = take(start); edge >= 0; edge = take(edge)) place(edge, line);
    lines.push(line);
  };
  for (const edge of touched) if (first[edge] >= 0 && second[edge] < 0) trace(edge);
  for (const edge of touched) if (first[edge] >= 0) trace(edge);
  for (const edge of touched) { first[edge] = -1; second[edge] = -1; }
  return lines;
}

/**
 * How far a point is from lines on the grid, in units of the plane.
 * @param {ArrayLike<number>[]} lines of x, y in cells @param {number} n nodes along a side
 * @param {number[]} bounds @param {{ x: number, y: number }} point @param {string} norm
 */
export function distanceTo(lines, n, [xmin, xmax, ymin], point, norm) {
  const cell = (xmax - xmin) / (n - 1);
  const [px, py] = [(point.x - xmin) / cell, (point.y - ymin) / cell];
  let least = Infinity;
  for (const line of lines) {
    for (let i = 2; i < line.length; i += 2) {
      const [a, b] = [line[i - 2] - px, line[i - 1] - py];
      const [u, v] = [line[i] - line[i - 2], line[i + 1] - line[i - 1]];
      // Where on the segment the norm may be least.
      const places = norm === "l2" ? [-(a * u + b * v) / (u * u + v * v)]
        : [0, 1, -a / u, -b / v, (b - a) / (u - v), -(a + b) / (u + v)];
      for (const place of places) {
        const t = Math.min(Math.max(Number.isFinite(place) ? place : 0, 0), 1);
        const [x, y] = [Math.abs(a + t * u), Math.abs(b + t * v)];
        least = Math.min(least, norm === "l2" ? Math.hypot(x, y) : Math.max(x, y));
      }
    }
  }
  return least * cell;
}

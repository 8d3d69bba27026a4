// Shapes that several tests use.

/** A square of n x n cells of two triangles each, its corner at 0. @param {number} n */
export function square(n) {
  const positions = [];
  const faces = [];
  for (let i = 0; i <= n; i++) for (let j = 0; j <= n; j++) positions.push(i / n, j / n, 0);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const at = i * (n + 1) + j;
      faces.push(at, at + n + 1, at + 1, at + 1, at + n + 1, at + n + 2);
    }
  }
  return { positions: Float32Array.from(positions), faces: Uint32Array.from(faces) };
}

// The drawn shape: finished rings, unbounded chains, and the ring being drawn. With undo.

export class Shape {
  constructor() {
    this.rings = [];
    this.chains = [];
    this.open = []; // vertices of the ring being drawn
    this.past = [];
    this.future = [];
  }

  load({ rings, chains }) {
    if (this.lines().length) this.remember();
    this.rings = structuredClone(rings);
    this.chains = structuredClone(chains);
    this.open = [];
  }

  remember() {
    this.past.push(this.copy());
    if (this.past.length > 200) this.past.shift();
    this.future = [];
  }

  copy() {
    const { rings, chains, open } = this;
    return structuredClone({ rings, chains, open });
  }

  undo() { return this.swap(this.past, this.future); }
  redo() { return this.swap(this.future, this.past); }

  swap(from, to) {
    if (!from.length) return false;
    to.push(this.copy());
    Object.assign(this, from.pop());
    return true;
  }

  clear() {
    this.remember();
    this.rings = [];
    this.chains = [];
    this.open = [];
  }

  add(point) {
    this.remember();
    this.open.push(point);
  }

  close() {
    if (this.open.length < 3) return false;
    this.remember();
    this.rings.push(this.open);
    this.open = [];
    return true;
  }

  // All lines of vertices with whether they are closed.
  lines() {
    return [
      ...this.rings.map((points) => ({ points, closed: true })),
      ...this.chains.map((points) => ({ points, closed: false })),
    ];
  }

  vertexNear(x, y, reach) {
    let best = null;
    for (const { points } of this.lines()) {
      points.forEach(([a, b], k) => {
        const distance = Math.hypot(a - x, b - y);
        if (distance <= (best?.distance ?? reach)) best = { points, k, distance };
      });
    }
    return best;
  }

  edgeNear(x, y, reach) {
    let best = null;
    for (const { points, closed } of this.lines()) {
      for (let k = 0; k < points.length - (closed ? 0 : 1); k++) {
        const [ax, ay] = points[k];
        const [bx, by] = points[(k + 1) % points.length];
        const length = (bx - ax) ** 2 + (by - ay) ** 2 || 1;
        const t = Math.min(Math.max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0), 1);
        const distance = Math.hypot(ax + t * (bx - ax) - x, ay + t * (by - ay) - y);
        if (distance <= (best?.distance ?? reach)) best = { points, k, distance };
      }
    }
    return best;
  }

  insert({ points, k }, point) {
    this.remember();
    points.splice(k + 1, 0, point);
    return { points, k: k + 1 };
  }

  remove({ points, k }) {
    this.remember();
    points.splice(k, 1);
    this.rings = this.rings.filter((ring) => ring.length >= 3);
    this.chains = this.chains.filter((chain) => chain.length >= 2);
  }
}

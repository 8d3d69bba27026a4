// The points, their versions and the undo history. Lists and points are never
// changed in place: a moved point is a new object. So whether an array that the
// server computed for version v still speaks of a point is a question of identity.

export const MAXIMUM = 2000;
const HISTORY = 200;
const SNAPSHOTS = 240;

const round = (value) => Math.round(value * 1e4) / 1e4;

export class Points {
  constructor(bounds) {
    this.bounds = bounds;
    this.list = [];
    this.version = 0;
    this.acked = 0;
    this.dirty = false;
    this.known = false; // true once the server has told its list
    this.emptied = false; // Clear was pressed before that
    this.past = [];
    this.future = [];
    this.snapshots = new Map();
    this.before = null;
    this.alignment = null;
  }

  get unsent() {
    return this.dirty || this.version > this.acked;
  }

  make(x, y, label) {
    const [xmin, xmax, ymin, ymax] = this.bounds;
    return Object.freeze({
      x: round(Math.min(Math.max(x, xmin), xmax)),
      y: round(Math.min(Math.max(y, ymin), ymax)),
      label,
    });
  }

  // A gesture (one drag) is one undo step: begin, any number of edits, commit.
  begin() {
    this.before ??= this.list;
  }

  commit() {
    const before = this.before;
    this.before = null;
    if (before && before !== this.list) this.remember(before);
  }

  remember(list) {
    this.past.push(list);
    if (this.past.length > HISTORY) this.past.shift();
    this.future = [];
  }

  change(list) {
    if (!this.before) this.remember(this.list);
    this.list = list;
    this.dirty = true;
  }

  add(x, y, label) {
    if (this.list.length >= MAXIMUM) return null;
    const point = this.make(x, y, label);
    this.change([...this.list, point]);
    return point;
  }

  remove(point) {
    if (this.list.includes(point)) this.change(this.list.filter((other) => other !== point));
  }

  move(point, x, y) {
    const moved = this.make(x, y, point.label);
    if (moved.x === point.x && moved.y === point.y) return point;
    this.change(this.list.map((other) => (other === point ? moved : other)));
    return moved;
  }

  clear() {
    if (!this.known) this.emptied = true;
    if (this.list.length) this.change([]);
  }

  undo() {
    return this.travel(this.past, this.future);
  }

  redo() {
    return this.travel(this.future, this.past);
  }

  travel(from, to) {
    this.commit();
    if (!from.length) return false;
    to.push(this.list);
    this.list = from.pop();
    this.dirty = true;
    return true;
  }

  /**
   * The message for the edits since the last one, or null.
   * @returns {import("../wire/protocol.js").Points | null}
   */
  flush() {
    if (!this.dirty) return null;
    this.dirty = false;
    this.version += 1;
    this.store(this.version, this.list);
    const points = this.list.map(({ x, y, label }) => [x, y, label]);
    return { op: "points", version: this.version, points };
  }

  // After a reconnection: the same list under a version that the server must take.
  resend(above) {
    this.version = Math.max(this.version, above);
    this.dirty = true;
  }

  // Another session's list: ours stays with the one before.
  adopt(rows, version) {
    Object.assign(this, { known: false, dirty: false, version, past: [], future: [] });
    this.snapshots.clear();
    this.replace(rows, version);
  }

  // The list of the server replaces ours. Undoable, except for the very first one.
  replace(rows, version) {
    const same = rows.length === this.list.length && rows.every(([x, y, label], i) => {
      const point = this.list[i];
      return point.x === round(x) && point.y === round(y) && point.label === label;
    });
    if (!same) {
      this.before = null;
      if (this.known) this.remember(this.list);
      this.list = rows.map(([x, y, label]) => this.make(x, y, label < 0 ? -1 : 1));
    }
    this.known = true;
    this.dirty = false;
    this.version = Math.max(version, this.version);
    this.acked = this.version;
    this.store(version, this.list);
    return !same;
  }

  store(version, list) {
    this.snapshots.set(version, list);
    if (this.snapshots.size > SNAPSHOTS) {
      this.snapshots.delete(this.snapshots.keys().next().value);
    }
    this.alignment = null;
  }

  // For each row of the server's arrays the point it still describes, else null.
  // Returns null when nothing is known about that version.
  aligned(version) {
    const cached = this.alignment;
    if (cached && cached.version === version && cached.list === this.list) return cached.rows;
    const snapshot = this.snapshots.get(version);
    let rows = null;
    if (snapshot === this.list) rows = snapshot;
    else if (snapshot) {
      const alive = new Set(this.list);
      rows = snapshot.map((point) => (alive.has(point) ? point : null));
    }
    this.alignment = { version, list: this.list, rows };
    return rows;
  }
}

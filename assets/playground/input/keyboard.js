// Everything by keyboard. A crosshair stands in for the pointer; it appears with the
// first arrow key and goes when the mouse is used.

import { TOOLS } from "./toolbar.js";

const SMALL = 0.01; // of the width of the plot
const BIG = 0.06;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const LETTERS = { k: "play", p: "present", s: "step", z: "undo", y: "redo" };

export const HELP = [
  ["Click, drag", "put points of the brush's class"],
  ["Right click, Shift, long press", "put points of the other class"],
  ["Drag a point", "move it"],
  ["Arrow keys (Shift: faster)", "move the crosshair"],
  ["Space, Enter", "put a point; pick up and drop with Move; erase with Erase"],
  ["X", "put a point of the other class"],
  ["Delete, Backspace", "erase the nearest point"],
  ["1  2  3  4", "blue brush, orange brush, move, erase"],
  ["K  S", "play or pause, one step"],
  ["P", "presentation: fills the window; Esc leaves it"],
  ["Z  Y", "undo, redo (also Ctrl+Z, Ctrl+Shift+Z, Ctrl+Y)"],
  ["?  Esc", "show and close this help"],
];

export class Keyboard {
  constructor(root, canvas, host) {
    this.host = host;
    this.cursor = null;
    this.grabbed = null;
    root.addEventListener("keydown", (event) => this.anywhere(event));
    canvas.addEventListener("keydown", (event) => this.onCanvas(event));
    canvas.addEventListener("blur", () => this.hide());
  }

  hide() {
    this.drop();
    if (!this.cursor) return;
    this.cursor = null;
    this.host.cursorMoved();
  }

  anywhere(event) {
    const { host } = this;
    // A list or a slider has keys of its own.
    if (event.target.matches?.("select, input") && event.key !== "Escape") return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z") host.act(event.shiftKey ? "redo" : "undo");
      else if (key === "y") host.act("redo");
      else return;
      event.preventDefault();
    } else if (event.key === "?") {
      host.act("help");
      event.preventDefault();
    } else if (event.key === "Escape") {
      host.escape();
    } else if (!event.altKey) {
      const action = TOOLS[Number(event.key) - 1] ?? LETTERS[key];
      if (!action) return;
      host.act(action);
      event.preventDefault();
    }
  }

  onCanvas(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.handle(event)) event.preventDefault();
  }

  handle(event) {
    const { host } = this;
    const { key } = event;
    if (ARROWS[key]) return this.step(ARROWS[key], event.shiftKey ? BIG : SMALL);
    if (key === " " || key === "Enter") return this.use();
    if (key.toLowerCase() === "x") return this.put(host.tool === "brush-minus" ? 1 : -1);
    if (key === "Delete" || key === "Backspace") return this.erase();
    return false;
  }

  // The crosshair starts in the middle of the plot.
  appear() {
    if (this.cursor) return;
    const [xmin, xmax, ymin, ymax] = this.host.bounds;
    this.cursor = { panel: 0, x: (xmin + xmax) / 2, y: (ymin + ymax) / 2, grabbed: false };
  }

  step([dx, dy], size) {
    this.appear();
    const [xmin, xmax, ymin, ymax] = this.host.bounds;
    const { cursor } = this;
    const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
    cursor.x = clamp(cursor.x + dx * size * (xmax - xmin), xmin, xmax);
    cursor.y = clamp(cursor.y + dy * size * (ymax - ymin), ymin, ymax);
    if (this.grabbed) this.grabbed = this.host.move(this.grabbed, cursor.x, cursor.y);
    this.host.cursorMoved();
    return true;
  }

  use() {
    const { tool } = this.host;
    if (tool === "erase") return this.erase();
    if (tool === "move") return this.grabOrDrop();
    return this.put(tool === "brush-minus" ? -1 : 1);
  }

  put(label) {
    this.appear();
    this.host.add(this.cursor.x, this.cursor.y, label);
    this.host.cursorMoved();
    return true;
  }

  erase() {
    this.appear();
    this.drop();
    this.host.eraseNearest(this.cursor);
    this.host.cursorMoved();
    return true;
  }

  grabOrDrop() {
    this.appear();
    if (this.grabbed) {
      this.drop();
    } else {
      this.grabbed = this.host.closest(this.cursor);
      if (this.grabbed) {
        this.host.points.begin();
        Object.assign(this.cursor, { x: this.grabbed.x, y: this.grabbed.y, grabbed: true });
      }
    }
    this.host.cursorMoved();
    return true;
  }

  drop() {
    if (!this.grabbed) return;
    this.grabbed = null;
    this.cursor.grabbed = false;
    this.host.points.commit();
    this.host.changed();
  }
}

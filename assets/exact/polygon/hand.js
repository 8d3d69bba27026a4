// Mouse, pen, touch and keyboard on the drawing.

const REACH = 11; // px
const TOUCH_REACH = 20;
const SAME = 1e-9;

const near = ([a, b], [x, y], reach) => Math.hypot(a - x, b - y) <= reach;

export class Hand {
  constructor(canvas, view) {
    this.canvas = canvas;
    this.view = view;
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    canvas.addEventListener("pointerup", () => this.up());
    canvas.addEventListener("pointercancel", () => this.up());
    canvas.addEventListener("pointerleave", () => this.left());
    canvas.addEventListener("dblclick", () => this.finish());
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  place(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    return this.view.frame.data(event.clientX - left, event.clientY - top);
  }

  reach(event) {
    return (event.pointerType === "touch" ? TOUCH_REACH : REACH) / this.view.frame.unit;
  }

  down(event) {
    const { view } = this;
    const { shape } = view;
    this.canvas.focus({ preventScroll: true });
    view.cursor = null;
    const [x, y] = this.place(event);
    const reach = this.reach(event);
    if (shape.open.length) {
      if (shape.open.length >= 3 && near(shape.open[0], [x, y], reach)) this.finish();
      else if (event.button === 2) this.back();
      else this.append([x, y]);
      return;
    }
    const vertex = shape.vertexNear(x, y, reach);
    if (event.button === 2 || event.altKey) {
      if (vertex) {
        shape.remove(vertex);
        view.edited();
      }
      return;
    }
    const edge = vertex ? null : shape.edgeNear(x, y, reach * 0.7);
    if (vertex || edge) {
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      if (vertex) shape.remember();
      view.held = vertex ?? shape.insert(edge, view.snapped([x, y]));
    } else {
      this.append([x, y]);
    }
    view.request();
  }

  append(point) {
    const { view } = this;
    const { open } = view.shape;
    const place = view.snapped(point);
    if (open.length && near(open.at(-1), place, SAME)) return;
    if (open.length >= 3 && near(open[0], place, SAME)) { // a click that snaps there
      this.finish();
      return;
    }
    view.shape.add(place);
    view.pointer = place;
    view.request();
  }

  moved(event) {
    const { view } = this;
    const [x, y] = this.place(event);
    view.pointer = view.snapped([x, y]);
    if (view.held) {
      view.held.points[view.held.k] = view.pointer;
      view.editing();
    } else {
      view.hover = view.shape.open.length ? null : view.shape.vertexNear(x, y, this.reach(event));
    }
    view.request();
  }

  up() {
    if (!this.view.held) return;
    this.view.held = null;
    this.view.edited();
  }

  left() {
    this.view.pointer = null;
    this.view.hover = null;
    this.view.request();
  }

  finish() {
    if (this.view.shape.close()) this.view.edited();
  }

  back() {
    const { shape } = this.view;
    if (!shape.open.length) return;
    shape.remember();
    shape.open.pop();
    this.view.request();
  }

  key(event) {
    const { view } = this;
    const step = view.step * (event.shiftKey ? 0.2 : 1);
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const move = moves[event.key];
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() === "z") view.act(event.shiftKey ? "redo" : "undo");
      else return;
    } else if (move) {
      const [x, y] = view.cursor ?? [0, 0];
      const [xmin, xmax, ymin, ymax] = view.bounds;
      view.cursor = [Math.min(Math.max(x + move[0], xmin), xmax), Math.min(Math.max(y + move[1], ymin), ymax)];
      view.pointer = view.cursor;
      view.request();
    } else if (event.key === " ") {
      view.cursor ??= [0, 0];
      this.append(view.cursor);
    } else if (event.key === "Enter") this.finish();
    else if (event.key === "Backspace") this.back();
    else if (event.key === "Escape") view.act("escape");
    else return;
    event.preventDefault();
  }
}

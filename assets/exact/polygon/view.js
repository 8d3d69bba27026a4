// The polygon editor of one mounted component: joins shape, hand, pictures and Python.

import { buildErrorBar, buildHelp, element } from "../../shared/dom.js";
import { icon } from "../../shared/icons.js";
import { mounter, View } from "../../shared/view.js";
import { Hand } from "./hand.js";
import { DARK, fieldImage, Frame, LIGHT, paintField, paintShape } from "./paint.js";
import { Shape } from "./shape.js";

const HELP = [
  ["Click", "put a vertex; on the first one: close the ring"],
  ["Double click, Enter", "close the ring"],
  ["Drag a vertex", "move it"],
  ["Click an edge", "put a vertex into it"],
  ["Right click, Alt + click", "delete a vertex; while drawing: the last one"],
  ["Arrow keys, Space", "move a cursor, put a vertex there"],
  ["Backspace, Esc", "take back the last vertex, give up the ring"],
  ["Ctrl + Z, Shift + Ctrl + Z", "undo, redo"],
];
const WHILE_DRAGGING = 120; // ms between two networks

class PolygonView extends View {
  constructor(parent, { data }) {
    super(parent, { name: "polygon", looks: "tools", url: import.meta.url, light: LIGHT, dark: DARK });
    this.bounds = data.bounds;
    this.step = data.step;
    this.snap = true;
    this.shape = new Shape();
    this.edits = 0;
    this.contours = [];
    this.wrong = [];
    // What the hand does: a vertex that it drags, one under it, where it points, the keys' cursor.
    this.held = null;
    this.hover = null;
    this.pointer = null;
    this.cursor = null;
    this.build();
    this.hand = new Hand(this.drawing, this);
  }

  build() {
    const bar = element("div", "toolbar", { role: "toolbar", "aria-label": "Drawing" });
    this.buttons = {};
    const button = (id, content, title) => {
      const node = element("button", "", { type: "button", "data-testid": id, title, "aria-label": title });
      node.innerHTML = content;
      node.addEventListener("click", () => this.act(id));
      bar.append(node);
      this.buttons[id] = node;
    };
    button("undo", icon("undo"), "Undo (Ctrl + Z)");
    button("redo", icon("redo"), "Redo (Shift + Ctrl + Z)");
    button("clear", `${icon("clear")}<span>Clear</span>`, "Clear: remove everything");
    button("snap", "Snap to grid", "Snap to grid: put vertices on it");
    button("help", icon("help"), "Mouse and keyboard help");
    const figure = (id, title, label) => {
      const box = element("figure", "");
      const canvas = element("canvas", "", { "data-testid": id, role: "img", "aria-label": label });
      const caption = element("figcaption", "");
      caption.textContent = title;
      const stage = element("div", "stage");
      stage.append(canvas);
      box.append(caption, stage);
      return { box, canvas, stage, caption };
    };
    const left = figure("drawing", "Your shape: drag a corner, or draw", "Drawing: press ? in the toolbar for mouse and keys");
    const right = figure("field", "The network: F and its zero set", "Field of the network and its zero set");
    left.canvas.tabIndex = 0;
    left.canvas.setAttribute("role", "application");
    this.drawing = left.canvas;
    this.leadTo(this.drawing, "drawing");
    this.fieldCanvas = right.canvas;
    this.hint = element("div", "hint", { "data-testid": "hint" });
    this.help = buildHelp(HELP, () => this.act("escape"));
    this.errors = buildErrorBar();
    left.stage.append(this.hint, this.help);
    right.stage.append(this.errors.bar);
    const panels = element("div", "panels");
    panels.append(left.box, right.box);
    left.caption.append(bar);
    right.caption.append(legend());
    this.root.append(panels);
  }

  themed() { this.image = null; }

  update(data) {
    if (data.load !== this.loaded) {
      this.loaded = data.load;
      this.shape.load(data.shape);
    }
    this.contours = data.contours;
    this.wrong = data.wrong;
    this.crossing = data.crossing;
    if (data.error) this.errors.say(data.error);
    else this.errors.bar.hidden = true;
    Object.assign(this.root.dataset, {
      built: String(data.edit), crossing: data.crossing ? data.crossing.join(" ") : "",
    });
    this.fetchField(data);
    this.request();
  }

  async fetchField(data) {
    const name = data.field?.name ?? null;
    if (name === this.fieldName) return;
    this.fieldName = name;
    if (!name) {
      this.field = this.image = null;
      return;
    }
    const values = await this.array(data, data.field);
    if (!values || name !== this.fieldName) return;
    const [rows, columns] = data.field.shape;
    this.field = { values, rows, columns };
    this.image = null;
    this.request();
  }

  act(id) {
    const { shape } = this;
    if (id === "undo" || id === "redo") {
      if (shape[id]()) this.edited();
    } else if (id === "clear") {
      shape.clear();
      this.edited();
    } else if (id === "snap") {
      this.snap = !this.snap;
    } else if (id === "help") {
      this.help.hidden = !this.help.hidden;
    } else if (id === "escape") {
      if (!this.help.hidden) this.help.hidden = true;
      else if (shape.open.length) {
        shape.remember();
        shape.open = [];
      }
      this.cursor = null;
    }
    this.request();
  }

  snapped([x, y]) {
    const [xmin, xmax, ymin, ymax] = this.bounds;
    const round = (v) => (this.snap ? Math.round(v / this.step) * this.step : v);
    return [Math.min(Math.max(round(x), xmin), xmax), Math.min(Math.max(round(y), ymin), ymax)];
  }

  // Python hears of a drag now and then, and of its end at once.
  editing() {
    this.timer ??= setTimeout(() => this.tell(), WHILE_DRAGGING);
  }

  edited() {
    this.tell();
    this.request();
  }

  tell() {
    clearTimeout(this.timer);
    this.timer = null;
    const { rings, chains } = this.shape.copy();
    this.edits += 1;
    this.root.dataset.edits = String(this.edits);
    this.setStateValue("shape", { load: this.loaded, edit: this.edits, rings, chains });
  }

  resized() {
    const size = Math.floor(this.drawing.parentElement.clientWidth);
    if (size <= 0) return;
    const ratio = window.devicePixelRatio || 1;
    this.frame = new Frame(size, this.bounds);
    for (const canvas of [this.drawing, this.fieldCanvas]) {
      canvas.width = canvas.height = Math.round(size * ratio);
      canvas.style.width = canvas.style.height = `${size}px`;
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    this.request();
  }

  draw() {
    const { frame, theme, shape } = this;
    if (!frame || !theme) return;
    if (this.field && !this.image) this.image = fieldImage(this.field, theme);
    paintShape(this.drawing.getContext("2d"), frame, theme, this);
    paintField(this.fieldCanvas.getContext("2d"), frame, theme, this);
    this.buttons.undo.disabled = !shape.past.length;
    this.buttons.redo.disabled = !shape.future.length;
    this.buttons.snap.setAttribute("aria-pressed", String(this.snap));
    const count = shape.open.length;
    this.hint.textContent = count >= 3 ? "Click the first vertex to close the ring"
      : count ? "Go on clicking: at least three vertices"
        : shape.lines().length ? "" : "Click to put the first vertex";
    this.hint.hidden = !this.hint.textContent;
    Object.assign(this.root.dataset, {
      rings: shape.rings.length, vertices: shape.lines().reduce((n, { points }) => n + points.length, 0),
      drawing: count, pictured: this.image ? "true" : "false",
    });
  }

  destroy() {
    clearTimeout(this.timer);
    super.destroy();
  }
}

function legend() {
  const node = element("span", "legend");
  node.innerHTML = '<i class="minus"></i>F &lt; 0 <i class="plus"></i>F &gt; 0 <i class="zero"></i>F = 0 <i class="drawn"></i>drawn';
  return node;
}

export default mounter(PolygonView);

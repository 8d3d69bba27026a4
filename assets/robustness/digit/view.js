// A pen on a black square: strokes go to Python, which makes an image of MNIST of them.

import { element } from "../../shared/dom.js";
import { icon } from "../../shared/icons.js";
import { fitted } from "../../shared/pixels.js";
import { mounter, View } from "../../shared/view.js";

const PEN = 0.075; // of the side, as levelset_core.data.digits has it
const NEAR = 0.006; // places nearer than this to the last one are left out
const KEPT = "levelset digit"; // a reload of the tab brings the drawing back

class DigitView extends View {
  constructor(parent) {
    super(parent, { name: "digit", url: import.meta.url });
    this.strokes = [];
    this.edits = 0;
    this.canvas = element("canvas", "", {
      "data-testid": "pad", role: "img", "aria-label": "Draw a digit with mouse, pen or finger",
    });
    this.hint = element("div", "hint");
    this.hint.textContent = "Draw a digit";
    const stage = element("div", "stage");
    stage.append(this.canvas, this.hint);
    const bar = element("div", "bar");
    this.buttons = ["undo", "clear"].map((id) => {
      const button = element("button", "", { type: "button", "data-testid": id });
      button.innerHTML = `${icon(id)}<span>${id === "undo" ? "Undo" : "Clear"}</span>`;
      button.addEventListener("click", () => this.act(id));
      bar.append(button);
      return button;
    });
    this.root.append(stage, bar);
    this.canvas.addEventListener("pointerdown", (event) => this.down(event));
    this.canvas.addEventListener("pointermove", (event) => this.moved(event));
    for (const type of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(type, () => this.up());
    }
  }

  update(data) {
    if (!this.edits && data.strokes.length) {
      this.strokes = data.strokes;
      this.edits = data.edit;
    } else if (!this.edits) {
      this.strokes = storedStrokes();
      if (this.strokes.length) this.tell();
    }
    this.side = data.side;
    this.draw();
  }

  place(event) {
    const { left, top, width } = this.canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top].map((v) =>
      Number(Math.min(1, Math.max(0, v / width)).toFixed(4)));
  }

  down(event) {
    if (event.button) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.open = [this.place(event)];
    this.strokes.push(this.open);
    this.draw();
  }

  moved(event) {
    if (!this.open) return;
    for (const part of event.getCoalescedEvents?.() ?? [event]) {
      const [x, y] = this.place(part);
      const [a, b] = this.open.at(-1);
      if (Math.hypot(x - a, y - b) > NEAR) this.open.push([x, y]);
    }
    this.draw();
  }

  up() {
    if (!this.open) return;
    this.open = null;
    this.tell();
  }

  act(id) {
    if (id === "undo") this.strokes.pop();
    else this.strokes = [];
    this.tell();
    this.draw();
  }

  tell() {
    this.edits += 1;
    this.setStateValue("drawn", { edit: this.edits, strokes: this.strokes });
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(this.strokes));
    } catch {
      // No storage: a reload forgets the drawing.
    }
  }

  draw() {
    const width = Math.min(this.side ?? 230, this.root.clientWidth);
    if (!width) return;
    const context = fitted(this.canvas, width);
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, width);
    context.strokeStyle = "rgba(255, 255, 255, 0.25)";
    context.lineWidth = 1;
    context.strokeRect(width / 7, width / 7, (width * 5) / 7, (width * 5) / 7);
    context.strokeStyle = "#fff";
    context.lineWidth = PEN * width;
    [context.lineCap, context.lineJoin] = ["round", "round"];
    for (const stroke of this.strokes) {
      context.beginPath();
      stroke.forEach(([x, y], k) => context[k ? "lineTo" : "moveTo"](x * width, y * width));
      if (stroke.length === 1) context.lineTo(stroke[0][0] * width + 0.01, stroke[0][1] * width);
      context.stroke();
    }
    const empty = !this.strokes.length;
    this.hint.hidden = !empty;
    for (const button of this.buttons) button.disabled = empty;
    this.root.dataset.strokes = String(this.strokes.length);
  }
}

function storedStrokes() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? [];
  } catch {
    return [];
  }
}

export default mounter(DigitView);

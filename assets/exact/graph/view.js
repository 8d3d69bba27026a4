// A network as a graph: a column of units a layer, a line for every weight that is not zero.
// A click on a line chooses that weight.

import { element } from "../../shared/dom.js";
import { number, whole } from "../../shared/text.js";
import { mounter, View } from "../../shared/view.js";

const LIGHT = { dark: false, plus: "#0b5499", minus: "#b04600", chosen: "#c2003f", muted: "#5f6875" };
const DARK = { dark: true, plus: "#8ccaff", minus: "#ffbd7d", chosen: "#ff7a9a", muted: "#a3acba" };
const REACH = 7; // px
const LABEL_GAP = 6; // px between the names of two layers
const MOST_WIDTHS = 9; // in the heading

class GraphView extends View {
  constructor(parent) {
    super(parent, { name: "graph", url: import.meta.url, light: LIGHT, dark: DARK });
    this.caption = element("div", "caption");
    this.canvas = element("canvas", "", {
      tabindex: "0", role: "application",
      "aria-label": "The network as a graph. Left and right arrow choose a weight.",
    });
    this.note = element("div", "note", { "aria-live": "polite" });
    this.root.append(this.caption, this.canvas, this.note);
    this.canvas.addEventListener("pointermove", (event) => this.look(event));
    this.canvas.addEventListener("pointerleave", () => { this.hover = null; this.request(); });
    this.canvas.addEventListener("click", (event) => { this.look(event); this.choose(this.hover); });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  update(data) {
    this.data = data;
    this.root.style.setProperty("--height", `${data.height}px`);
    this.root.dataset.widths = data.widths.join("-");
    const hidden = data.widths.slice(1, -1);
    const { widths } = data;
    const many = widths.length > MOST_WIDTHS;
    const shown = many ? [...widths.slice(0, 4), "…", ...widths.slice(-3)] : widths;
    this.caption.textContent = `Network ${shown.join(" – ")}`;
    this.caption.title = `${hidden.length} hidden layers, ${whole(data.total)} lines`;
    const key = JSON.stringify(data.chosen);
    if (key !== this.told) {
      this.told = key;
      this.chosen = data.chosen;
    }
    this.resized();
  }

  resized() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!this.data || width <= 0) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    const { widths } = this.data;
    const x = (layer) => 26 + layer * (width - 52) / (widths.length - 1);
    const gap = (count) => Math.min((height - 52) / Math.max(count - 1, 1), 34);
    this.place = (layer, unit) => [
      x(layer), (height - 24) / 2 + (unit - (widths[layer] - 1) / 2) * gap(widths[layer]),
    ];
    const across = (width - 52) / (widths.length - 1);
    this.radius = Math.max(1.5, Math.min(6, gap(Math.max(...widths)) * 0.32, across * 0.4));
    this.size = { width, height };
    this.request();
  }

  ends([layer, row, column]) {
    return [this.place(layer, column), this.place(layer + 1, row)];
  }

  look(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    let best = REACH;
    this.hover = null;
    for (const edge of this.data.edges) {
      const [[ax, ay], [bx, by]] = this.ends(edge);
      if (x < ax - REACH || x > bx + REACH) continue;
      const t = Math.min(Math.max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2), 0), 1);
      const distance = Math.hypot(ax + t * (bx - ax) - x, ay + t * (by - ay) - y);
      if (distance < best) [best, this.hover] = [distance, edge];
    }
    this.request();
  }

  choose(edge) {
    if (!edge) return;
    this.chosen = edge.slice(0, 3);
    this.setStateValue("chosen", [...this.chosen, Date.now()]); // the same line again is a click
    this.request();
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const { edges } = this.data;
    const now = edges.findIndex((edge) => this.isChosen(edge));
    this.choose(edges[(now + step + edges.length) % edges.length]);
  }

  isChosen(edge) {
    return Boolean(this.chosen) && this.chosen.every((value, k) => value === edge[k]);
  }

  draw() {
    if (!this.size) return;
    const { theme, data, size, radius } = this;
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, size.width, size.height);
    const line = (edge, width, alpha, colour) => {
      const [a, b] = this.ends(edge);
      context.globalAlpha = alpha;
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(...a);
      context.lineTo(...b);
      context.stroke();
    };
    const faint = Math.max(0.12, Math.min(0.7, 60 / Math.sqrt(data.edges.length + 1) / 6));
    for (const edge of data.edges) {
      const weight = edge[3];
      line(edge, Math.min(0.5 + Math.abs(weight), 2), faint, weight > 0 ? theme.plus : theme.minus);
    }
    const marked = data.edges.filter((edge) => edge === this.hover || this.isChosen(edge));
    for (const edge of marked) line(edge, 3.5, 1, this.isChosen(edge) ? theme.chosen : theme.text);
    context.globalAlpha = 1;
    data.widths.forEach((count, layer) => {
      for (let unit = 0; unit < count; unit++) {
        context.beginPath();
        context.arc(...this.place(layer, unit), radius, 0, 2 * Math.PI);
        context.fillStyle = theme.text;
        context.fill();
      }
    });
    this.labels(context);
    this.say(marked);
  }

  // Names of the layers; those that would touch the one before, or F, are left out.
  labels(context) {
    const { data: { widths }, theme, size } = this;
    context.fillStyle = theme.muted;
    context.font = `11px ${theme.font}`;
    context.textAlign = "center";
    const last = widths.length - 1;
    const right = this.place(last, 0)[0] - LABEL_GAP;
    let free = 0;
    widths.forEach((count, layer) => {
      const text = layer === 0 ? "x" : layer === last ? "F" : String(count);
      const x = this.place(layer, 0)[0];
      const half = context.measureText(text).width / 2;
      if (layer !== last && (x - half < free || x + half > right)) return;
      context.fillText(text, x, size.height - 6);
      free = x + half + LABEL_GAP;
    });
  }

  say(marked) {
    const edge = this.hover ?? marked[0];
    const left = this.data.total - this.data.edges.length;
    this.note.textContent = edge
      ? `Layer ${edge[0] + 1}, unit ${edge[1] + 1}, input ${edge[2] + 1}: weight ${number(edge[3], 4)}`
      : left > 0 ? `The ${whole(this.data.edges.length)} largest weights of ${whole(this.data.total)}`
        : "Blue: positive weight, orange: negative. Click a line to change it.";
  }
}

export default mounter(GraphView);

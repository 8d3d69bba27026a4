// The network: small pictures of what units compute, joined by their weights.

import { element } from "../../shared/dom.js";
import { mounter, View } from "../../shared/view.js";
import { FieldPainter } from "../plot/field.js";
import { DARK, LIGHT } from "../plot/theme.js";
import { bytesOf } from "../wire/frame.js";
import { describe, nameOf, place } from "./graph.js";

const STEPS = 127;
const THICKEST = 5;
const FULL = 2.5; // of the colour table: the largest value of a unit has its full colour

class NetworkView extends View {
  constructor(parent) {
    super(parent, { name: "network", url: import.meta.url, light: LIGHT, dark: DARK });
    this.canvas = element("canvas", "", { "data-testid": "network-canvas", role: "img", tabindex: "0" });
    this.words = element("p", "", { "aria-live": "polite" });
    this.root.append(this.canvas, this.words);
    this.painter = new FieldPainter();
    this.layers = null;
    this.places = [];
    this.hovered = null;
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", () => this.point(null));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  update({ layers }) {
    this.layers = layers.map((layer) => ({
      ...layer, fields: new Int8Array(bytesOf(layer.fields).buffer),
    }));
    const drawn = layers.map(({ index, width }) => `${index.length} of ${width}`).join(", ");
    this.canvas.setAttribute("aria-label", `The network. Units shown, from the inputs on: ${drawn}. Arrow keys choose a unit.`);
    this.root.dataset.units = layers.map(({ index }) => index.length).join();
    this.request();
  }

  hover({ offsetX, offsetY }) {
    this.point(this.places.flat().find(({ x, y, size }) =>
      offsetX >= x && offsetX <= x + size && offsetY >= y && offsetY <= y + size) ?? null);
  }

  key(event) {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!move || !this.places.length) return;
    event.preventDefault();
    const { layer, unit } = this.hovered ?? { layer: this.places.length - 1, unit: 0 };
    const column = this.places[Math.min(Math.max(layer + move[0], 0), this.places.length - 1)];
    this.point(column[Math.min(Math.max(unit + move[1], 0), column.length - 1)]);
  }

  point(found) {
    if (found?.layer === this.hovered?.layer && found?.unit === this.hovered?.unit) return;
    this.hovered = found;
    this.request();
  }

  draw() {
    const width = this.root.clientWidth;
    if (!this.layers || !width || !this.theme) return;
    const wide = Math.max(width, 90 * this.layers.length);
    const { places, height } = place(this.layers, wide);
    this.places = places;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(wide * ratio);
    this.canvas.height = Math.round(height * ratio);
    Object.assign(this.canvas.style, { width: `${wide}px`, height: `${height}px` });
    const ctx = this.canvas.getContext("2d");
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.painter.setTheme(this.theme);
    this.layers.forEach((layer, k) => k && this.drawWeights(ctx, layer, k));
    this.layers.forEach((layer, k) => this.drawUnits(ctx, layer, k));
    const { hovered } = this;
    this.words.textContent = hovered ? describe(this.layers, hovered.layer, hovered.unit) : "";
  }

  drawWeights(ctx, { weights }, k) {
    const most = Math.max(...weights.flat().map(Math.abs)) || 1;
    const { hovered, theme } = this;
    weights.forEach((row, unit) => row.forEach((weight, before) => {
      const from = this.places[k - 1][before];
      const to = this.places[k][unit];
      const own = !hovered || (hovered.layer === k && hovered.unit === unit)
        || (hovered.layer === k - 1 && hovered.unit === before);
      const share = Math.abs(weight) / most;
      ctx.globalAlpha = own ? 0.25 + 0.75 * share : 0.05;
      ctx.strokeStyle = weight > 0 ? theme.plus : theme.minus;
      ctx.lineWidth = Math.max(0.3, THICKEST * share);
      ctx.setLineDash(weight > 0 ? [] : [6, 3]); // the sign is not told by colour alone
      ctx.beginPath();
      const [x0, y0, x1, y1] = [from.x + from.size, from.y + from.size / 2, to.x, to.y + to.size / 2];
      ctx.moveTo(x0, y0);
      ctx.bezierCurveTo((x0 + x1) / 2, y0, (x0 + x1) / 2, y1, x1, y1);
      ctx.stroke();
    }));
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
  }

  drawUnits(ctx, { fields, grid, index, width }, k) {
    const { theme, hovered } = this;
    const [first] = this.places[k];
    ctx.font = `12px ${theme.font}`;
    ctx.fillStyle = theme.muted;
    ctx.textBaseline = "middle";
    const right = k === this.layers.length - 1 && k > 0;
    ctx.textAlign = k === 0 ? "left" : right ? "right" : "center";
    const some = index.length < width ? `: ${index.length} of ${width}` : "";
    ctx.fillText(nameOf(k, this.layers.length) + some, first.x + (k === 0 ? 0 : right ? first.size : first.size / 2), 10);
    for (const { unit, x, y, size } of this.places[k]) {
      const values = Float32Array.from(fields.subarray(unit * grid * grid, (unit + 1) * grid * grid), (v) => (FULL * v) / STEPS);
      ctx.drawImage(this.painter.paint(0, values, grid), x, y, size, size);
      const on = hovered?.layer === k && hovered.unit === unit;
      ctx.strokeStyle = on ? theme.zero : theme.line;
      ctx.lineWidth = on ? 2.5 : 1;
      ctx.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
    }
  }
}

export default mounter(NetworkView);

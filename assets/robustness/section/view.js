// The cross-section; it hears from the explorer which step to mark.

import { hear } from "../../shared/bus.js";
import { element } from "../../shared/dom.js";
import { DARK, LIGHT } from "../../shared/pixels.js";
import { mounter, View } from "../../shared/view.js";
import { paintSection, regions } from "./paint.js";

const LEGEND = [
  ["x", "the image"], ["now", "this step"], ["root", "boundary on the attack's way"],
  ["own", "Fʲ = 0"], ["box", "ε-box"],
];

class SectionView extends View {
  constructor(parent) {
    super(parent, { name: "section", url: import.meta.url, light: LIGHT, dark: DARK });
    this.step = Infinity;
    const stage = element("div", "stage");
    this.canvas = element("canvas", "", {
      "data-testid": "plane", role: "img", "aria-label": "Classes in a plane through the image",
    });
    stage.append(this.canvas);
    const legend = element("div", "legend");
    this.items = {};
    for (const [id, text] of LEGEND) {
      const item = element("span", "");
      this.items[id] = item;
      item.append(element("i", id), text);
      legend.append(item);
    }
    this.root.append(stage, legend);
    this.deafen = hear("attack step", ({ step }) => {
      this.step = step;
      this.request();
    });
  }

  themed() { this.image = null; }

  update(data) {
    if (data.grid.name !== this.name) this.fetch(data);
    else {
      this.data = data;
      this.request();
    }
  }

  async fetch(data) {
    this.name = data.grid.name;
    const values = await this.array(data, data.grid);
    if (!values) return;
    const [rows, columns] = data.grid.shape;
    this.values = { values, rows, columns };
    this.data = data;
    this.image = null;
    this.request();
  }

  draw() {
    const { data, values, theme } = this;
    if (!data || !values || !theme || !this.root.clientWidth) return;
    this.image ??= regions(values, data.label, theme);
    paintSection(this.canvas, theme, this.image, data, this.step);
    this.items.root.hidden = !data.root;
    this.items.own.hidden = !data.own.length;
    const { key, names } = data;
    Object.assign(this.root.dataset, { key, step: this.step, regions: names.length });
  }

  destroy() {
    this.deafen();
    super.destroy();
  }
}

export default mounter(SectionView);

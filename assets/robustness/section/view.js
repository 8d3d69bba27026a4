// The cross-section; it hears from the explorer which step to mark.

import { hear } from "../../shared/bus.js";
import { element, styledRoot } from "../../shared/dom.js";
import { DARK, LIGHT } from "../../shared/pixels.js";
import { pageTheme, sameTheme } from "../../shared/theme.js";
import { paintSection, regions } from "./paint.js";

const LEGEND = [
  ["x", "the image"], ["now", "this step"], ["root", "root on the attack direction"],
  ["own", "Fʲ = 0"], ["box", "ε-box"],
];

export class SectionView {
  constructor(parent) {
    const sheet = new URL("style.css", import.meta.url).href;
    Object.assign(this, styledRoot("section", sheet, { "data-testid": "section" }));
    this.parent = parent;
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
    parent.append(this.style, this.root);
    this.observer = new ResizeObserver(() => this.request());
    this.observer.observe(this.root);
    this.ready.then(() => this.request());
    this.deafen = hear("attack step", ({ step }) => {
      this.step = step;
      this.request();
    });
  }

  apply(data) {
    if (this.root.parentNode !== this.parent) this.parent.append(this.style, this.root);
    const theme = pageTheme(this.root, LIGHT, DARK);
    if (!sameTheme(theme, this.theme)) {
      this.theme = theme;
      this.image = null;
    }
    this.root.dataset.theme = theme.dark ? "dark" : "light";
    if (data.grid.name !== this.name) this.fetch(data);
    else {
      this.data = data;
      this.request();
    }
  }

  async fetch(data) {
    this.name = data.grid.name;
    const response = await fetch(`${data.base}${data.arrays}/${data.grid.name}`);
    if (data.grid.name !== this.name || !response.ok) return;
    const [rows, columns] = data.grid.shape;
    this.values = { values: new Uint8Array(await response.arrayBuffer()), rows, columns };
    this.data = data;
    this.image = null;
    this.request();
  }

  request() {
    this.raf ||= requestAnimationFrame(() => {
      this.raf = 0;
      if (!this.data || !this.values || !this.theme || !this.root.clientWidth) return;
      this.image ??= regions(this.values, this.data.label, this.theme);
      paintSection(this.canvas, this.theme, this.image, this.data, this.step);
      this.items.root.hidden = !this.data.root;
      this.items.own.hidden = !this.data.own.length;
      const { key, names } = this.data;
      Object.assign(this.root.dataset, { key, step: this.step, regions: names.length });
    });
  }

  destroy() {
    this.deafen();
    this.observer.disconnect();
    cancelAnimationFrame(this.raf);
    this.root.remove();
    this.style.remove();
  }
}

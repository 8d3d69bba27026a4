// Images to choose from: all pixels come once, a filter only sends which of them to show.

import { element } from "../../shared/dom.js";
import { greyImage } from "../../shared/pixels.js";
import { mounter, View } from "../../shared/view.js";

class GalleryView extends View {
  constructor(parent) {
    super(parent, { name: "gallery", url: import.meta.url });
    this.list = element("div", "list", { role: "listbox", "aria-label": "Images" });
    this.list.tabIndex = 0;
    this.root.append(this.list);
    this.list.addEventListener("click", (event) => {
      const item = event.target.closest("[data-index]");
      if (item) this.choose(Number(item.dataset.index));
    });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.changes = 0;
  }

  resized() {} // the browser lays the list out

  update(data) {
    this.root.style.height = `${data.height}px`;
    if (data.seen >= this.changes) this.chosen = data.chosen;
    this.data = data;
    if (data.images.name !== this.name) this.fetch(data);
    else this.draw();
  }

  async fetch(data) {
    this.name = data.images.name;
    this.pixels = null;
    const pixels = await this.array(data, data.images);
    if (!pixels) return;
    this.pixels = pixels;
    this.drawn = null;
    this.draw();
  }

  choose(index) {
    this.chosen = index;
    this.changes += 1;
    this.setStateValue("chosen", { index, change: this.changes });
    this.mark();
  }

  key(event) {
    const { shown } = this.data;
    const columns = getComputedStyle(this.list).gridTemplateColumns.split(" ").length;
    const move = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (!move || !shown.length) return;
    event.preventDefault();
    const at = shown.findIndex(([index]) => index === this.chosen);
    this.choose(shown[Math.min(Math.max(at + move, 0), shown.length - 1)][0]);
  }

  draw() {
    if (!this.pixels) return;
    const { shown, images } = this.data;
    const wanted = JSON.stringify(shown);
    if (wanted !== this.drawn) {
      this.drawn = wanted;
      this.list.replaceChildren(...shown.map((row) => this.item(row, images.shape)));
      if (!shown.length) this.list.textContent = "No image passes the filter.";
    }
    this.mark();
    this.root.dataset.count = String(shown.length);
  }

  item([index, mark, title], [, channels, height, width]) {
    const item = element("div", "item", {
      role: "option", "data-index": String(index), title, "aria-label": title, id: `image-${index}`,
    });
    const canvas = element("canvas", "", {});
    [canvas.width, canvas.height] = [width, height];
    const d = channels * height * width;
    const values = Float32Array.from(this.pixels.subarray(index * d, (index + 1) * d), (v) => v / 255);
    canvas.getContext("2d").putImageData(greyImage(values, [channels, height, width]), 0, 0);
    item.append(canvas);
    if (mark) {
      const badge = element("span", `badge ${mark}`);
      badge.textContent = { wrong: "✕", broken: "!" }[mark] ?? "";
      item.append(badge);
    }
    return item;
  }

  mark() {
    this.root.dataset.chosen = String(this.chosen);
    let active = null;
    for (const item of this.list.children) {
      const on = Number(item.dataset.index) === this.chosen;
      item.setAttribute("aria-selected", String(on));
      if (on) active = item;
    }
    if (!active) return;
    this.list.setAttribute("aria-activedescendant", active.id);
    const { top, bottom } = active.getBoundingClientRect();
    const frame = this.list.getBoundingClientRect();
    if (top < frame.top) this.list.scrollTop -= frame.top - top + 4;
    else if (bottom > frame.bottom) this.list.scrollTop += bottom - frame.bottom + 4;
  }
}

export default mounter(GalleryView);

// Kept pictures side by side, each drawn as the playground draws its own; one scale for the margins.

import { element } from "../../shared/dom.js";
import { mounter, View } from "../../shared/view.js";
import { Points } from "../input/points.js";
import { Screen } from "../plot/screen.js";
import { stripScale } from "../plot/strip.js";
import { DARK, LIGHT } from "../plot/theme.js";
import { bytesOf, decodeFrame } from "../wire/frame.js";

const SHOWN = new Set(["field", "contours", "margins"]);
const HIGHEST = 560; // px of one picture beside its bars

class Pins extends View {
  constructor(parent) {
    super(parent, { name: "pins", url: import.meta.url, light: LIGHT, dark: DARK });
    this.pins = [];
    this.key = "";
  }

  update({ panels, bounds }) {
    const key = panels.map(({ title, picture }) => title + picture).join("|");
    if (key !== this.key) {
      this.key = key;
      this.pins.forEach((pin) => pin.screen.stop());
      this.pins = panels.map((panel) => this.build(panel, bounds));
      const frames = this.pins.map((pin) => pin.frame);
      const wanted = Math.max(...frames.map(({ header }) => header.wanted_margin));
      const all = frames.flatMap((frame) => frame.panels);
      this.scales = {
        margin: stripScale(all, "margin", wanted > 0 ? 1.4 * wanted : 0.1),
        output: stripScale(all, "output", 1),
      };
      this.root.replaceChildren(...this.pins.map((pin) => pin.figure));
      this.root.dataset.titles = panels.map(({ title }) => title).join();
      this.resized();
    }
    this.pins.forEach((pin) => pin.screen.request(true));
  }

  build({ title, picture, points: rows }, bounds) {
    const frame = decodeFrame(bytesOf(picture));
    const points = new Points(bounds);
    points.replace(rows, frame.header.version);
    const figure = element("figure", "pin");
    const caption = element("figcaption", "");
    caption.textContent = title;
    const stage = element("div", "stage");
    const canvas = element("canvas", "", { role: "img", "aria-label": spoken(title, frame) });
    stage.append(canvas);
    figure.append(caption, stage);
    const screen = new Screen(canvas, stage, () => this.model(points, bounds), {
      beforePaint: (shown) => { shown.scales = this.scales; },
    });
    screen.receive(frame);
    return { figure, stage, screen, frame };
  }

  model(points, bounds) {
    return { theme: this.theme, bounds, overlays: SHOWN, listed: SHOWN, annotations: [], highlight: null,
      points: points.list, cursor: null, probe: null,
      alignedTo: (version) => points.aligned(version) };
  }

  resized() {
    for (const { stage, screen } of this.pins ?? []) {
      const { clientWidth: width } = stage;
      if (width > 0 && width !== screen.size.width) screen.resize(width, HIGHEST);
    }
  }

  destroy() {
    this.pins.forEach((pin) => pin.screen.stop());
    super.destroy();
  }
}

function spoken(title, { panels }) {
  const [{ info }] = panels;
  const margin = info.margin_min === null ? "no boundary" : `smallest margin ${info.margin_min.toFixed(3)}`;
  return `${title}: ${info.title}, step ${info.step}, ${margin}`;
}

export default mounter(Pins);

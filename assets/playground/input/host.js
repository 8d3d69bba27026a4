// What pointer and keyboard may do with the playground: places, points, feedback.

import { GLOSSARY } from "../../shared/glossary.js";
import { hitLegend } from "../plot/legend.js";
import { hitTitle } from "../plot/scene.js";
import { hitHeading, hitStrip } from "../plot/strip.js";

export class Host {
  constructor(playground) {
    this.playground = playground;
  }

  get points() { return this.playground.points; }
  get picking() { return this.playground.picking; }
  get tool() { return this.playground.tool; }
  get bounds() { return this.playground.bounds; }

  pick(point, panel) { this.playground.pick(point, panel); }
  act(id) { this.playground.act(id); }
  escape() { this.playground.escape(); }

  // The plot and data coordinates under an event; null outside of the plots, unless
  // a gesture is bound to its panel.
  locate(event, panel = null) {
    return this.place(...this.pixel(event), panel);
  }

  /** Where an event is on the canvas, in px of its layout. @returns {[number, number]} */
  pixel({ clientX, clientY }) {
    const { canvas, present: { zoom } } = this.playground;
    const { left, top } = canvas.getBoundingClientRect();
    return [(clientX - left) / zoom, (clientY - top) / zoom];
  }

  place(px, py, panel) {
    const { layout } = this.playground.screen;
    if (!layout) return null;
    if (panel !== null) return this.placeAt(px, py, panel);
    const slack = 3;
    const at = layout.panels.findIndex(({ x, y, size }) =>
      px >= x - slack && px <= x + size + slack && py >= y - slack && py <= y + size + slack);
    return at < 0 ? null : this.placeAt(px, py, at);
  }

  placeAt(px, py, panel) {
    const view = this.playground.screen.view(panel);
    const [x, y] = view.toData(px, py);
    const [xmin, xmax, ymin, ymax] = this.bounds;
    return { panel, x, y, px, py, inside: x >= xmin && x <= xmax && y >= ymin && y <= ymax };
  }

  // The nearest point within reach (in px) of a place, else null.
  nearest({ panel, x, y }, reach) {
    const { unit } = this.playground.screen.view(panel);
    const limit = reach / unit;
    const found = this.closest({ x, y });
    return found && Math.hypot(found.x - x, found.y - y) <= limit ? found : null;
  }

  closest({ x, y }) {
    let best = null;
    let least = Infinity;
    // From the end: of points at one place the newest lies on top.
    for (let i = this.points.list.length - 1; i >= 0; i--) {
      const point = this.points.list[i];
      const distance = Math.hypot(point.x - x, point.y - y);
      if (distance < least) {
        least = distance;
        best = point;
      }
    }
    return best;
  }

  // Who only watches changes nothing; the server would refuse it too.
  get locked() { return this.playground.watching; }

  add(x, y, label) {
    if (this.locked) return null;
    const point = this.points.add(x, y, label);
    if (!point) {
      this.playground.full();
      return null;
    }
    this.playground.screen.stamp(point);
    this.playground.reporter.placed();
    this.playground.edited();
    return point;
  }

  move(point, x, y) {
    if (this.locked) return point;
    const moved = this.points.move(point, x, y);
    if (moved !== point) this.playground.edited();
    return moved;
  }

  erase(place, reach) {
    const point = this.locked ? null : this.nearest(place, reach);
    if (!point) return;
    this.points.remove(point);
    this.playground.edited();
  }

  eraseNearest(place) {
    const point = this.locked ? null : this.closest(place);
    if (!point) return;
    this.points.remove(point);
    this.playground.edited();
  }

  /** What was put goes to the server at once, not with the next picture. */
  send() { this.playground.talk.sendEdits(); }

  changed() { this.playground.screen.request(true); }
  cursorMoved() {
    if (!this.playground.keyboard.cursor) this.playground.probe.leave();
    this.playground.screen.request(true);
  }

  pointerUsed() { this.playground.keyboard.hide(); }

  hover(event) {
    const { playground } = this;
    const { probe, screen, canvas } = playground;
    if (!event) {
      probe.leave();
      this.highlight(null);
      return;
    }
    if (playground.keyboard.cursor) return;
    const [px, py] = this.pixel(event);
    const place = this.place(px, py, null);
    if (place) {
      probe.at(place.panel, place.x, place.y, px, py);
      const point = this.nearest(place, 7);
      const over = this.picking ? "pointer" : "grab";
      const free = point && this.tool !== "erase" ? over : "crosshair";
      canvas.style.cursor = this.locked ? "default" : free;
      this.highlight(point);
      screen.request();
      return;
    }
    canvas.style.cursor = "default";
    const { layout, picture } = screen;
    const hit = layout && picture ? hitStrip(layout.strips, picture, px, py) : null;
    const key = layout && picture && (hitLegend(picture, layout, px, py)
      ?? hitTitle(picture, layout, px, py) ?? hitHeading(layout.strips, px, py));
    if (key && GLOSSARY[key]) probe.showWords(GLOSSARY[key].sentence, px, py, screen.size);
    else if (hit) probe.showBar(hit, px, py, screen.size);
    else probe.leave();
    this.highlight(hit?.point ?? null);
    screen.request();
  }

  highlight(point) {
    if (this.playground.highlight === point) return;
    this.playground.highlight = point;
    this.playground.screen.request();
  }
}

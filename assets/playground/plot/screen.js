// When and how the canvas is redrawn. Nothing is drawn while nothing changes; while
// frames are blended about 60 times a second; a new point at once. A browser for which a
// redraw is dear (no graphics card) blends less often, or shows every frame once.

import { contour } from "./contour.js";
import { FieldPainter } from "./field.js";
import { Blend } from "../wire/frame.js";
import { arrange, viewOf } from "./layout.js";
import { legendHeight, legendKey } from "./legend.js";
import { motionMagnification } from "./overlays.js";
import { drawPicture, stampPoint } from "./scene.js";
import { stripScale } from "./strip.js";

const SHORTEST = 14; // ms between redraws of an animation
const SHARE = 0.75; // of the main thread's time that redraws of an animation may take

const EMPTY = { header: null, panels: [] };
const NO_HOOKS = { beforeDraw() {}, beforePaint() {}, afterDraw() {}, laidOut() {} };

// How long a redraw keeps the main thread, painting included: a message posted within the
// redraw is delivered only after it.
class Cost {
  constructor() {
    this.mean = 0;
    this.channel = new MessageChannel();
    this.channel.port1.onmessage = ({ data: begin }) => {
      const spent = performance.now() - begin; // a chart's redraw may have come between
      this.mean += 0.1 * (Math.min(spent, 2 * this.mean + 1) - this.mean);
    };
  }

  measure() {
    this.channel.port2.postMessage(performance.now());
  }

  stop() {
    this.channel.port1.close();
  }
}

export class Screen {
  // model() gives {theme, bounds, overlays, listed (in the legend), annotations, points, highlight, cursor, probe}
  constructor(canvas, stage, model, hooks) {
    this.canvas = canvas;
    this.stage = stage;
    this.context = canvas.getContext("2d", { alpha: false }); // opaque is cheaper to show
    this.model = model;
    this.hooks = { ...NO_HOOKS, ...hooks };
    this.blend = new Blend();
    this.painter = new FieldPainter();
    this.reduced = matchMedia("(prefers-reduced-motion: reduce)");
    this.instant = false; // each frame as it is, for a film
    this.magnification = [];
    this.scales = null;
    this.pending = null;
    this.raf = 0;
    this.lastDraw = 0;
    this.cost = new Cost();
    this.frames = 0;
    this.draws = 0;
    this.size = { width: 0, height: 0 };
    this.zoom = 1; // of the page around it
    this.layoutKey = "";
  }

  request(urgent = false) {
    this.urgent ||= urgent;
    this.raf ||= requestAnimationFrame((now) => this.tick(now));
  }

  // A new point is on the canvas before all the rest is drawn anew.
  stamp(point) {
    const { picture, layout, dpr } = this;
    if (picture && layout) {
      this.context.setTransform(dpr, 0, 0, dpr, 0, 0);
      stampPoint(this.context, picture, layout, point);
    }
  }

  receive(frame) {
    this.pending = frame;
    this.request();
  }

  tick(now) {
    this.raf = 0;
    this.hooks.beforeDraw();
    const shortest = this.pending ? SHORTEST : this.shortest; // a frame does not wait
    if (this.urgent || now - this.lastDraw >= shortest) this.draw(now);
    else this.request();
  }

  get shortest() {
    return Math.max(SHORTEST, this.cost.mean / SHARE);
  }

  draw(now) {
    this.urgent = false;
    this.lastDraw = now;
    this.draws += 1;
    this.cost.measure();
    const arrived = this.pending;
    if (arrived) this.adopt(arrived, now);
    this.picture = this.compose(now);
    this.hooks.beforePaint(this.picture, now);
    this.layOut();
    if (this.layout && this.layout.width > 0) {
      const { dpr } = this;
      this.context.setTransform(dpr, 0, 0, dpr, 0, 0);
      drawPicture(this.context, this.picture, this.layout);
    }
    const moving = !this.blend.settled(now);
    this.hooks.afterDraw(arrived, now, moving);
    if (moving) this.request();
  }

  adopt(frame, now) {
    this.pending = null;
    this.frames += 1;
    const blends = this.shortest < this.blend.interval;
    this.blend.push(frame, now, this.instant || this.reduced.matches || !blends);
    const { wanted_margin: wanted } = frame.header;
    this.scales = {
      margin: stripScale(frame.panels, "margin", wanted > 0 ? 1.4 * wanted : 0.1),
      output: stripScale(frame.panels, "output", 1),
    };
  }

  compose(now) {
    const model = this.model();
    this.painter.setTheme(model.theme);
    const shown = this.blend.at(now) ?? EMPTY;
    // Hovering or editing while training is paused must not repaint the field.
    if (shown !== this.prepared?.shown || model.theme !== this.prepared.theme) {
      this.prepared = { shown, theme: model.theme, panels: this.prepare(shown) };
    }
    return { listed: model.overlays, ...model, header: shown.header, panels: this.prepared.panels,
      aligned: shown.header ? model.alignedTo(shown.header.version) : null,
      magnification: this.magnification, scales: this.scales };
  }

  prepare(shown) {
    return shown.panels.map((panel, i) => {
      const { field } = panel.arrays;
      if (!field) return { ...panel, field: null };
      const [n] = field.shape;
      const values = field.data;
      return { ...panel, n, field: values, image: this.painter.paint(i, values, n),
        contours: { zero: contour(values, n, 0), plus: contour(values, n, 1), minus: contour(values, n, -1) } };
    });
  }

  resize(width, available) {
    this.size = { width, height: available };
    this.layoutKey = "";
    this.request(true);
  }

  layOut() {
    const { picture } = this;
    const dpr = (window.devicePixelRatio || 1) * this.zoom;
    const count = Math.max(picture.panels.length, 1);
    const key = [this.size.width, this.size.height, dpr, count, [...picture.listed].join(),
      legendKey(picture), picture.theme.font].join("|");
    if (key !== this.layoutKey && this.size.width > 0) {
      this.layoutKey = key;
      this.dpr = dpr;
      this.layout = this.arrangement(picture, count);
      const { width, height } = this.layout;
      this.canvas.width = Math.round(width * dpr);
      this.canvas.height = Math.round(height * dpr);
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
      this.stage.style.height = `${height}px`;
      this.hooks.laidOut(this.layout);
    }
    if (!this.layout) return;
    this.magnification = picture.panels.map((panel, i) => motionMagnification(
      panel, viewOf(this.layout.panels[i], picture.bounds), this.magnification[i]));
    picture.magnification = this.magnification;
  }

  arrangement(picture, count) {
    const { width, height } = this.size;
    return arrange({
      width, height, count, margins: picture.overlays.has("margins"),
      legendHeight: (w) => legendHeight(picture, w),
    });
  }

  view(panel) {
    return viewOf(this.layout.panels[panel], this.model().bounds);
  }

  stop() {
    this.cost.stop();
    cancelAnimationFrame(this.raf);
    this.raf = -1; // nothing is scheduled any more
  }
}

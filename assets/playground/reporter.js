// Tells the outside what is going on: status line, screen readers, data attributes and
// performance marks (the last two are what tests and benchmarks read).

import { number, percent, whole } from "../shared/text.js";

const MARKS_KEPT = 500;
const LABEL_EVERY = 1000;

export class Reporter {
  constructor(playground) {
    this.playground = playground;
    this.attributes = {};
    this.marks = 0;
    this.labelled = -Infinity;
  }

  /** A point is on the canvas; it is sent with the next version of the list. */
  placed() {
    this.mark("levelset:point", this.playground.points.version + 1);
  }

  acknowledged(version) {
    this.mark("levelset:ack", version);
  }

  mark(name, version) {
    // The browser keeps marks for ever, a long drawing session must not.
    if (++this.marks % MARKS_KEPT === 0) {
      performance.clearMarks("levelset:point");
      performance.clearMarks("levelset:ack");
    }
    performance.mark(name, { detail: { version } });
  }

  set(name, value) {
    const text = value === null || value === undefined ? "" : String(value);
    if (this.attributes[name] === text) return;
    this.attributes[name] = text;
    this.playground.root.setAttribute(`data-${name}`, text);
  }

  report(now, moving) {
    const { playground } = this;
    const { points, screen, statusLine, talk } = playground;
    const { connection, status, sharing, rate, playing, people } = talk;
    this.set("points", points.list.length);
    this.set("version", points.version);
    this.set("acked", points.acked);
    this.set("frames", screen.frames);
    this.set("draws", screen.draws);
    this.set("playing", playing);
    this.set("transport", talk.link.kind);
    this.set("connection", connection);
    this.set("status", status);
    this.set("tour", playground.guide.tour.name);
    this.set("lead", playground.guide.lead.state);
    this.set("watchers", people.watching);
    statusLine.count(people);
    const frame = screen.blend.frame;
    if (frame) {
      const [{ info }] = frame.panels;
      this.set("step", info.step);
      this.set("accuracy", info.accuracy);
      this.set("margin-min", info.margin_min);
      this.set("margin-median", info.margin_median);
      this.set("steps-per-second", frame.header.steps_per_second);
      this.set("newest", frame.header.newest);
      this.set("phase", playground.clock.slow.now(now)?.equation);
      this.set("panels", frame.panels.length);
      this.set("steps", frame.panels.map((panel) => panel.info.step));
      this.set("plots", screen.layout?.panels.map(({ x, y, size }) => [x, y, size].map(Math.round).join(" ")));
      this.set("titles", frame.panels.map((panel) => panel.info.title));
      if (!statusLine.update(screen.blend, now, !moving, playing)) screen.request();
    }
    this.set("sharing", sharing);
    statusLine.connect(connection, { status, sharing, rate, playing });
    this.describe(now, frame);
  }

  describe(now, frame) {
    const { playground } = this;
    const { list } = playground.points;
    const plus = list.filter(({ label }) => label > 0).length;
    const info = frame?.panels[0].info;
    const numbers = info
      ? `Step ${whole(info.step)}, accuracy ${percent(info.accuracy)}, smallest margin ${number(info.margin_min, 2)}.` : "";
    const state = playground.talk.playing ? "Training." : "Paused.";
    const trouble = frame?.panels.map((panel) => panel.info.trouble).find(Boolean) ?? "";
    const { cursor } = playground.keyboard;
    const place = cursor ? ` Crosshair at ${number(cursor.x, 2)}, ${number(cursor.y, 2)}.` : "";
    if (now - this.labelled > LABEL_EVERY) {
      this.labelled = now;
      playground.canvas.setAttribute("aria-label",
        `Plot with ${list.length} points: ${plus} of class +1, ${list.length - plus} of class −1. `
        + `${state} ${numbers} Press ? for keyboard help.`);
    }
    // Only while the reader is in here: a running page elsewhere should stay silent.
    if (playground.root.matches(":focus-within")) {
      playground.statusLine.speak(`${list.length} points. ${state} ${numbers} ${trouble}${place}`, now);
    }
  }
}

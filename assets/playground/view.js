// The playground of one mounted component: joins points, link, screen and controls.

import { buildErrorBar, buildHelp, element } from "../shared/dom.js";
import { keepInSight } from "../shared/terms.js";
import { mounter, View } from "../shared/view.js";
import { exportPng, exportSvg } from "./plot/export.js";
import { Host } from "./input/host.js";
import { HELP, Keyboard } from "./input/keyboard.js";
import { Guide } from "./guide.js";
import { Pointer } from "./input/pointer.js";
import { MAXIMUM, Points } from "./input/points.js";
import { Probe } from "./input/probe.js";
import { Presentation } from "./present.js";
import { Reporter } from "./reporter.js";
import { Screen } from "./plot/screen.js";
import { StatusLine } from "./status.js";
import { SteadyCharts } from "./steady.js";
import { Talk } from "./wire/talk.js";
import { DARK, LIGHT } from "./plot/theme.js";
import { Clock } from "./time/clock.js";
import { OVERLAYS, TOOLS, Toolbar } from "./input/toolbar.js";

const TELL_PYTHON = 600; // ms without a change before the page is told
const LOOKING = new Set(["png", "svg", "help", "tour", "present", "drawer"]); // what who only watches may press
const GAP = 8;
const AROUND = 168; // px of a window above the component, and below it down to the charts' keys
const LOWEST = 460;
const BELOW = 300; // of a high window: the views below stay in sight (assets/app.css reserves the same)

class Playground extends View {
  constructor(parent, { data }) {
    super(parent, { name: "playground", looks: "tools", url: import.meta.url, light: LIGHT, dark: DARK });
    this.bounds = data.bounds;
    this.points = new Points(data.bounds);
    this.overlays = new Set(data.overlays);
    this.overlaysVersion = data.overlays_version;
    this.lessonBegun = data.lesson_begun;
    this.annotations = [];
    this.tool = TOOLS[0];
    this.highlight = null;
    this.watching = data.watching;
    this.touched = 0;
    this.timers = {};
    this.clock = new Clock(this);
    this.guide = new Guide(this);
    this.talk = new Talk(this);

    this.build();
    this.probe = new Probe(this.tip, (message) => this.talk.link?.send(message));
    this.reporter = new Reporter(this);
    this.screen = new Screen(this.canvas, this.stage, () => this.model(), {
      beforeDraw: () => this.talk.sendEdits(),
      beforePaint: (picture, now) => this.showProbe(picture, now),
      afterDraw: (frame, now, moving) => this.drawn(frame, now, moving),
      laidOut: (layout) => this.placeHint(layout),
    });
    this.present = new Presentation(this.root, {
      changed: () => this.resized(), key: (event) => this.keyboard.anywhere(event),
    });
    this.onWindow = () => {
      this.present.fit();
      this.resized();
    };
    addEventListener("resize", this.onWindow);
    this.steady = new SteadyCharts();
    this.leadTo(this.canvas, "canvas");
    keepInSight(this.root);
    const host = new Host(this);
    this.pointer = new Pointer(this.canvas, host);
    this.keyboard = new Keyboard(this.root, this.canvas, host);
    this.observer.observe(this.toolbar.element);
    for (const { element: row } of this.guide.rows) this.observer.observe(row);
  }

  build() {
    this.toolbar = new Toolbar((id) => this.act(id));
    this.stage = element("div", "stage");
    this.canvas = element("canvas", "", { "data-testid": "canvas", tabindex: "0", role: "application" });
    this.tip = element("div", "tip", { "aria-hidden": "true" });
    this.hint = element("div", "hint");
    this.hint.innerHTML = "<b>Click to put a blue point,</b><br>right click or Shift for orange;<br>then press play.";
    this.tip.hidden = this.hint.hidden = true;
    this.statusLine = new StatusLine();
    this.errors = buildErrorBar();
    this.help = buildHelp(HELP, () => this.escape());
    this.stage.append(this.canvas, this.guide.tour.ring, this.hint, this.tip, this.help, this.errors.bar);
    this.root.append(this.toolbar.element, ...this.guide.rows.map((row) => row.element), this.stage,
      this.clock.bar.element, this.statusLine.element, this.statusLine.spoken);
  }

  // Applies only what is new.
  update(data) {
    this.data = data;
    this.annotations = data.annotations ?? [];
    this.picking = Boolean(data.picking);
    if (data.overlays_version !== this.overlaysVersion) {
      this.overlaysVersion = data.overlays_version;
      this.overlays = new Set(data.overlays);
      this.sendView();
    }
    if (data.lesson_begun !== this.lessonBegun) { // its button stands below the picture
      this.root.scrollIntoView({ block: "start" });
      document.querySelector('[data-testid="stSidebarContent"]')?.scrollTo({ top: 0 }); // its text
      this.lessonBegun = data.lesson_begun;
    }
    this.watching = data.watching;
    const hidden = data.hide ?? [];
    this.toolbar.hide(this.watching ? [...hidden, "training", "tools", "edit", "show"] : hidden);
    this.statusLine.element.hidden = hidden.includes("status");
    this.clock.bar.element.hidden = this.watching || hidden.includes("training");
    this.talk.connect(data);
    this.talk.link.receive(data);
    this.resized();
    this.screen.request(true);
  }

  themed() { this.steady.forget(); }

  model() {
    const { theme, bounds, annotations, highlight, points } = this;
    return { theme, bounds, ...this.clock.overlays(this.overlays), annotations, highlight, points: points.list,
      cursor: this.keyboard.cursor, probe: null,
      alignedTo: (version) => points.aligned(version) };
  }

  sendView() {
    const overlays = [...this.overlays];
    const field = this.panelCount > 1 ? 64 : 128;
    this.talk.link?.send({ op: "view", field, overlays, also: this.clock.slow.overlays.join() });
  }

  showProbe(picture, now) {
    const { cursor } = this.keyboard;
    const box = this.screen.size;
    if (cursor && this.screen.layout) {
      const view = this.screen.view(cursor.panel);
      this.probe.at(cursor.panel, cursor.x, cursor.y, view.x(cursor.x), view.y(cursor.y));
    }
    if (!this.probe.place) return;
    picture.probe = this.probe.show(picture, box);
    if (picture.probe) this.probe.ask(now, this.talk.playing);
  }

  drawn(frame, now, moving) {
    if (frame) {
      const { panels } = frame;
      this.talk.askAfter(frame);
      if (panels.length !== this.panelCount) {
        this.panelCount = panels.length;
        this.sendView();
      }
    }
    this.clock.update(frame, now);
    this.hint.hidden = this.watching || !this.points.known || this.points.list.length > 0;
    this.toolbar.update({
      pulse: this.guide.waits(frame), playing: this.talk.playing, tool: this.tool, overlays: this.overlays,
      canUndo: this.points.past.length > 0, canRedo: this.points.future.length > 0,
      empty: this.points.list.length === 0,
    });
    this.guide.update(now);
    this.present.remember();
    this.reporter.report(now, moving);
  }

  // A button or its key.
  act(id) {
    if (this.watching && !LOOKING.has(id) && !id.startsWith("tour")) return;
    if (TOOLS.includes(id)) this.tool = id;
    else if (id.startsWith("overlay-")) this.toggle(id.slice("overlay-".length));
    else if (id === "play") this.talk.control(this.talk.playing ? "pause" : "play");
    else if (["step", "reset", "seed", "fast"].includes(id)) this.talk.control(id);
    else if (id === "revert") this.talk.control("undo");
    else if (id === "tour") this.guide.tour.start();
    else if (id === "again") this.talk.control("play");
    else if (id === "gif" || id === "mp4") this.clock.film(id);
    else if (id === "undo" || id === "redo" || id === "clear") {
      this.points[id]();
      this.edited();
    } else if (id === "png") exportPng(this.screen.picture);
    else if (id === "svg") exportSvg(this.screen.picture);
    else if (id === "present") this.present.toggle();
    else if (id === "drawer") this.present.drawer();
    else if (id === "help") this.help.hidden = !this.help.hidden;
    this.screen.request(true);
  }

  toggle(id) {
    if (!this.overlays.delete(id)) this.overlays.add(id);
    // The order of the chips, so that equal choices give equal addresses.
    const ordered = OVERLAYS.map(([name]) => name).filter((name) => this.overlays.has(name));
    this.overlays = new Set(ordered);
    this.sendView();
    this.later("overlays", () => this.setStateValue("overlays", ordered));
  }

  escape() {
    if (this.help.hidden && this.errors.bar.hidden) this.present.escape();
    if (this.guide.tour.on) this.guide.tour.stop();
    if (!this.help.hidden) this.canvas.focus({ preventScroll: true });
    this.help.hidden = true;
    this.errors.bar.hidden = true;
    this.keyboard.hide();
  }

  // A point to follow: the page takes the next iteration apart for it.
  pick(point, panel) {
    const index = this.points.list.indexOf(point);
    if (index >= 0) this.setStateValue("picked", { panel, index, serial: Date.now() });
  }

  edited() {
    this.touch();
    this.screen.request(true);
  }

  full() {
    this.errors.say(`The plot holds at most ${MAXIMUM} points. Erase some to put new ones.`);
  }

  touch() {
    this.later("touched", () => this.tellTouched());
  }

  tellTouched() {
    this.touched += 1;
    this.setStateValue("touched", this.touched);
  }

  later(name, run, delay = TELL_PYTHON) {
    clearTimeout(this.timers[name]);
    this.timers[name] = setTimeout(run, delay);
  }

  // Height for all of it, in px of its layout.
  room() {
    if (this.present?.on) return this.present.height;
    // In a low window the keys of the charts below are still seen without scrolling.
    const low = Math.max(innerHeight - AROUND, LOWEST);
    return Math.max(Math.min(this.data?.client_height ?? 560, low), innerHeight - BELOW);
  }

  resized() {
    const width = this.stage.clientWidth;
    const rows = [this.toolbar, this.guide.row, this.clock.bar, this.statusLine];
    const taken = rows.reduce((sum, { element: { offsetHeight } }) => sum + offsetHeight + GAP, 0);
    const height = Math.max(this.room() - taken, 260);
    this.screen.zoom = this.present?.zoom ?? 1;
    const { size } = this.screen;
    if (width > 0 && (width !== size.width || height !== size.height)) this.screen.resize(width, height);
  }

  placeHint({ panels: [panel] }) {
    Object.assign(this.hint.style, {
      left: `${panel.x + panel.size / 2}px`, top: `${panel.y + panel.size / 2}px`,
      maxWidth: `${panel.size - 16}px`,
    });
  }

  destroy() {
    this.guide.tour.stop();
    this.talk.link?.close();
    this.present.stop();
    this.steady.stop();
    removeEventListener("resize", this.onWindow);
    this.screen.stop();
    Object.values(this.timers).forEach(clearTimeout);
    super.destroy();
  }
}

export default mounter(Playground);

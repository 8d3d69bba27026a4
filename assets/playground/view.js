// The playground of one mounted component: joins points, link, screen and controls.

import { buildErrorBar, buildHelp, element } from "../shared/dom.js";
import { mounter, View } from "../shared/view.js";
import { exportPng, exportSvg } from "./plot/export.js";
import { decodeFrame } from "./wire/frame.js";
import { Host } from "./input/host.js";
import { HELP, Keyboard } from "./input/keyboard.js";
import { Guide } from "./guide.js";
import { DataLink, SocketLink, socketAddress } from "./wire/link.js";
import { Pointer } from "./input/pointer.js";
import { MAXIMUM, Points } from "./input/points.js";
import { Probe } from "./input/probe.js";
import { Presentation } from "./present.js";
import { Reporter } from "./reporter.js";
import { Screen } from "./plot/screen.js";
import { StatusLine } from "./status.js";
import { DARK, LIGHT } from "./plot/theme.js";
import { Clock } from "./time/clock.js";
import { OVERLAYS, TOOLS, Toolbar } from "./input/toolbar.js";

const TELL_PYTHON = 600; // ms without a change before the page is told
const CAUGHT_UP = 250; // ms in which a page shows settings that it changed itself
const LOOKING = new Set(["png", "svg", "help", "tour", "present", "drawer"]); // what who only watches may press
const OWN_WORD = 700; // ms in which a press of play outranks frames under way
const GONE_AGAIN = 1500;
const GAP = 8;
const AROUND = 184; // px of a window above the component, and below it down to the charts' keys
const LOWEST = 460;
const BELOW = 300; // of a high window: the views below stay in sight (assets/app.css reserves the same)

class Playground extends View {
  constructor(parent, { data }) {
    super(parent, { name: "playground", looks: "tools", url: import.meta.url, light: LIGHT, dark: DARK });
    this.bounds = data.bounds;
    this.points = new Points(data.bounds);
    this.overlays = new Set(data.overlays);
    this.overlaysVersion = data.overlays_version;
    this.annotations = [];
    this.tool = TOOLS[0];
    this.highlight = null;
    this.playing = false;
    this.opening = false; // nobody has pressed anything yet: this browser may press play
    this.status = "empty";
    this.watching = data.watching;
    this.people = { watching: 0, taking_part: 1 };
    this.sharing = 1; // sessions that take turns at training
    this.rate = 0; // steps a second
    this.connection = "connecting";
    this.touched = 0;
    this.wentAt = -Infinity;
    this.lost = false; // the server does not know our session any more
    this.moved = false; // to another session, by the page
    this.session = "";
    this.timers = {};
    this.pressedAt = -Infinity;
    this.clock = new Clock(this);
    this.guide = new Guide(this);
    this.askedAfter = null; // the frame after which the next one was asked for last

    this.build();
    this.probe = new Probe(this.tip, (message) => this.link?.send(message));
    this.reporter = new Reporter(this);
    this.screen = new Screen(this.canvas, this.stage, () => this.model(), {
      beforeDraw: () => this.sendEdits(),
      beforePaint: (picture, now) => this.showProbe(picture, now),
      afterDraw: (frame, now, moving) => this.drawn(frame, now, moving),
      laidOut: (layout) => this.placeHint(layout),
    });
    this.present = new Presentation(this.root, () => this.resized());
    this.onWindow = () => {
      this.present.fit();
      this.resized();
    };
    addEventListener("resize", this.onWindow);
    this.leadTo(this.canvas, "canvas");
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
    this.watching = data.watching;
    const hidden = data.hide ?? [];
    this.toolbar.hide(this.watching ? [...hidden, "training", "tools", "edit", "show"] : hidden);
    this.statusLine.element.hidden = hidden.includes("status");
    this.clock.bar.element.hidden = this.watching || hidden.includes("training");
    this.connect();
    this.link.receive(data);
    this.resized();
    this.screen.request(true);
  }

  connect() {
    const address = socketAddress(this.data);
    const { session, token } = this.data;
    const kind = this.data.transport === "data" ? "data" : "socket";
    if (this.link && this.linkKey === kind + session) return;
    // Until the page has answered, a fallback chosen here stays chosen.
    if (this.link?.kind === "data" && this.gaveUp === session) return;
    // A session that the page chose has points of its own; one in place of a lost one gets ours.
    this.moved = Boolean(this.link) && this.session !== session && !this.lost;
    Object.assign(this, { session, lost: false });
    this.linkKey = kind + session;
    this.link?.close();
    const callbacks = this.callbacks();
    this.link = kind === "data"
      ? new DataLink((name, value) => this.setStateValue(name, value), callbacks)
      : new SocketLink(address, { session, token }, { ...callbacks, onGiveUp: () => this.giveUp(session) });
  }

  giveUp(session) {
    this.gaveUp = session;
    this.link.close();
    this.link = new DataLink((name, value) => this.setStateValue(name, value), this.callbacks());
    this.setStateValue("transport", "data");
  }

  callbacks() {
    return {
      onFrame: (bytes) => this.receiveFrame(bytes),
      onMessage: (message) => this.receive(message),
      onStatus: (name) => this.connected(name),
      onGone: () => this.gone(),
    };
  }

  // The server does not know the session any more: the page gets another one by running again.
  gone() {
    const now = performance.now();
    if (now - this.wentAt < GONE_AGAIN) return;
    this.wentAt = now;
    this.lost = true;
    this.setStateValue("gone", Date.now());
  }

  // The next frame is asked for while this one is drawn, but only by a browser that keeps
  // up: one frame may wait to be drawn, never two.
  receiveFrame(bytes) {
    const frame = decodeFrame(bytes);
    // Told on arrival: a word of the server that comes later outranks the frame being shown.
    const { playing, status, sharing, steps_per_second: rate } = frame.header;
    if (performance.now() - this.pressedAt > OWN_WORD) this.playing = playing;
    Object.assign(this, { status, sharing, rate });
    const keepsUp = !this.screen.pending;
    this.screen.receive(frame);
    if (keepsUp) this.askAfter(frame);
  }

  /** @param {import("./wire/frame.js").Frame | null} frame */
  askAfter(frame) {
    if (frame && frame === this.askedAfter) return;
    this.askedAfter = frame;
    this.link.send({ op: "next", frame: frame?.header.frame ?? 0 });
  }

  connected(name) {
    this.connection = name;
    if (name === "live" || name === "fallback") {
      this.sendView();
      this.askAfter(null);
    }
    this.screen.request();
  }

  /** @param {import("./wire/protocol.js").ToBrowser} message */
  receive(message) {
    const { points } = this;
    if (message.op === "hello") {
      this.welcome(message);
    } else if (message.op === "ack") {
      points.acked = Math.max(points.acked, message.version);
      this.reporter.acknowledged(message.version);
    } else if (message.op === "points") {
      // A lower version than ours was overtaken by an edit that is on its way.
      if (message.version >= points.version) points.replace(message.points, message.version);
    } else if (message.op === "probe") {
      this.probe.reply(message);
    } else if (message.op === "state") {
      this.pressedAt = -Infinity;
      if (message.playing) this.opening = false;
      const { playing, status, sharing, steps_per_second: rate } = message;
      Object.assign(this, { playing, status, sharing, rate });
    } else if (message.op === "settings") {
      this.settingsChanged(message);
    } else if (message.op === "people") {
      this.people = message;
    } else if (message.op === "error") {
      this.errors.say(message.message);
    }
    this.screen.request();
  }

  /**
   * The server's list wins, except over edits that it has not seen.
   * @param {import("./wire/protocol.js").Hello} hello
   */
  welcome({ points: rows, version, playing, opening }) {
    const { points } = this;
    this.playing = playing;
    this.opening = opening;
    if (!points.known) {
      const early = points.list;
      points.replace(rows, version);
      if (points.emptied) points.clear();
      for (const { x, y, label } of early) points.add(x, y, label);
    } else if (this.moved) {
      points.adopt(rows, version);
    } else if (points.unsent || (version < points.version && !this.watching)) { // or it lost what it had
      points.resend(version);
    } else {
      points.replace(rows, version);
    }
    this.moved = false;
  }

  // Changed here or elsewhere: a page that does not show it soon runs again.
  /** @param {import("./wire/protocol.js").Settings} message */
  settingsChanged({ version, overlays }) {
    if (this.watching) this.overlays = new Set(overlays);
    this.later("settings", () => {
      if (version > this.data.settings_version) this.tellTouched();
    }, CAUGHT_UP);
  }

  model() {
    const { theme, bounds, annotations, highlight, points } = this;
    return { theme, bounds, ...this.clock.overlays(this.overlays), annotations, highlight, points: points.list,
      cursor: this.keyboard.cursor, probe: null,
      alignedTo: (version) => points.aligned(version) };
  }

  sendView() {
    const overlays = [...this.overlays];
    const field = this.panelCount > 1 ? 64 : 128;
    this.link?.send({ op: "view", field, overlays, also: this.clock.slow.overlays.join() });
  }

  sendEdits() {
    const { points } = this;
    // Before the first list of the server there is no version to go on from.
    if (!points.known || !points.dirty) return;
    this.link?.send(points.flush());
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
    if (picture.probe) this.probe.ask(now, this.playing);
  }

  drawn(frame, now, moving) {
    if (frame) {
      const { panels } = frame;
      this.askAfter(frame);
      if (panels.length !== this.panelCount) {
        this.panelCount = panels.length;
        this.sendView();
      }
    }
    this.clock.update(frame, now);
    this.hint.hidden = this.watching || !this.points.known || this.points.list.length > 0;
    this.toolbar.update({
      pulse: this.guide.waits(frame), playing: this.playing, tool: this.tool, overlays: this.overlays,
      canUndo: this.points.past.length > 0, canRedo: this.points.future.length > 0,
      empty: this.points.list.length === 0,
    });
    this.guide.update(now);
    this.reporter.report(now, moving);
  }

  // A button or its key.
  act(id) {
    if (this.watching && !LOOKING.has(id) && !id.startsWith("tour")) return;
    if (TOOLS.includes(id)) this.tool = id;
    else if (id.startsWith("overlay-")) this.toggle(id.slice("overlay-".length));
    else if (id === "play") this.control(this.playing ? "pause" : "play");
    else if (["step", "reset", "seed", "fast"].includes(id)) this.control(id);
    else if (id === "revert") this.control("undo");
    else if (id === "tour") this.guide.tour.start();
    else if (id === "again") this.control("play");
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

  control(action) {
    if (this.watching) return;
    this.opening = false;
    if (action === "play" || action === "pause") {
      this.playing = action === "play";
      this.pressedAt = performance.now();
    }
    this.link.send({ op: "control", action });
    this.touch();
  }

  // It looks back: training has stopped.
  stopped() {
    this.opening = this.playing = false;
    this.pressedAt = performance.now();
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
    this.link?.close();
    this.present.stop();
    removeEventListener("resize", this.onWindow);
    this.screen.stop();
    Object.values(this.timers).forEach(clearTimeout);
    super.destroy();
  }
}

export default mounter(Playground);

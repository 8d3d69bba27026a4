// What this browser and its session say to each other, and what is known from it: whether it
// trains, who else is there, whether the line stands.

import { decodeFrame } from "./frame.js";
import { DataLink, SocketLink, socketAddress } from "./link.js";

const CAUGHT_UP = 250; // ms in which a page shows settings that it changed itself
const OWN_WORD = 700; // ms in which a press of play outranks frames under way
const GONE_AGAIN = 1500;

export class Talk {
  /** @param {any} playground */
  constructor(playground) {
    this.playground = playground;
    /** @type {SocketLink | DataLink | null} */
    this.link = null;
    this.session = "";
    this.linkKey = "";
    this.gaveUp = ""; // the session to which no socket gets through
    this.lost = false; // the server does not know our session any more
    this.moved = false; // to another session, by the page
    this.wentAt = -Infinity;
    this.pressedAt = -Infinity;
    /** @type {import("./frame.js").Frame | null | undefined} */
    this.askedAfter = null; // the frame after which the next one was asked for last
    this.playing = false;
    this.opening = false; // nobody has pressed anything yet: this browser may press play
    this.status = "empty";
    this.sharing = 1; // sessions that take turns at training
    this.rate = 0; // steps a second
    this.people = { watching: 0, taking_part: 1 };
    this.connection = "connecting";
  }

  connect(data) {
    const { session, token, transport } = data;
    const kind = transport === "data" ? "data" : "socket";
    if (this.link && this.linkKey === kind + session) return;
    // Until the page has answered, a fallback chosen here stays chosen.
    if (this.link?.kind === "data" && this.gaveUp === session) return;
    // A session that the page chose has points of its own; one in place of a lost one gets ours.
    this.moved = Boolean(this.link) && this.session !== session && !this.lost;
    Object.assign(this, { session, lost: false, linkKey: kind + session });
    this.link?.close();
    this.link = kind === "data" ? this.slowLink() : new SocketLink(socketAddress(data), { session, token },
      { ...this.callbacks(), onGiveUp: () => this.giveUp(session) });
  }

  slowLink() {
    const tell = (name, value) => this.playground.setStateValue(name, value);
    return new DataLink(tell, this.callbacks());
  }

  giveUp(session) {
    this.gaveUp = session;
    this.link.close();
    this.link = this.slowLink();
    this.playground.setStateValue("transport", "data");
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
    this.playground.setStateValue("gone", Date.now());
  }

  connected(name) {
    this.connection = name;
    if (name === "live" || name === "fallback") {
      this.playground.sendView();
      this.askAfter(null);
    }
    this.playground.screen.request();
  }

  // The next frame is asked for while this one is drawn, but only by a browser that keeps
  // up: one frame may wait to be drawn, never two.
  receiveFrame(bytes) {
    const { screen } = this.playground;
    const frame = decodeFrame(bytes);
    // Told on arrival: a word of the server that comes later outranks the frame being shown.
    const { playing, status, sharing, steps_per_second: rate } = frame.header;
    if (performance.now() - this.pressedAt > OWN_WORD) this.playing = playing;
    Object.assign(this, { status, sharing, rate });
    const keepsUp = !screen.pending;
    screen.receive(frame);
    if (keepsUp) this.askAfter(frame);
  }

  /** @param {import("./frame.js").Frame | null} frame */
  askAfter(frame) {
    if (frame && frame === this.askedAfter) return;
    this.askedAfter = frame;
    this.link.send({ op: "next", frame: frame?.header.frame ?? 0 });
  }

  /** @param {import("./protocol.js").ToBrowser} message */
  receive(message) {
    const { points, reporter, probe, errors, screen } = this.playground;
    if (message.op === "hello") {
      this.welcome(message);
    } else if (message.op === "ack") {
      points.acked = Math.max(points.acked, message.version);
      reporter.acknowledged(message.version);
    } else if (message.op === "points") {
      // A lower version than ours was overtaken by an edit that is on its way.
      if (message.version >= points.version) points.replace(message.points, message.version);
    } else if (message.op === "probe") {
      probe.reply(message);
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
      errors.say(message.message);
    }
    screen.request();
  }

  /**
   * The server's list wins, except over edits that it has not seen.
   * @param {import("./protocol.js").Hello} hello
   */
  welcome({ points: rows, version, playing, opening }) {
    const { points, watching } = this.playground;
    Object.assign(this, { playing, opening });
    if (!points.known) {
      const early = points.list;
      points.replace(rows, version);
      if (points.emptied) points.clear();
      for (const { x, y, label } of early) points.add(x, y, label);
    } else if (this.moved) {
      points.adopt(rows, version);
    } else if (points.unsent || (version < points.version && !watching)) { // or it lost what it had
      points.resend(version);
    } else {
      points.replace(rows, version);
    }
    this.moved = false;
  }

  // Changed here or elsewhere: a page that does not show it soon runs again.
  /** @param {import("./protocol.js").Settings} message */
  settingsChanged({ version, overlays }) {
    const { playground } = this;
    if (playground.watching) playground.overlays = new Set(overlays);
    playground.later("settings", () => {
      if (version > playground.data.settings_version) playground.tellTouched();
    }, CAUGHT_UP);
  }

  sendEdits() {
    const { points } = this.playground;
    // Before the first list of the server there is no version to go on from.
    if (!points.known || !points.dirty) return;
    this.link?.send(points.flush());
  }

  /** A button of the training. @param {import("./protocol.js").Control["action"]} action */
  control(action) {
    if (this.playground.watching) return;
    this.opening = false;
    if (action === "play" || action === "pause") {
      this.playing = action === "play";
      this.pressedAt = performance.now();
    }
    this.link.send({ op: "control", action });
    this.playground.touch();
  }

  /** It looks back: training has stopped. @param {number} step */
  seek(step) {
    this.opening = this.playing = false;
    this.pressedAt = performance.now();
    this.link.send({ op: "seek", step });
  }
}

// Two ways to the server behind one interface: send(message), close(), and the
// callbacks onFrame(bytes), onMessage(object), onStatus(name).

import { bytesOf } from "./frame.js";

/**
 * @import { FromBrowser, ToBrowser } from "./protocol.js"
 * @typedef {object} Callbacks
 * @property {(bytes: ArrayBuffer | Uint8Array) => void} onFrame
 * @property {(message: ToBrowser) => void} onMessage
 * @property {(name: string) => void} onStatus
 * @property {() => void} onGone the session is no more
 */

const FIRST_DELAY = 200;
const LONGEST_DELAY = 1000;
const GONE = 4404; // the server does not know the session
const ATTEMPTS = 3;

export class SocketLink {
  /**
   * @param {string} url
   * @param {{ session: string, token: string }} door what it says first
   * @param {Callbacks & { onGiveUp: () => void }} callbacks
   */
  constructor(url, door, callbacks) {
    this.kind = "socket";
    this.url = url;
    this.door = door;
    this.callbacks = callbacks;
    this.failures = 0;
    this.succeeded = false; // a message has arrived at least once
    this.closed = false;
    this.open();
  }

  open() {
    this.callbacks.onStatus(this.succeeded ? "reconnecting" : "connecting");
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      const { session, token } = this.door;
      socket.send(JSON.stringify({ op: "open", session, token }));
      this.callbacks.onStatus("live");
    };
    socket.onmessage = ({ data }) => {
      if (this.closed) return;
      this.succeeded = true;
      this.failures = 0;
      if (typeof data === "string") this.callbacks.onMessage(JSON.parse(data));
      else this.callbacks.onFrame(data);
    };
    socket.onclose = (event) => {
      if (!this.closed && event?.code === GONE) this.callbacks.onGone();
      this.lost();
    };
  }

  lost() {
    if (this.closed) return;
    this.failures += 1;
    if (!this.succeeded && this.failures >= ATTEMPTS) {
      this.callbacks.onGiveUp();
      return;
    }
    this.callbacks.onStatus(this.succeeded ? "reconnecting" : "connecting");
    const delay = Math.min(FIRST_DELAY * 2 ** (this.failures - 1), LONGEST_DELAY);
    this.timer = setTimeout(() => this.open(), delay);
  }

  /** Everything comes through the socket. @param {object} _data */
  receive(_data) {}

  /** @param {FromBrowser} message */
  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket.close();
  }
}

const OUTBOX = 50;
const OUTBOX_DELAY = 80;
const NEXT_DELAY = 300;
// Of these only the newest says anything; older ones would just fill the outbox.
const SUPERSEDED = new Set(["points", "view", "probe", "next"]);

// Fallback through the component's own data, for where WebSockets are blocked.
// Every setStateValue costs a script run, so messages leave in small batches.
export class DataLink {
  /** @param {(name: string, value: unknown) => void} setStateValue @param {Callbacks} callbacks */
  constructor(setStateValue, callbacks) {
    this.kind = "data";
    this.setStateValue = setStateValue;
    this.callbacks = callbacks;
    /** @type {(FromBrowser & { seq: number })[]} */
    this.messages = [];
    this.seq = 0;
    this.received = 0;
    this.frame = null;
    // After the constructor, so that the owner already holds this link.
    queueMicrotask(() => callbacks.onStatus("fallback"));
  }

  /** @param {FromBrowser} message */
  send(message) {
    // Clock-based numbers keep growing over a reload, so none is taken for an old one.
    this.seq = Math.max(this.seq + 1, Date.now());
    if (SUPERSEDED.has(message.op)) {
      this.messages = this.messages.filter(({ op }) => op !== message.op);
    }
    this.messages.push({ seq: this.seq, ...message });
    this.messages = this.messages.slice(-OUTBOX);
    // Where the page pushes frames by itself a request for one is not worth a script
    // run: it waits, and the next request replaces it.
    clearTimeout(this.lazy);
    if (message.op === "next") this.lazy = setTimeout(() => this.flush(), NEXT_DELAY);
    else this.timer ??= setTimeout(() => this.flush(), OUTBOX_DELAY);
  }

  flush() {
    clearTimeout(this.timer);
    clearTimeout(this.lazy);
    this.timer = null;
    if (!this.closed) this.setStateValue("outbox", { seq: this.seq, messages: this.messages });
  }

  receive(data) {
    for (const reply of data.replies ?? []) {
      if (reply.seq <= this.received) continue;
      this.received = reply.seq;
      this.callbacks.onMessage(reply);
    }
    if (data.frame?.length && data.frame !== this.frame) {
      this.frame = data.frame;
      this.callbacks.onFrame(bytesOf(data.frame));
    }
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.lazy);
  }
}

export function socketAddress({ base, socket }) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}${base}${socket}`;
}

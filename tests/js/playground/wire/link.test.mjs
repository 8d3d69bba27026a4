import assert from "node:assert/strict";
import test from "node:test";

import { DataLink, SocketLink, socketAddress } from "../../../../assets/playground/wire/link.js";

const DOOR = { session: "s", token: "t" };

class Socket {
  static OPEN = 1;
  /** @type {Socket[]} */
  static all = [];

  constructor(url) {
    this.url = url;
    this.readyState = 0;
    this.sent = [];
    Socket.all.push(this);
  }

  open() {
    this.readyState = Socket.OPEN;
    this.onopen();
  }

  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.readyState = 3; }
  onopen() {}
  onmessage(_event) {}
  onclose() {}
}
Object.assign(globalThis, { WebSocket: Socket });

function callbacks() {
  const heard = { frames: [], messages: [], status: [], gaveUp: 0 };
  return { heard,
    onFrame: (frame) => heard.frames.push(frame), onMessage: (message) => heard.messages.push(message),
    onStatus: (name) => heard.status.push(name), onGiveUp: () => { heard.gaveUp += 1; },
    onGone: () => {} };
}

test("a socket sends once it is open, and tells frames from messages", () => {
  Socket.all = [];
  const told = callbacks();
  const link = new SocketLink("ws://here", DOOR, told);
  const [socket] = Socket.all;
  link.send({ op: "next" }); // not open: lost, as the next request comes with the next frame
  socket.open();
  link.send({ op: "next", frame: 1 });
  assert.deepEqual(socket.sent, [{ op: "open", ...DOOR }, { op: "next", frame: 1 }]);
  socket.onmessage({ data: '{"op":"hello"}' });
  const frame = new ArrayBuffer(8);
  socket.onmessage({ data: frame });
  assert.deepEqual(told.heard, {
    frames: [frame], messages: [{ op: "hello" }], status: ["connecting", "live"], gaveUp: 0,
  });
  link.close();
  socket.onmessage({ data: frame });
  assert.equal(told.heard.frames.length, 1);
});

test("a socket that never gets through gives up, one that did connects again and again", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  Socket.all = [];
  const refused = callbacks();
  const never = new SocketLink("ws://here", DOOR, refused);
  for (let k = 0; k < 3; k++) {
    Socket.all.at(-1).onclose();
    t.mock.timers.tick(10000);
  }
  assert.equal(refused.heard.gaveUp, 1);
  assert.equal(Socket.all.length, 3);
  never.close();

  const lost = callbacks();
  const link = new SocketLink("ws://here", DOOR, lost);
  Socket.all.at(-1).onmessage({ data: "{}" });
  for (let k = 0; k < 9; k++) {
    Socket.all.at(-1).onclose();
    t.mock.timers.tick(10000);
  }
  assert.equal(lost.heard.gaveUp, 0);
  assert.equal(lost.heard.status.at(-1), "reconnecting");
  assert.equal(Socket.all.length, 3 + 1 + 9);
  link.close();
});

test("messages through the page leave in one batch, the superseded ones dropped", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const states = [];
  const link = new DataLink((name, value) => states.push([name, value]), callbacks());
  link.send({ op: "points", version: 1, points: [] });
  link.send({ op: "control", action: "play" });
  link.send({ op: "points", version: 2, points: [] });
  assert.equal(states.length, 0);
  t.mock.timers.tick(100);
  assert.equal(states.length, 1);
  const [[name, { seq, messages }]] = states;
  assert.equal(name, "outbox");
  assert.deepEqual(messages.map((message) => [message.op, message.version]), [["control", undefined], ["points", 2]]);
  assert.equal(seq, messages.at(-1).seq);
  assert.ok(messages[0].seq < messages[1].seq);
  link.close();
});

test("what the page hands over twice is heard once", () => {
  const told = callbacks();
  const link = new DataLink(() => {}, told);
  const data = { replies: [{ seq: 4, op: "ack" }], frame: btoa("abc") };
  link.receive(data);
  link.receive(data);
  link.receive({ replies: [{ seq: 4, op: "ack" }, { seq: 5, op: "probe" }] });
  assert.deepEqual(told.heard.messages.map(({ op }) => op), ["ack", "probe"]);
  assert.deepEqual(told.heard.frames, [Uint8Array.from([97, 98, 99])]);
  link.close();
});

test("the address of the socket keeps the page's host, path and security", () => {
  const parts = { base: "/app", socket: "/levelset/live", session: "a", token: "t" };
  Object.assign(globalThis, { location: { protocol: "https:", host: "lab.example:8443" } });
  assert.equal(socketAddress(parts), "wss://lab.example:8443/app/levelset/live");
  Object.assign(globalThis, { location: { protocol: "http:", host: "localhost" } });
  assert.ok(socketAddress(parts).startsWith("ws://localhost/app/"));
});

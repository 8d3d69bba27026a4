import "../browser.mjs";
import assert from "node:assert/strict";
import test from "node:test";

const { mounter, View } = await import("../../../assets/shared/view.js");

const DATA = { base: "", arrays: "/arrays" };
const ref = (name) => ({ name, dtype: "uint8" });

test("of two arrays asked for, only the newer is given, whichever comes first", async (t) => {
  const arrive = new Map();
  t.mock.method(globalThis, "fetch", (url) => new Promise((resolve) => {
    const arrayBuffer = async () => Uint8Array.of(url.length).buffer;
    arrive.set(url, () => resolve({ ok: true, arrayBuffer }));
  }));
  const view = { asked: 0 };
  const older = View.prototype.array.call(view, DATA, ref("a"));
  const newer = View.prototype.array.call(view, DATA, ref("bb"));
  arrive.get("/arrays/bb")();
  arrive.get("/arrays/a")();
  assert.equal(await older, null);
  assert.deepEqual(await newer, Uint8Array.of("/arrays/bb".length));
});

test("an array that the server let go is null", async (t) => {
  t.mock.method(globalThis, "fetch", async () => ({ ok: false }));
  assert.equal(await View.prototype.array.call({ asked: 0 }, DATA, ref("a")), null);
});

function mounted() {
  const views = [];
  class FrontEnd {
    constructor() {
      this.root = { isConnected: true };
      this.heard = [];
      this.destroyed = false;
      views.push(this);
    }

    apply(data) { this.heard.push(data); }
    destroy() { this.destroyed = true; }
  }
  const parentElement = { isConnected: true };
  const mount = mounter(/** @type {any} */ (FrontEnd));
  const call = (data) => mount(/** @type {any} */ ({ parentElement, data, setStateValue() {} }));
  return { views, parentElement, call };
}

test("one front end an element hears of every change", () => {
  const { views, call } = mounted();
  call("one");
  call("two");
  assert.equal(views.length, 1);
  assert.deepEqual(views[0].heard, ["one", "two"]);
});

test("cleanup between two calls leaves it alive", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { views, call } = mounted();
  const cleanup = call("one");
  cleanup();
  call("two");
  t.mock.timers.tick(60000);
  assert.equal(views[0].destroyed, false);
});

test("it ends once its element has left the page, not before", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { views, parentElement, call } = mounted();
  call("one")();
  t.mock.timers.tick(60000);
  assert.equal(views[0].destroyed, false);
  parentElement.isConnected = false;
  t.mock.timers.tick(10000);
  assert.equal(views[0].destroyed, true);
  parentElement.isConnected = true;
  call("again");
  assert.equal(views.length, 2);
});

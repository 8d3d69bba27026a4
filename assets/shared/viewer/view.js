// The 3D viewer of one mounted component: joins data, camera, viewports and controls.

import { Gone } from "../arrays.js";
import { buildErrorBar, buildHelp, element } from "../dom.js";
import { mounter, View } from "../view.js";
import { DARK, LIGHT } from "./colours.js";
import { HELP, onKey } from "./controls/keyboard.js";
import { LEVEL_STEPS, Panel } from "./controls/panel.js";
import { buildToolbar } from "./controls/toolbar.js";
import { SharedCamera } from "./picture/camera.js";
import { downloadGif, downloadPng } from "./picture/export.js";
import { Picture } from "./picture/picture.js";
import { report } from "./report.js";
import { Scenes } from "./scenes.js";

const REST = 180; // ms after the last move of the camera
const cameras = new Map(); // subject -> state, to come back to after another page

class Viewer extends View {
  constructor(parent, { data }) {
    super(parent, {
      name: "viewer", looks: "tools sliders", url: import.meta.url, light: LIGHT, dark: DARK,
    });
    performance.mark("levelset:viewer");
    this.settings = {
      hidden: new Set(), mode: data.colour, wireframe: false, level: null, trim: null,
      axis: null, part: 0.5, clip: true, flip: false,
    };
    this.missing = 0;
    this.known = new Set(); // names of layers that have been there
    this.counts = { frames: 0, loads: 0 };
    this.told = { level: null, trim: null };
    const act = (name, value) => this.act(name, value);
    this.panel = new Panel(act);
    this.stage = element("div", "stage");
    this.canvas = element("canvas", "", {
      "data-testid": "canvas", tabindex: "0", role: "application",
      "aria-label": "3D picture. Arrow keys turn it; press ? for all keys.",
    });
    this.message = element("div", "message", { role: "status", "data-testid": "message" });
    this.errors = buildErrorBar();
    this.help = buildHelp(HELP, () => this.act("escape"));
    this.stage.append(this.canvas, this.message, this.help, this.errors.bar);
    const body = element("div", "body");
    body.append(this.stage, this.panel.element);
    this.root.append(buildToolbar(act), body);
    this.canvas.addEventListener("keydown", (event) => onKey(event, this));
    this.leadTo(this.canvas, "3D picture");
    this.scenes = new Scenes();
    this.start();
    this.observer.observe(this.stage);
  }

  start() {
    try {
      this.picture = new Picture(this.canvas, this.stage);
    } catch {
      this.root.dataset.webgl = "missing";
      this.canvas.hidden = true;
      return;
    }
    this.root.dataset.webgl = "ready";
    this.camera = new SharedCamera(this.canvas, () => this.moved());
    this.canvas.addEventListener("webglcontextlost", () => this.say("The graphics card dropped the picture; it comes back by itself."));
    this.canvas.addEventListener("webglcontextrestored", () => this.request());
  }

  // Applies only what is new.
  update(data) {
    this.data = data;
    this.root.style.setProperty("--height", `${data.height}px`);
    if (!this.picture) {
      this.message.textContent = "This browser shows no 3D picture: WebGL 2 is off or missing. "
        + "Switch on hardware acceleration, or open the page in another browser.";
      return;
    }
    if (this.colourAsked !== data.colour) {
      this.colourAsked = data.colour;
      this.settings.mode = data.colour;
    }
    this.request();
    const wanted = JSON.stringify([data.views, data.subject, this.missing]);
    if (wanted !== this.wanted) {
      this.wanted = wanted;
      this.load(data);
    }
  }

  // What is shown stays until everything new has arrived.
  async load({ base, arrays, views, subject, up, empty }) {
    const call = ++this.counts.loads;
    this.root.dataset.loading = "true";
    if (!this.scenes.viewports.length) this.message.textContent = views.length ? "Loading…" : empty;
    try {
      const loaded = await this.scenes.load(base + arrays, views);
      if (call !== this.counts.loads) return;
      performance.mark("levelset:arrays");
      this.scenes.fill(views, loaded);
      this.message.textContent = this.scenes.isEmpty ? empty : "";
      this.frame(subject, up);
      this.firstLook();
      this.picture.arrange(this.scenes.viewports);
      this.retried = false;
      this.root.dataset.shown = String(call);
    } catch (error) {
      if (call !== this.counts.loads) return;
      this.failed(error);
    }
    this.root.dataset.loading = "false";
    this.request();
  }

  failed(error) {
    // The server may have let old arrays go: once more from Python, which has them still.
    if (error instanceof Gone && !this.retried) {
      this.retried = true;
      this.wanted = null;
      this.setStateValue("missing", ++this.missing);
      return;
    }
    console.error(error);
    this.say("The picture's data did not arrive. Check the connection and reload the page.");
  }

  // A new subject is framed once; everything else leaves the camera alone.
  frame(subject, up) {
    if (this.scenes.isEmpty || subject === this.subject) return;
    if (this.subject !== undefined) {
      // Level, trim and cut belong to the subject before.
      Object.assign(this.settings, { level: null, trim: null, axis: null, part: 0.5 });
      this.tellShape();
    }
    this.subject = subject;
    this.camera.frame(this.scenes.ball(), up);
    const known = cameras.get(subject);
    if (known) this.camera.restore(known);
  }

  // Layers that start hidden do so once, when their name first appears.
  firstLook() {
    for (const { name, shown } of this.scenes.specs()) {
      if (!this.known.has(name) && !shown) this.settings.hidden.add(name);
      this.known.add(name);
    }
  }

  act(name, value) {
    const { settings } = this;
    if (!this.picture && name !== "help" && name !== "escape") return;
    if (name === "look") this.camera.look(value);
    else if (name === "reset") this.reset();
    else if (name === "layer") {
      if (!settings.hidden.delete(value)) settings.hidden.add(value);
    } else if (name === "level") settings.level = value;
    else if (name === "level-step") this.stepLevel(value);
    else if (name === "trim-step") this.stepTrim(value);
    else if (name === "shape-done") this.tellShape();
    else if (name === "level-reset" || name === "trim-reset") {
      settings[name.split("-")[0]] = null;
      this.tellShape();
    } else if (name === "place") settings.part = value;
    else if (name in settings) settings[name] = value;
    else if (name === "png") downloadPng(this);
    else if (name === "gif") this.gif();
    else if (name === "help") this.help.hidden = !this.help.hidden;
    else if (name === "escape") this.escape();
    this.request();
  }

  reset() {
    this.camera.look("iso");
  }

  stepLevel(direction) {
    const levels = this.scenes.levels();
    if (!levels) return;
    const [low, high] = levels;
    const now = this.settings.level ?? this.scenes.baseLevel();
    const next = now + (direction * (high - low)) / LEVEL_STEPS;
    this.settings.level = Math.min(Math.max(next, low), high);
    this.tellShape();
  }

  stepTrim(direction) {
    if (this.panel.stepTrim(direction)) this.tellShape();
  }

  // Python hears of level and trim when the hand rests, and only of what is new.
  tellShape() {
    clearTimeout(this.shapeTimer);
    this.shapeTimer = setTimeout(() => {
      const { level, trim } = this.settings;
      const now = { level, trim: trim === Infinity ? "off" : trim };
      for (const [name, value] of Object.entries(now)) {
        if (value === this.told[name]) continue;
        this.told[name] = value;
        this.setStateValue(name, value);
      }
    }, 400);
  }

  async gif() {
    if (this.busy) return;
    this.busy = true;
    this.message.textContent = "Turntable…";
    try {
      await downloadGif(this);
    } finally {
      this.busy = false;
      this.message.textContent = "";
      this.resized();
    }
  }

  escape() {
    if (!this.help.hidden) this.canvas.focus({ preventScroll: true });
    this.help.hidden = true;
    this.errors.bar.hidden = true;
  }

  say(message) { this.errors.say(message); }

  // Without a graphics card the picture is coarse while the camera moves.
  moved() {
    if (this.picture.software && !this.busy && this.counts.frames > 1) {
      this.scenes.setCoarse(true);
      clearTimeout(this.restTimer);
      this.restTimer = setTimeout(() => {
        this.scenes.setCoarse(false);
        this.request();
      }, REST);
    }
    this.request();
  }

  // Python hears of the camera where it asked for it, when the hand rests.
  tellCamera() {
    clearTimeout(this.cameraTimer);
    if (!this.data?.tellCamera) return;
    this.cameraTimer = setTimeout(() => {
      const { position, target } = this.camera.state();
      if (JSON.stringify([position, target]) === this.cameraTold) return;
      this.cameraTold = JSON.stringify([position, target]);
      this.setStateValue("camera", { position, target });
    }, 500);
  }

  request() {
    if (this.picture) super.request();
  }

  draw() {
    if (this.busy || !this.theme) return;
    const begin = performance.now();
    const state = this.scenes.style(this.settings, this.theme, this.picture.ratio);
    const styled = performance.now();
    this.picture.draw(this.scenes.viewports, this.camera, this.theme);
    this.counts.frames += 1;
    if (!this.scenes.isEmpty) performance.mark("levelset:picture", { detail: this.scenes.triangles });
    if (this.subject !== undefined) cameras.set(this.subject, this.camera.state());
    this.tellCamera();
    report(this, state, { style: styled - begin, draw: performance.now() - styled });
  }

  resized() {
    if (!this.picture) return;
    this.picture.resize(this.scenes.viewports);
    this.camera.setAspect(this.picture.aspect);
    this.draw(); // a resized canvas is empty until it is drawn
  }

  destroy() {
    clearTimeout(this.shapeTimer);
    clearTimeout(this.restTimer);
    clearTimeout(this.cameraTimer);
    this.scenes.dispose();
    this.camera?.dispose();
    this.picture?.dispose();
    super.destroy();
  }
}

export default mounter(Viewer);

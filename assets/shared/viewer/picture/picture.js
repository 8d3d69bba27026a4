// The canvas behind all viewports: one WebGL renderer, a grid of equal cells.

import { ColorManagement, LinearSRGBColorSpace, WebGLRenderer } from "../../../vendor/three.min.js";
import { element } from "../../dom.js";

const GAP = 2; // px between viewports
const NARROW = 480; // px, below which viewports stack
const MAX_RATIO = 2;

// Colours are shown as they are given: a legend must match its picture.
ColorManagement.enabled = false;

export class Picture {
  constructor(canvas, stage) {
    this.canvas = canvas;
    this.stage = stage;
    // Where the processor itself draws, smooth edges would cost more than all the rest.
    this.software = drawsInSoftware();
    this.renderer = new WebGLRenderer({
      canvas, antialias: !this.software, powerPreference: "high-performance",
    });
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    this.renderer.localClippingEnabled = true;
    this.renderer.setScissorTest(true);
    this.titles = [];
    this.cells = [];
    this.size = { width: 0, height: 0 };
  }

  get ratio() { return Math.min(window.devicePixelRatio || 1, this.software ? 1 : MAX_RATIO); }

  get aspect() {
    const [cell] = this.cells;
    return cell ? cell.width / cell.height : this.size.width / this.size.height;
  }

  resize(viewports) {
    const width = this.stage.clientWidth;
    const height = this.stage.clientHeight;
    if (!width || !height) return;
    this.size = { width, height };
    this.renderer.setPixelRatio(this.ratio);
    this.renderer.setSize(width, height, false);
    this.arrange(viewports);
  }

  arrange(viewports) {
    this.cells = cellsOf(viewports.length, this.size);
    while (this.titles.length > viewports.length) this.titles.pop().remove();
    while (this.titles.length < viewports.length) {
      const title = element("div", "title");
      this.titles.push(title);
      this.stage.append(title);
    }
    this.cells.forEach(({ x, y }, n) => {
      Object.assign(this.titles[n].style, { left: `${x + 10}px`, top: `${y + 8}px` });
      this.titles[n].textContent = viewports[n].title;
      this.titles[n].hidden = !viewports[n].title;
    });
  }

  draw(viewports, camera, theme) {
    if (this.cells.length) camera.setAspect(this.aspect);
    this.render(viewports, camera, theme, this.cells, this.size);
  }

  render(viewports, camera, theme, cells, { width, height }) {
    const { renderer } = this;
    camera.clip();
    renderer.setViewport(0, 0, width, height);
    renderer.setScissor(0, 0, width, height);
    renderer.setClearColor(viewports.length > 1 ? theme.line : theme.stage, viewports.length > 1 ? 0.25 : 1);
    renderer.clear();
    renderer.setClearColor(theme.stage, 1);
    cells.forEach((cell, n) => {
      // WebGL counts from below.
      const bottom = height - cell.y - cell.height;
      renderer.setViewport(cell.x, bottom, cell.width, cell.height);
      renderer.setScissor(cell.x, bottom, cell.width, cell.height);
      viewports[n].draw(renderer, camera.object, camera.controls.target);
    });
  }

  // The picture just drawn, row by row from above: r g b a.
  pixels({ width, height }) {
    const gl = this.renderer.getContext();
    const upward = new Uint8Array(4 * width * height);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, upward);
    const out = new Uint8Array(upward.length);
    for (let y = 0; y < height; y++) {
      const row = upward.subarray(4 * width * y, 4 * width * (y + 1));
      out.set(row, 4 * width * (height - 1 - y));
    }
    return out;
  }

  dispose() {
    this.renderer.dispose();
    this.renderer.forceContextLoss();
  }
}

function drawsInSoftware() {
  const gl = document.createElement("canvas").getContext("webgl2");
  if (!gl) throw new Error("WebGL 2 is missing.");
  const about = gl.getExtension("WEBGL_debug_renderer_info");
  const name = gl.getParameter(about ? about.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

export function cellsOf(count, { width, height }) {
  if (!count) return [];
  const wide = count <= 3 ? count : Math.ceil(Math.sqrt(count));
  const columns = width < NARROW ? 1 : wide;
  const rows = Math.ceil(count / columns);
  const w = (width - GAP * (columns - 1)) / columns;
  const h = (height - GAP * (rows - 1)) / rows;
  return Array.from({ length: count }, (_, n) => ({
    x: (n % columns) * (w + GAP), y: Math.floor(n / columns) * (h + GAP), width: w, height: h,
  }));
}

// Binary frames from the server, and the smooth passage from one to the next.

/**
 * @import { ArrayName, FrameHeader, PanelHeader } from "./protocol.js"
 * @typedef {{ data: Float32Array | Int16Array | Uint8Array, shape: number[] }} NamedArray
 * @typedef {Partial<Record<ArrayName, NamedArray>>} Arrays
 * @typedef {object} Panel
 * @property {PanelHeader} info
 * @property {Arrays} arrays
 * @property {Uint32Array | null} [order] of the points, smallest margin first
 * @property {Partial<Record<ArrayName, Float32Array>>} [mixed] arrays between two frames, to be used again
 * @typedef {{ header: FrameHeader, panels: Panel[] }} Frame
 * @typedef {Frame & { done: boolean, t: number }} Shown a frame on its way to the next
 */

const VIEWS = { int16: Int16Array, float32: Float32Array, uint8: Uint8Array };

/** Bytes that travelled as base64. @param {string} text */
export const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/**
 * @param {ArrayBuffer | Uint8Array} input
 * @returns {Frame}
 */
export function decodeFrame(input) {
  let bytes = input instanceof Uint8Array ? input : new Uint8Array(input);
  // Typed views need alignment, which bytes inside another message may lack.
  if (bytes.byteOffset % 8) bytes = bytes.slice();
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const start = bytes.byteOffset + Math.ceil((4 + length) / 8) * 8;
  /** @type {Panel[]} */
  const panels = header.panels.map((/** @type {PanelHeader} */ info) => ({ info, arrays: {} }));
  for (const { name, panel, dtype, shape, offset } of header.arrays) {
    const count = shape.reduce((a, b) => a * b, 1);
    const data = new VIEWS[dtype](bytes.buffer, start + offset, count);
    panels[panel].arrays[name] = { data, shape };
  }
  for (const panel of panels) {
    const { field, margin } = panel.arrays;
    if (field) {
      const { scale } = panel.info;
      const values = new Float32Array(field.data); // a loop: a callback a value takes 1 ms
      for (let i = 0; i < values.length; i++) values[i] *= scale;
      panel.arrays.field = { data: values, shape: field.shape };
    }
    panel.order = margin ? sortedByMargin(margin.data) : null;
  }
  return { header, panels };
}

// Smallest margin first; points without one (NaN) at the end.
function sortedByMargin(margin) {
  const key = (i) => (Number.isNaN(margin[i]) ? Infinity : margin[i]);
  return Uint32Array.from(margin.keys()).sort((a, b) => key(a) - key(b) || a - b);
}

/** @type {ArrayName[]} */
const BLENDED = ["field", "margin", "output", "foot", "path", "gradient"];

export class Blend {
  constructor() {
    /** @type {Frame | null} */
    this.frame = null;
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {Shown | null} */
    this.from = null;
    this.started = 0;
    this.duration = 100;
    this.interval = 100;
  }

  /** @param {Frame} frame @param {number} now @param {boolean} instant */
  push(frame, now, instant) {
    const gap = now - this.started;
    if (this.frame && gap < 1000) this.interval += 0.25 * (gap - this.interval);
    this.duration = instant || !this.frame ? 0 : Math.min(Math.max(this.interval, 40), 220);
    this.from = this.shown;
    this.frame = frame;
    this.started = now;
    this.shown = null;
  }

  progress(now) {
    return this.duration ? Math.min((now - this.started) / this.duration, 1) : 1;
  }

  settled(now) {
    return !this.frame || (this.shown !== null && this.shown.done && this.progress(now) >= 1);
  }

  /**
   * The frame as it should look at this moment.
   * @param {number} now
   * @returns {Shown | null}
   */
  at(now) {
    if (!this.frame) return null;
    if (this.shown?.done) return this.shown;
    const t = this.progress(now);
    if (t >= 1 || !this.from) {
      this.shown = { ...this.frame, done: true, t: 1 };
      return this.shown;
    }
    const { header } = this.frame;
    const points = this.from.header.version === header.version;
    const previous = this.shown?.panels;
    const panels = this.frame.panels.map((panel, i) => {
      const before = this.from.panels[i];
      const arrays = { ...panel.arrays };
      if (before && before.info.objective === panel.info.objective) {
        for (const name of BLENDED) {
          if (!points && name !== "field") continue;
          const a = before.arrays[name];
          const b = panel.arrays[name];
          if (!a || !b || a.data.length !== b.data.length) continue;
          const reuse = previous?.[i].mixed?.[name];
          arrays[name] = { data: mix(a.data, b.data, t, reuse), shape: b.shape };
        }
      }
      return { ...panel, arrays, mixed: blendedData(arrays, panel.arrays) };
    });
    this.shown = { header, panels, done: false, t };
    return this.shown;
  }

  /**
   * A number of the panel's header on its way to the new value.
   * @param {"step" | "loss"} name
   */
  number(name, panel = 0) {
    const to = this.frame?.panels[panel]?.info[name] ?? null;
    const from = this.from?.panels[panel]?.info[name] ?? null;
    if (to === null || from === null || !this.shown || this.shown.done || to < from) return to;
    return from + (to - from) * this.shown.t;
  }
}

function blendedData(arrays, originals) {
  const own = {};
  for (const name of BLENDED) {
    if (arrays[name] && arrays[name] !== originals[name]) own[name] = arrays[name].data;
  }
  return own;
}

function mix(a, b, t, reuse) {
  const out = reuse && reuse.length === b.length ? reuse : new Float32Array(b.length);
  for (let i = 0; i < b.length; i++) {
    const value = a[i] + (b[i] - a[i]) * t;
    out[i] = value === value ? value : b[i];
  }
  return out;
}

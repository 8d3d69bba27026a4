// All viewports together: what they hold, and what the settings make of it.

import { Plane, Vector3 } from "../../vendor/three.min.js";
import { limitsOf } from "./colours.js";
import { isoGap } from "./picture/slice.js";
import { Viewport, loadView } from "./picture/viewport.js";

/** @type {[string, string][]} */
const ALWAYS = [["plain", "Plain"], ["normals", "Normals"]];

export class Scenes {
  constructor() {
    this.viewports = [];
    this.limits = new Map();
  }

  load(base, views) {
    return Promise.all(views.map((view) => loadView(base, view)));
  }

  fill(views, loaded) {
    while (this.viewports.length > views.length) this.viewports.pop().dispose();
    while (this.viewports.length < views.length) this.viewports.push(new Viewport());
    this.viewports.forEach((viewport, n) => viewport.fill(views[n], loaded[n]));
    this.limits.clear();
    this.box = null;
  }

  get layers() { return this.viewports.flatMap(({ layers }) => layers); }

  get grids() { return this.layers.map(({ grid }) => grid).filter(Boolean); }

  get isEmpty() { return this.layers.length === 0; }

  specs() { return this.layers.map(({ spec }) => spec); }

  names() { return new Map(this.specs().map(({ name, label }) => [name, label])); }

  modes() {
    const found = new Map(ALWAYS);
    if (this.layers.some(({ data }) => data.tints)) found.set("rgb", "Colours of the points");
    for (const layer of this.layers) {
      for (const [key, { label }] of layer.modes()) found.set(key, label);
    }
    return found;
  }

  about(mode) {
    for (const layer of this.layers) {
      const about = layer.modes().get(mode);
      if (about) return about;
    }
    return null;
  }

  // The box of everything shown.
  bounds() {
    if (this.box) return this.box;
    const low = [Infinity, Infinity, Infinity];
    const high = [-Infinity, -Infinity, -Infinity];
    for (const layer of this.layers) {
      for (const positions of layer.bounds()) {
        for (let n = 0; n < positions.length; n++) {
          const value = positions[n];
          const axis = n % 3;
          if (value < low[axis]) low[axis] = value;
          if (value > high[axis]) high[axis] = value;
        }
      }
    }
    this.box = Number.isFinite(low[0]) ? [low, high] : [[-1, -1, -1], [1, 1, 1]];
    return this.box;
  }

  // The ball around the middle of the box that holds everything.
  ball() {
    const [low, high] = this.bounds();
    const centre = low.map((v, axis) => (v + high[axis]) / 2);
    let square = 0;
    for (const layer of this.layers) {
      for (const positions of layer.bounds()) {
        for (let n = 0; n + 2 < positions.length; n += 3) {
          const dx = positions[n] - centre[0];
          const dy = positions[n + 1] - centre[1];
          const dz = positions[n + 2] - centre[2];
          square = Math.max(square, dx * dx + dy * dy + dz * dz);
        }
      }
    }
    return { centre, radius: Math.sqrt(square) || 1 };
  }

  // The levels that the slider offers: as far outwards as F goes inwards, at the widest.
  levels() {
    const sizes = this.grids.map(({ range: [low, high] }) => (
      low < 0 && high > 0 ? Math.min(-low, high) : Math.max(Math.abs(low), Math.abs(high))));
    const size = Math.max(0, ...sizes);
    return size > 0 ? [-size, size] : null;
  }

  // How far surfaces reach from their data; null where none knows.
  reach(hidden) {
    const known = this.layers.filter(({ away, spec }) => away && !hidden.has(spec.name));
    return known.length ? Math.max(...known.map(({ farthest }) => farthest)) : null;
  }

  baseTrim() { return this.layers.find(({ away }) => away)?.spec.trim.base ?? Infinity; }

  // Whether the surfaces are the results themselves, not other level sets.
  get showsResult() { return this.layers.some(({ away, showsMesh }) => away && showsMesh); }

  baseLevel() { return this.layers.find(({ grid }) => grid)?.spec.level ?? 0; }

  cut({ axis, part }) {
    const grid = this.grids[0];
    const [low, high] = grid ? [grid.low, grid.high] : this.bounds();
    return { axis, place: axis === null ? 0 : low[axis] + (high[axis] - low[axis]) * part };
  }

  clipPlanes({ axis, clip, flip }, place) {
    if (axis === null || !clip) return [];
    const normal = new Vector3().setComponent(axis, flip ? 1 : -1);
    return [new Plane(normal, flip ? -place : place)];
  }

  // Common limits for all viewports: colours that can be compared.
  limitsFor(mode, about) {
    if (!about) return null;
    if (about.limits) return about.limits;
    const arrays = this.layers.map((layer) => layer.scalars(mode)).filter(Boolean);
    if (!arrays.length) return null;
    // |D_xF| changes with the level; its limits must not flicker along.
    if (!this.limits.has(mode)) this.limits.set(mode, limitsOf(arrays, about.map));
    return this.limits.get(mode);
  }

  style(settings, theme, pixelRatio) {
    const { hidden, level, trim, wireframe } = settings;
    const modes = this.modes();
    const mode = modes.has(settings.mode) ? settings.mode : "plain";
    for (const layer of this.layers) layer.setShape?.(level, trim);
    const about = this.about(mode);
    const limits = this.limitsFor(mode, about);
    const cut = this.cut(settings);
    const style = {
      mode, limits, theme, wireframe, pixelRatio, planes: this.clipPlanes(settings, cut.place),
    };
    for (const viewport of this.viewports) viewport.style(style, { hidden, cut, level });
    return { modes, mode, about, limits, cut, series: this.series(mode, about && limits, hidden),
      gap: this.grids[0] ? isoGap(this.grids[0]) : null };
  }

  series(mode, wanted, hidden) {
    if (!wanted) return [];
    return this.viewports.flatMap(({ title, layers }) => layers
      .filter((layer) => !hidden.has(layer.spec.name) && layer.scalars(mode))
      .slice(0, 1)
      .map((layer) => ({ title, values: layer.scalars(mode) })));
  }

  setCoarse(on) { for (const layer of this.layers) layer.setCoarse?.(on); }

  get triangles() { return this.viewports.reduce((sum, { triangles }) => sum + triangles, 0); }

  dispose() { this.viewports.forEach((viewport) => viewport.dispose()); }
}

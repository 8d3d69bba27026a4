// The controls beside the picture. They only report; the viewer decides.

import { element } from "../../dom.js";
import { number } from "../../text.js";
import { digits } from "./chart.js";

const AXES = [["off", "Off"], ["x", "X"], ["y", "Y"], ["z", "Z"]];
export const LEVEL_STEPS = 400;
const CUT_STEPS = 400;
const TRIM_STEPS = 200; // the last one is "off"
const CLOSEST = 0.6; // spacings: where the points are, a surface is about half a spacing away
const DATA = 1.5; // spacings: nearer than that a place has data

export class Panel {
  constructor(act) {
    this.act = act;
    this.element = element("div", "panel", { role: "group", "aria-label": "What is shown" });
    this.layers = this.section("Show");
    this.layerButtons = new Map();
    this.buildColour();
    this.buildChart(); // the legend of the colours
    this.buildLevel();
    this.buildTrim();
    this.buildCut();
    this.facts = element("div", "facts", { "data-testid": "facts" });
    this.element.append(this.facts);
  }

  section(title) {
    const section = element("section", "", { "aria-label": title });
    const head = element("h2", "");
    head.textContent = title;
    section.append(head);
    this.element.append(section);
    return section;
  }

  // What the section's value is, and the way back, beside its title.
  headRow(section) {
    const row = element("div", "row");
    row.append(section.querySelector("h2"));
    section.append(row);
    return row;
  }

  buildColour() {
    this.colour = this.section("Colour");
    this.mode = element("select", "", { "data-testid": "colour", "aria-label": "Colour by" });
    this.mode.addEventListener("change", () => this.act("mode", this.mode.value));
    this.wireframe = this.check("wireframe", "Wireframe", "wireframe");
    this.colour.append(this.mode, this.wireframe.label);
  }

  buildLevel() {
    this.levelSection = this.section("Level t");
    const row = this.headRow(this.levelSection);
    this.level = this.range("level", "Level t of the surface F = t", LEVEL_STEPS,
      (part) => this.act("level", this.levelAt(part)));
    this.level.addEventListener("change", () => this.act("shape-done"));
    this.levelText = element("output", "", { "data-testid": "level-value" });
    this.levelReset = this.button("level-reset", "t = 0", "Back to the level of the result",
      () => this.act("level-reset"));
    row.append(this.levelText, this.levelReset);
    this.levelSection.append(this.level);
  }

  buildTrim() {
    this.trimSection = this.section("Trim where points are missing");
    const row = this.headRow(this.trimSection);
    this.trim = this.range("trim", "Trim what is further from the points than so many of their spacings",
      TRIM_STEPS, (part) => this.act("trim", this.trimAt(part)));
    this.trim.addEventListener("change", () => this.act("shape-done"));
    this.trimText = element("output", "", { "data-testid": "trim-value" });
    this.trimReset = this.button("trim-reset", "", "Back to the result as it was made",
      () => this.act("trim-reset"));
    row.append(this.trimText, this.trimReset);
    this.trimNote = element("div", "note", { "data-testid": "trim-note" });
    this.trimSection.append(this.trim, this.trimNote);
  }

  // Each step is the same factor: near the data small, far from it large.
  trimAt(part) {
    return part >= TRIM_STEPS ? Infinity : CLOSEST * (this.reach / CLOSEST) ** (part / TRIM_STEPS);
  }

  stepTrim(direction) {
    if (this.trimSection.hidden || this.trim.hidden || this.trim.disabled) return false;
    const part = Number(this.trim.value) + 2 * direction;
    this.act("trim", this.trimAt(Math.min(Math.max(part, 0), TRIM_STEPS)));
    return true;
  }

  // reach: how far the surfaces are from their data at most; null where that is not known.
  showTrim(reach, trim, base, ofResult) {
    this.trimSection.hidden = reach === null;
    if (reach === null) return;
    this.reach = Math.max(reach, 1.01 * DATA);
    const limit = trim ?? base;
    const whole = limit >= this.reach;
    const part = Math.log(Math.max(limit, CLOSEST) / CLOSEST) / Math.log(this.reach / CLOSEST);
    this.trim.value = String(whole ? TRIM_STEPS : Math.round(part * TRIM_STEPS));
    const text = whole ? "off" : `over ${number(limit, limit < 10 ? 2 : 1)}`;
    this.trimText.textContent = whole ? text : `${text}×`;
    this.trimText.title = "times the spacing of the points";
    this.trim.setAttribute("aria-valuetext", whole ? text : `${text} spacings`);
    this.trim.disabled = !ofResult;
    this.trimReset.textContent = base === Infinity ? "Off" : number(base, 2).replace(/\.?0+$/, "");
    this.trimReset.disabled = limit === base || (whole && base >= this.reach);
    const all = reach < DATA; // nothing to trim
    this.trim.hidden = all;
    this.trimReset.hidden = all;
    if (all) this.trimText.textContent = "nothing to trim";
    this.trimNote.textContent = all || ofResult ? "" : "Only the result is trimmed, not another level.";
    this.trimNote.hidden = !this.trimNote.textContent;
  }

  buildCut() {
    this.cutSection = this.section("Cut");
    const row = element("div", "row axes", { role: "group", "aria-label": "Axis of the cut" });
    this.axes = AXES.map(([id, text]) => {
      const button = this.button(`cut-${id}`, text, id === "off" ? "No cut" : `Cut across ${text}`,
        () => this.act("axis", id === "off" ? null : "xyz".indexOf(id)));
      row.append(button);
      return button;
    });
    this.cut = this.range("cut-position", "Position of the cut", CUT_STEPS,
      (part) => this.act("place", part / CUT_STEPS));
    this.clip = this.check("clip", "Clip the surface", "clip");
    this.flip = this.check("flip", "Other side", "flip");
    const checks = element("div", "row");
    checks.append(this.clip.label, this.flip.label);
    this.isoText = element("div", "note");
    this.cutDetails = element("div", "details");
    this.cutDetails.append(this.cut, checks, this.isoText);
    this.cutSection.append(row, this.cutDetails);
  }

  buildChart() {
    this.chartSection = this.section("Values");
    this.chartTitle = this.chartSection.querySelector("h2");
    this.chart = element("canvas", "chart", { "data-testid": "histogram", role: "img" });
    this.chartText = element("div", "note", { "data-testid": "summary" });
    this.chartSection.append(this.chart, this.chartText);
    this.chartSection.hidden = true;
  }

  range(id, label, steps, onInput) {
    const input = element("input", "", {
      type: "range", min: "0", max: String(steps), step: "1", "data-testid": id, "aria-label": label,
    });
    input.addEventListener("input", () => onInput(Number(input.value)));
    return input;
  }

  check(id, text, action) {
    const label = element("label", "check");
    const input = element("input", "", { type: "checkbox", "data-testid": id });
    input.addEventListener("change", () => this.act(action, input.checked));
    label.append(input, ` ${text}`);
    return { label, input };
  }

  button(id, text, title, onClick) {
    const button = element("button", "chip", { type: "button", "data-testid": id, title });
    button.textContent = text;
    button.addEventListener("click", onClick);
    return button;
  }

  levelAt(part) {
    const [low, high] = this.levels;
    // The middle of the slider is exactly zero, where the result is.
    return 2 * part === LEVEL_STEPS && low === -high ? 0 : low + ((high - low) * part) / LEVEL_STEPS;
  }

  // names: Map name -> label
  showLayers(names, hidden) {
    if ([...this.layerButtons.keys()].join() !== [...names.keys()].join()) {
      this.layerButtons.forEach((button) => button.remove());
      this.layerButtons.clear();
      for (const [name, label] of names) {
        const button = this.button(`layer-${name}`, label, `Show or hide: ${label}`,
          () => this.act("layer", name));
        this.layerButtons.set(name, button);
        this.layers.append(button);
      }
    }
    for (const [name, button] of this.layerButtons) {
      button.setAttribute("aria-pressed", String(!hidden.has(name)));
    }
    this.layers.hidden = names.size === 0;
  }

  // modes: Map key -> label
  showModes(modes, mode) {
    const wanted = [...modes].join();
    if (this.modesShown !== wanted) {
      this.modesShown = wanted;
      this.mode.replaceChildren(...[...modes].map(([key, label]) => {
        const option = element("option", "", { value: key });
        option.textContent = label;
        return option;
      }));
    }
    this.mode.value = mode;
  }

  showLevel(levels, level, base) {
    this.levelSection.hidden = !levels;
    if (!levels) return;
    this.levels = levels;
    const [low, high] = levels;
    const t = level ?? base;
    if (Math.abs(this.levelAt(Number(this.level.value)) - t) > 1e-12 * (high - low)) {
      this.level.value = String(Math.round(((t - low) / (high - low)) * LEVEL_STEPS));
    }
    const text = number(t, digits(high - low) + 1);
    this.level.setAttribute("aria-valuetext", `t = ${text}`);
    this.levelText.textContent = `t = ${text}`;
    this.levelReset.textContent = `t = ${number(base, 3).replace(/\.?0+$/, "")}`;
    this.levelReset.disabled = t === base;
  }

  showCut({ axis, part, clip, flip, place, gap }) {
    this.axes.forEach((button, n) => {
      button.setAttribute("aria-pressed", String(axis === (n === 0 ? null : n - 1)));
    });
    this.cutDetails.hidden = axis === null;
    if (axis === null) return;
    this.cut.value = String(Math.round(part * CUT_STEPS));
    const text = `${"xyz"[axis]} = ${number(place, 3)}`;
    this.cut.setAttribute("aria-valuetext", text);
    this.clip.input.checked = clip;
    this.flip.input.checked = flip;
    this.flip.input.disabled = !clip;
    this.isoText.textContent = gap ? `${text} · iso-lines of F every ${gap}` : text;
  }
}

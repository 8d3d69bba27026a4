// A guided tour that reads in at most 90 seconds. It stands where the sentence over the canvas stands, so it
// hides nothing; a step is done when the playground is in the state that it asks for, or by "Next".

import { element } from "../shared/dom.js";
import { explained } from "../shared/terms.js";
import { titlePlace } from "./plot/layout.js";

const READ = 5000; // ms that a step stays at least, unless "Next" is pressed
const LOOK_EVERY = 250;

/**
 * What a step looks at.
 * @typedef {{ step: number, playing: boolean, count: number, hovers: boolean, speed: number,
 *   newest: number, panels: number, dark: boolean }} Now
 * @typedef {{ id: string, target: string, text: (now: Now) => string, done: (now: Now, then: Now) => boolean }} Step
 */

/** @type {Step[]} */
export const STEPS = [
  { id: "line", target: "panel", done: () => false,
    text: ({ dark }) => `The colour is {F|what the network says} at each place: blue above 0, orange below. The ${dark ? "white" : "black"} line `
      + "is the {level_set|level set} where it says exactly 0. It is called {S0}." },
  { id: "play", target: "play", done: (now, then) => now.step > then.step + 5,
    text: ({ playing }) => (playing ? "It trains: every step moves the line a little."
      : "Press play: every step moves the line a little.") },
  { id: "bars", target: "strip", done: (now) => now.hovers,
    text: () => "Each bar is a point's {margin|input margin}: how far it is from the line. A bar below 0, red, is a point on the wrong side. Below are the {output_margin|output margins}. Point at a bar." },
  { id: "draw", target: "panel", done: (now, then) => now.count > then.count,
    text: () => "Click near the line to put a point of your own. It counts from the next step on." },
  { id: "back", target: "time", done: (now) => !now.playing && now.step < now.newest,
    text: () => "Pull this slider back to see earlier moments. Play goes on from the one you choose." },
  { id: "slow", target: "pace", done: (now) => now.playing && now.speed > 0 && now.speed <= 10,
    text: () => "Choose 2 steps/s: the equations of a step light up in turn." },
  { id: "compare", target: "page", done: (now) => now.panels > 1,
    text: () => "Last: switch on “Compare: Figure 1” in the settings. Four losses, the same points: see which line keeps away from them." },
];

export class Tour {
  constructor(playground) {
    this.playground = playground;
    this.at = -1;
    this.element = element("div", "lead tour", { role: "region", "aria-label": "Tour", "data-testid": "tour-card" });
    this.count = element("b", "count");
    this.text = element("p", "", { "aria-live": "polite" });
    this.next = this.button("tour-next", "Next", () => this.go(this.at + 1));
    this.back = this.button("tour-back", "Back", () => this.go(this.at - 1));
    this.element.append(this.count, this.text, this.back, this.next,
      this.button("tour-skip", "Skip", () => this.stop()));
    this.ring = element("div", "ring", { "aria-hidden": "true" });
    this.element.hidden = this.ring.hidden = true;
    this.shown = "";
    /** @type {Now | null} */
    this.then = null; // the playground when the step began
    this.since = 0;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
  }

  button(id, words, onClick) {
    const button = element("button", "chip", { type: "button", "data-testid": id });
    button.textContent = words;
    button.addEventListener("click", onClick);
    return button;
  }

  get on() { return this.at >= 0; }
  get name() { return STEPS[this.at]?.id ?? ""; }

  start() {
    this.timer ??= setInterval(() => this.playground.screen.request(), LOOK_EVERY);
    this.go(0);
    this.next.focus({ preventScroll: true });
  }

  stop() { this.go(STEPS.length); }

  go(at) {
    if (at >= STEPS.length) {
      clearInterval(this.timer);
      this.timer = undefined;
      at = -1;
    }
    Object.assign(this, { at, then: null });
    this.element.hidden = this.ring.hidden = !this.on;
    this.back.disabled = at === 0;
    this.next.textContent = at === STEPS.length - 1 ? "Done" : "Next";
    if (!this.on) this.shown = this.text.textContent = "";
    this.count.textContent = `${at + 1}/${STEPS.length}`;
    markPage(this.name === "compare");
    this.playground.screen.request(true);
  }

  /** @param {Now} now @param {number} time */
  update(now, time) {
    if (!this.on) return;
    if (!this.then) this.since = time;
    this.then ??= now;
    const step = STEPS[this.at];
    const text = step.text(now);
    if (text !== this.shown) {
      this.shown = text;
      this.text.innerHTML = explained(text);
    }
    this.place(step.target);
    // Who reads with the pointer or the keyboard is not led on.
    const reads = this.text.matches(":hover, :focus-within");
    if (!reads && time - this.since > READ && step.done(now, this.then)) this.go(this.at + 1);
  }

  // The ring lies around what a step is about.
  place(target) {
    const { stage, screen, root } = this.playground;
    const { panels = [], strips = [] } = screen.layout ?? {};
    const box = stage.getBoundingClientRect();
    let rect = null;
    if (target === "panel" && panels[0]) {
      const [{ x, y, size }] = panels;
      const { head } = titlePlace(panels[0]);
      rect = { left: x, top: y - head, width: size, height: size + head };
    } else if (target === "strip" && strips[0]) {
      const [{ x, y, w, h, compact }] = strips; // of the two charts the one that is told of
      rect = { left: x, top: y, width: w, height: compact ? h : h / 2 };
    } else if (target !== "page") {
      const found = root.querySelector(`[data-testid="${target}"]`)?.getBoundingClientRect();
      if (found) rect = { left: found.left - box.left, top: found.top - box.top, width: found.width, height: found.height };
    }
    this.ring.hidden = !rect;
    if (!rect) return;
    for (const [name, value] of Object.entries(rect)) {
      const slack = name === "width" || name === "height" ? 8 : -4;
      this.ring.style[name] = `${value + slack}px`;
    }
  }
}

// The switch lies in the page, outside of the component: its style is in app.css.
function markPage(on) {
  const place = document.querySelector('[class*="st-key-set_compare"]');
  place?.toggleAttribute("data-tour", on);
  if (on) place?.scrollIntoView({ block: "center" });
}

// The row below the picture: back through the training, how fast, a film of it.

import { element } from "../../shared/dom.js";
import { whole } from "../../shared/text.js";

const HELD = 700; // ms
const SPEEDS = [[0, "Full speed"], [10, "10 steps/s"], [5, "5 steps/s"], [2, "2 steps/s"], [1, "1 step/s"]];

/**
 * @typedef {{ newest: number, every: number, step: number, speed: number, playing: boolean,
 *   phases: import("./phases.js").Phase[], phase: import("./phases.js").Phase | null }} Now
 */

export class TimeBar {
  /** @param {{ seek: (step: number) => void, pace: (speed: number) => void, act: (id: string) => void }} host */
  constructor(host) {
    this.host = host;
    this.element = element("div", "time", { role: "group", "aria-label": "Time" });
    this.slider = /** @type {HTMLInputElement} */ (element("input", "", {
      type: "range", min: "0", max: "0", "data-testid": "time", "aria-label": "Step of the training",
      title: "Back through the training: from any moment you can train again",
    }));
    this.slider.addEventListener("input", () => this.moved());
    this.step = element("output", "step", {});
    this.again = this.button("again", "From here again", "Train on from this moment, bit for bit as it went");
    this.pace = /** @type {HTMLSelectElement} */ (element("select", "", {
      "data-testid": "pace", "aria-label": "Speed", title: "Slow motion: the equations of a step light up in turn",
    }));
    this.pace.addEventListener("change", () => host.pace(Number(this.pace.value)));
    this.lights = element("span", "lights", {
      "aria-hidden": "true", title: "Equations of Atzmon et al., Controlling Neural Level Sets, NeurIPS 2019",
    });
    this.gif = this.button("gif", "GIF", "The whole training as a film: GIF");
    this.mp4 = this.button("mp4", "MP4", "The whole training as a film: MP4");
    this.element.append(this.pace, this.lights, this.slider, this.step, this.again, this.gif, this.mp4);
    this.held = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.lit = "";
    this.speeds = "";
    this.offer(0); // before the first picture too
  }

  button(id, words, title) {
    const button = /** @type {HTMLButtonElement} */ (element("button", "chip", { type: "button", "data-testid": id, title }));
    button.textContent = words;
    button.addEventListener("click", () => this.host.act(id));
    return button;
  }

  moved() {
    // For a while it shows what was chosen, not the pictures that are still under way.
    this.held = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.held = false; }, HELD);
    this.host.seek(Number(this.slider.value));
  }

  /** @param {Now} now */
  update({ newest, every, step, speed, playing, phases, phase }) {
    const { slider } = this;
    this.offer(speed);
    if (slider.max !== String(newest)) slider.max = String(newest);
    slider.step = newest % every ? "1" : String(every);
    if (!this.held) slider.value = String(step);
    slider.setAttribute("aria-valuetext", `step ${step} of ${newest}`);
    const back = !playing && step < newest;
    const text = back ? `${whole(step)} of ${whole(newest)}` : "";
    if (this.step.textContent !== text) this.step.textContent = text;
    this.again.hidden = !back;
    this.gif.disabled = this.mp4.disabled = newest === 0;
    slider.disabled = newest === 0;
    this.light(phases, phase);
  }

  // The speeds to choose from, the present one among them.
  offer(speed) {
    const all = SPEEDS.some(([value]) => value === speed) ? SPEEDS : [...SPEEDS, [speed, `${speed} steps/s`]];
    const key = all.map(([value]) => value).join();
    if (key !== this.speeds) {
      this.speeds = key;
      this.pace.replaceChildren(...all.map(([value, text]) => new Option(String(text), String(value))));
    }
    if (this.pace.value !== String(speed)) this.pace.value = String(speed);
  }

  light(phases, phase) {
    const key = phases.map(({ equation }) => (equation === phase?.equation ? `[${equation}]` : equation)).join();
    if (key === this.lit) return;
    this.lit = key;
    this.lights.hidden = !phases.length;
    this.lights.innerHTML = phases.map(({ equation, name }) =>
      `<span class="light${equation === phase?.equation ? " on" : ""}"><b>${equation}</b> ${name}</span>`).join("→");
  }
}

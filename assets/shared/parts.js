// Sliders, pictures, charts, and a slider that plays by itself.

import { element } from "./dom.js";
import { icon } from "./icons.js";

export function slider(id, title, hint) {
  const row = element("label", "slider", { title: hint });
  const name = element("span", "name");
  name.textContent = title;
  const input = element("input", "", { type: "range", "data-testid": id, "aria-label": title });
  const output = element("output", "", { "data-testid": `${id}-value` });
  row.append(name, input, output);
  return { row, input, output };
}

// A button that moves a view from place to place until `next` says that there is none left.
export class Player {
  constructor(title, every, begin, next) {
    this.button = element("button", "play", {
      type: "button", "data-testid": "play", title, "aria-label": title,
    });
    this.button.innerHTML = icon("play");
    this.button.addEventListener("click", () => (this.playing ? this.stop() : this.start()));
    this.every = every;
    this.begin = begin;
    this.next = next;
    this.playing = null;
  }

  start() {
    if (!this.begin()) return;
    this.button.innerHTML = icon("pause");
    this.playing = setInterval(() => { if (!this.next()) this.stop(); }, this.every);
  }

  stop() {
    clearInterval(this.playing);
    this.playing = null;
    this.button.innerHTML = icon("play");
  }
}

export function picture(id, title) {
  const box = element("figure", "picture");
  const heading = element("figcaption", "");
  heading.textContent = title;
  const canvas = element("canvas", "", { "data-testid": id, role: "img", "aria-label": title });
  const caption = element("div", "caption", { "data-testid": `${id}-text` });
  box.append(heading, canvas, caption);
  return { box, heading, canvas, caption };
}

export function chart(id, title) {
  const box = element("figure", "chart");
  const heading = element("figcaption", "");
  heading.textContent = title;
  const canvas = element("canvas", "", { "data-testid": id, role: "img", "aria-label": title });
  box.append(heading, canvas);
  return { box, heading, canvas };
}

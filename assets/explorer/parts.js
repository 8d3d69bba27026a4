// The elements of the explorer: sliders, pictures, charts.

import { element } from "../shared/dom.js";
import { icon } from "../shared/icons.js";

export function slider(id, title, hint) {
  const row = element("label", "slider", { title: hint });
  const name = element("span", "name");
  name.textContent = title;
  const input = element("input", "", { type: "range", "data-testid": id, "aria-label": title });
  const output = element("output", "", { "data-testid": `${id}-value` });
  row.append(name, input, output);
  return { row, input, output };
}

export function playButton() {
  const button = element("button", "play", {
    type: "button", "data-testid": "play", title: "Play the steps", "aria-label": "Play the steps",
  });
  button.innerHTML = icon("play");
  return button;
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

// The row of buttons. It only reports what was pressed; the playground decides.

import { GLOSSARY } from "../../shared/glossary.js";
import { icon } from "../../shared/icons.js";

export const TOOLS = ["brush-plus", "brush-minus", "move", "erase"];

// id, icon, name for screen readers, tooltip
const GROUPS = [
  ["Training", [
    ["play", "play", "Play", "Play or pause (K)"],
    ["step", "step", "One step", "One training step (S)"],
    ["reset", "reset", "Reset", "Start again from the same initialization"],
    ["seed", "seed", "New seed", "Start again from a new random initialization"],
  ]],
  ["Tools", [
    ["brush-plus", "plus", "Brush: blue points, class +1", "Blue points, class +1 (1)"],
    ["brush-minus", "minus", "Brush: orange points, class −1", "Orange points, class −1 (2)"],
    ["move", "move", "Move points", "Move points (3)"],
    ["erase", "erase", "Erase points", "Erase points (4)"],
  ]],
  ["Edit", [
    ["undo", "undo", "Undo", "Undo (Z or Ctrl+Z)"],
    ["redo", "redo", "Redo", "Redo (Y or Ctrl+Shift+Z)"],
    ["clear", "clear", "Clear all points", "Clear all points"],
  ]],
  ["Picture and help", [
    ["png", "download", "Download PNG", "Download the picture as PNG", "PNG"],
    ["svg", "download", "Download SVG", "Download the picture as SVG (vectors)", "SVG"],
    ["present", "present", "Present", "Presentation: fills the window, large type (P)"],
    ["drawer", "drawer", "Settings", "Settings, in a drawer"],
    ["help", "help", "Keyboard help", "Mouse and keyboard help (?)"],
  ]],
];

// id, text, what it shows, and the term of the glossary that explains its symbol
export const OVERLAYS = [
  ["field", "Field", "Colour field of F", "F"],
  ["contours", "S±1", "Level sets S₊₁ and S₋₁", "S1"],
  ["margins", "Margins", "Bars of input and output margin", "margin"],
  ["balls", "ε-balls", "Balls of radius ε around the points, dashed where the boundary cuts them", "epsilon"],
  ["path", "Newton", "Newton path of every point to S₀", "newton"],
  ["gradients", "Gradients", "Gradient of F where Newton's path ends", "gradient"],
  ["axis", "ρ axis", "The axis along which ρ measures", "rho"],
  ["motion", "Motion", "Predicted and actual motion of S₀ in one optimizer step", "sample_network"],
];

export class Toolbar {
  constructor(onAction) {
    this.element = document.createElement("div");
    this.element.className = "toolbar";
    this.buttons = new Map();
    for (const [name, items] of GROUPS) {
      const group = this.group(name);
      for (const [id, shape, label, title, text] of items) {
        const content = icon(shape) + (text ? `<span>${text}</span>` : "");
        group.append(this.button(id, content, label, title, () => onAction(id)));
      }
    }
    const show = this.group("Show", "show");
    show.insertAdjacentHTML("beforeend", '<span class="caption" aria-hidden="true">Show</span>');
    for (const [id, text, title, key] of OVERLAYS) {
      const name = `overlay-${id}`;
      const { symbol, sentence } = GLOSSARY[key];
      const words = `<span class="about" role="tooltip">${title}.<br><b>${symbol}</b> ${sentence}</span>`;
      const button = this.button(name, text + words, `${text}: ${title}`, "", () => onAction(name));
      button.classList.add("chip", "explains");
      show.append(button);
    }
  }

  group(name, extra = "") {
    const group = document.createElement("div");
    group.className = `group ${extra}`;
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", name);
    group.dataset.group = name.split(" ")[0].toLowerCase();
    this.element.append(group);
    return group;
  }

  button(id, content, label, title, onClick) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.testid = id;
    button.innerHTML = content;
    button.setAttribute("aria-label", label);
    if (title) button.title = title;
    button.addEventListener("click", onClick);
    this.buttons.set(id, button);
    return button;
  }

  // Names of groups that are not shown: training, tools, edit, picture, show.
  hide(names) {
    for (const group of /** @type {Iterable<HTMLElement>} */ (this.element.children)) {
      group.hidden = names.includes(group.dataset.group);
    }
  }

  update({ playing, pulse, tool, overlays, canUndo, canRedo, empty }) {
    const key = [playing, pulse, tool, [...overlays].sort(), canUndo, canRedo, empty].join();
    if (key === this.key) return;
    this.key = key;
    const play = this.buttons.get("play");
    play.classList.toggle("pulse", pulse);
    if (play.dataset.playing !== String(playing)) {
      play.dataset.playing = String(playing);
      play.innerHTML = icon(playing ? "pause" : "play");
      play.setAttribute("aria-label", playing ? "Pause" : "Play");
    }
    for (const id of TOOLS) this.buttons.get(id).setAttribute("aria-pressed", String(id === tool));
    for (const [id] of OVERLAYS) {
      this.buttons.get(`overlay-${id}`).setAttribute("aria-pressed", String(overlays.has(id)));
    }
    // aria-disabled and not disabled: the button keeps the focus after the last undo.
    for (const [id, enabled] of [["undo", canUndo], ["redo", canRedo], ["clear", !empty]]) {
      this.buttons.get(id).setAttribute("aria-disabled", String(!enabled));
    }
  }
}

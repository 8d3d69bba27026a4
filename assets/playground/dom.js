// The elements of the component, built once for each mount.

import { HELP } from "./keyboard.js";

export function element(tag, className, attributes = {}) {
  const node = document.createElement(tag);
  node.className = className;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

export function buildDom(parent, stylesheet) {
  const root = element("div", "playground", { "data-testid": "playground" });
  // Hidden until the style sheet is there: no flash of bare buttons.
  root.style.visibility = "hidden";
  const style = element("link", "", { rel: "stylesheet", href: stylesheet });
  const reveal = () => { root.style.visibility = ""; };
  const ready = new Promise((resolve) => {
    style.onload = resolve;
    style.onerror = resolve;
  }).then(reveal);
  const stage = element("div", "stage");
  const canvas = element("canvas", "", { "data-testid": "canvas", tabindex: "0", role: "application" });
  const tip = element("div", "tip", { "aria-hidden": "true" });
  tip.hidden = true;
  const hint = element("div", "hint");
  hint.innerHTML = "<b>Click to put a blue point,</b><br>right click or Shift for orange;<br>then press play.";
  hint.hidden = true;
  stage.append(canvas, hint, tip);
  parent.append(style, root);
  return { root, style, stage, canvas, tip, hint, ready };
}

export function buildErrorBar() {
  const bar = element("div", "error", { role: "alert", "aria-live": "assertive" });
  const text = element("span", "");
  const close = element("button", "", { type: "button", "aria-label": "Dismiss" });
  close.textContent = "×";
  close.addEventListener("click", () => { bar.hidden = true; });
  bar.append(text, close);
  bar.hidden = true;
  return { bar, say(message) { text.textContent = message; bar.hidden = false; } };
}

export function buildHelp(onClose) {
  const card = element("div", "help", { role: "dialog", "aria-label": "Mouse and keyboard help" });
  const rows = HELP.map(([keys, text]) => `<dt>${keys}</dt><dd>${text}</dd>`).join("");
  card.innerHTML = `<header><b>Mouse and keyboard</b></header><dl>${rows}</dl>`;
  const close = element("button", "", { type: "button", "aria-label": "Close help" });
  close.textContent = "×";
  close.addEventListener("click", onClose);
  card.firstChild.append(close);
  card.hidden = true;
  return card;
}

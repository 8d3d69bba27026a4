// The elements of the component, built once for each mount.

import { element, styledRoot } from "../shared/dom.js";

export function buildDom(parent, stylesheet) {
  const { root, style, ready } = styledRoot("playground", stylesheet, { "data-testid": "playground" });
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

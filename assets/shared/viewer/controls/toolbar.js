// The row above the picture: where to look from, and the picture as a file.

import { element } from "../../dom.js";
import { icon } from "../../icons.js";
import { PRESETS } from "../picture/camera.js";

const NAMES = { iso: "Slanted" };

export function buildToolbar(act) {
  const bar = element("div", "toolbar", { role: "toolbar", "aria-label": "View and picture" });
  const group = (label) => {
    const node = element("div", "group", { role: "group", "aria-label": label });
    bar.append(node);
    return node;
  };
  const button = (parent, id, content, title, onClick) => {
    const node = element("button", "", { type: "button", "data-testid": id, title, "aria-label": title });
    node.innerHTML = content;
    node.addEventListener("click", onClick);
    parent.append(node);
  };
  const views = group("View from");
  for (const preset of Object.keys(PRESETS)) {
    const name = NAMES[preset] ?? preset[0].toUpperCase() + preset.slice(1);
    button(views, `look-${preset}`, name, `View: ${name.toLowerCase()}`, () => act("look", preset));
  }
  button(views, "reset", icon("reset"), "Reset the view (0)", () => act("reset"));
  const files = group("Picture and help");
  button(files, "png", `${icon("download")}<span>PNG</span>`, "Download the picture as PNG (P)", () => act("png"));
  button(files, "gif", `${icon("download")}<span>GIF</span>`, "Download a turntable as GIF (G)", () => act("gif"));
  button(files, "help", icon("help"), "Mouse and keyboard help (?)", () => act("help"));
  return bar;
}

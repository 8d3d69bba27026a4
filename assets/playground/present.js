// Presentation: canvas and bars fill the window, type is large, the settings wait in a drawer.
// It is the browser's own affair: the page never runs for it.

import { element } from "../shared/dom.js";

// Data attributes of the whole page, for assets/app.css.
const MARK = "data-levelset-present";
const DRAWER = "data-levelset-drawer";
// Window px to one px of the layout. 12 px of type become 27 on a projector of 1920 px, which at
// 2 m of width is read from 10 m.
const LAYOUT = { width: 840, height: 500 };
const LARGEST = 4;
const PADDING = 8;
const page = document.documentElement;

export class Presentation {
  /**
   * @param {HTMLElement} root
   * @param {{ changed: () => void, key: (event: KeyboardEvent) => void }} host key: pressed beside
   *   the canvas, which is all that there is to see
   */
  constructor(root, host) {
    this.root = root;
    this.host = host;
    this.halo = element("div", "halo", { "aria-hidden": "true" });
    this.halo.hidden = true;
    root.append(this.halo);
    this.onKey = (event) => this.pressed(event);
    this.onMove = (event) => this.moved(event);
    document.addEventListener("keydown", this.onKey);
    root.addEventListener("pointermove", this.onMove);
    root.addEventListener("pointerleave", () => { this.halo.hidden = true; });
    this.on = false;
    if (new URLSearchParams(location.search).get("view") === "present") this.set(true);
  }

  get zoom() {
    if (!this.on) return 1;
    const fits = Math.min(innerWidth / LAYOUT.width, innerHeight / LAYOUT.height);
    return Math.min(Math.max(fits, 1), LARGEST);
  }

  /** Room for all of the playground, in px of its layout. */
  get height() {
    return innerHeight / this.zoom - 2 * PADDING;
  }

  set(on) {
    this.on = on;
    page.toggleAttribute(MARK, on);
    if (!on) this.drawer(false);
    this.halo.hidden = true;
    this.root.classList.toggle("presenting", on);
    this.fit();
    this.remember();
    this.host.changed();
  }

  toggle() { this.set(!this.on); }

  drawer(open = !page.hasAttribute(DRAWER)) {
    page.toggleAttribute(DRAWER, open && this.on);
  }

  /** Keeps the address true: the page writes it anew, and does not know of the presentation. */
  remember() {
    const url = new URL(location.href);
    if (this.on) url.searchParams.set("view", "present");
    else if (url.searchParams.get("view") === "present") url.searchParams.delete("view");
    if (url.href !== location.href) history.replaceState(history.state, "", url);
  }

  fit() {
    this.root.style.zoom = this.on ? String(this.zoom) : "";
  }

  // Outside of the canvas too, but not where somebody types.
  pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [target] = event.composedPath();
    if (target instanceof Element && target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key.toLowerCase() === "p") this.toggle();
    else if (event.key === "Escape" && this.on) this.escape();
    else if (this.on || (event.key === "?" && !event.defaultPrevented)) this.host.key(event);
  }

  escape() {
    if (page.hasAttribute(DRAWER)) this.drawer(false);
    else if (this.on) this.set(false);
  }

  moved({ clientX, clientY, pointerType }) {
    if (!this.on || pointerType === "touch") return;
    const { left, top } = this.root.getBoundingClientRect();
    this.halo.hidden = false;
    this.halo.style.translate = `${(clientX - left) / this.zoom}px ${(clientY - top) / this.zoom}px`;
  }

  stop() {
    document.removeEventListener("keydown", this.onKey);
    if (this.on) page.toggleAttribute(MARK, false);
    page.toggleAttribute(DRAWER, false);
  }
}

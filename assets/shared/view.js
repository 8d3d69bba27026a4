// What every front end is: a root under its own style sheet that knows the page's theme, draws
// at most one picture a frame, and lives as long as the element that Streamlit gave it.

import { KINDS } from "./arrays.js";
import { element, keepKeys, skipLink } from "./dom.js";
import { pageTheme, sameTheme } from "./theme.js";

/**
 * What Streamlit hands over at every change of data or theme.
 * @typedef {object} Args
 * @property {HTMLElement | ShadowRoot} parentElement
 * @property {any} data
 * @property {(name: string, value: unknown) => void} setStateValue
 */

export class View {
  /**
   * @param {Args["parentElement"]} parent
   * @param {object} options
   * @param {string} options.name - class of the root, and its data-testid unless that is given
   * @param {string} [options.looks] - further classes: "tools", "sliders" of view.css
   * @param {string} options.url - of the module: its style.css lies beside it
   * @param {string} [options.testid]
   * @param {object} [options.light] - colours besides the page's own
   * @param {object} [options.dark]
   */
  constructor(parent, options) {
    const { name, url, looks = "", testid = name, light = { dark: false }, dark = { dark: true } } = options;
    this.parent = parent;
    this.colours = [light, dark];
    /** @type {any} */
    this.theme = null;
    /** @type {Args["setStateValue"]} */
    this.setStateValue = () => {};
    /** @type {HTMLElement | null} */
    this.skip = null;
    this.raf = 0;
    this.asked = 0;
    this.root = element("div", `view ${name} ${looks}`, { "data-testid": testid });
    keepKeys(this.root);
    this.sheets = [new URL("view.css", import.meta.url), new URL("style.css", url)].map(({ href }) =>
      element("link", "", { rel: "stylesheet", href }));
    // Hidden until the style sheets are there: no flash of bare buttons.
    this.root.style.visibility = "hidden";
    Promise.all(this.sheets.map(settled)).then(() => {
      this.root.style.visibility = "";
      this.resized();
    });
    this.attach();
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(this.root);
  }

  attach() { this.parent.append(...this.sheets, this.root); }

  /** What the page is about, for those who go by keyboard. @param {HTMLElement} target @param {string} name */
  leadTo(target, name) { this.skip = skipLink(`Skip to the ${name}`, target); }

  /** @param {any} data @param {Pick<Args, "setStateValue">} args */
  apply(data, { setStateValue }) {
    this.setStateValue = setStateValue;
    if (this.root.parentNode !== this.parent) this.attach();
    const theme = pageTheme(this.root, this.colours[0], this.colours[1]);
    if (!sameTheme(theme, this.theme)) {
      this.theme = theme;
      this.root.dataset.theme = theme.dark ? "dark" : "light";
      this.themed();
    }
    this.update(data);
  }

  /** New data have come. @param {any} _data */
  update(_data) {}

  /** The theme has changed; `update` follows. */
  themed() {}

  resized() { this.request(); }

  draw() {}

  request() {
    this.raf ||= requestAnimationFrame(() => {
      this.raf = 0;
      this.draw();
    });
  }

  /**
   * The array that `ref` names; null where another was asked for meanwhile, or it is gone.
   * @param {{ base: string, arrays: string }} data
   * @param {{ name: string, dtype: string }} ref
   */
  async array({ base, arrays }, { name, dtype }) {
    const call = ++this.asked;
    const response = await fetch(`${base}${arrays}/${name}`);
    const bytes = response.ok ? await response.arrayBuffer() : null;
    return bytes && call === this.asked ? new KINDS[dtype](bytes) : null;
  }

  destroy() {
    this.observer.disconnect();
    cancelAnimationFrame(this.raf);
    for (const node of [...this.sheets, this.root, this.skip]) node?.remove();
  }
}

function settled(sheet) {
  return new Promise((resolve) => { sheet.onload = sheet.onerror = resolve; });
}

// Cleanup may also run between two calls of a mounted front end, so it waits and looks
// before it destroys.
const GRACE = 800;

/**
 * The export for a front end. Streamlit calls it again, on the same element, at every change.
 * @param {new (parent: Args["parentElement"], args: Args) => View} FrontEnd
 */
export function mounter(FrontEnd) {
  const instances = new WeakMap();
  return function mount(/** @type {Args} */ args) {
    const { parentElement, data } = args;
    let entry = instances.get(parentElement);
    if (!entry) {
      entry = { view: new FrontEnd(parentElement, args), calls: 0 };
      instances.set(parentElement, entry);
    }
    entry.calls += 1;
    entry.view.apply(data, args);
    const call = entry.calls;
    return () => {
      const look = () => {
        if (entry.calls !== call || instances.get(parentElement) !== entry) return;
        if (parentElement.isConnected && entry.view.root.isConnected) {
          setTimeout(look, 5 * GRACE);
          return;
        }
        instances.delete(parentElement);
        entry.view.destroy();
      };
      setTimeout(look, GRACE);
    };
  };
}

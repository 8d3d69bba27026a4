// Streamlit mounts a chart anew whenever its figure changes, and for a frame or more it is empty.
// A copy of the last picture stands in its place until the new one is drawn.

const COLUMNS = '.st-key-playground_charts [data-testid="stColumn"]';
const CHART = '[data-testid="stPlotlyChart"]';
const COPY_AFTER = 120; // ms without a change

export class SteadyCharts {
  constructor() {
    /** @type {WeakMap<Element, HTMLElement>} */
    this.copies = new WeakMap();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    // Its callback comes before the browser paints, so that the empty chart is never seen.
    this.observer = new MutationObserver(() => this.look());
    this.observer.observe(document.body, { childList: true, subtree: true });
  }

  look() {
    for (const column of document.querySelectorAll(COLUMNS)) {
      const copy = this.copies.get(column);
      if (column.querySelector(`${CHART} .main-svg .js-line`)) copy?.remove();
      else if (copy && !copy.isConnected) column.append(copy);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), COPY_AFTER);
  }

  keep() {
    for (const column of document.querySelectorAll(COLUMNS)) {
      const plot = column.querySelector(`${CHART} .js-plotly-plot`);
      if (!plot?.querySelector(".main-svg")) continue;
      this.copies.get(column)?.remove();
      this.copies.delete(column);
      if (!plot.querySelector(".js-line")) continue; // nothing to draw, of another history
      const { left, top } = column.getBoundingClientRect();
      const box = plot.getBoundingClientRect();
      const copy = /** @type {HTMLElement} */ (plot.cloneNode(true));
      copy.className = "levelset-steady";
      copy.setAttribute("aria-hidden", "true");
      copy.querySelector(".modebar-container")?.remove(); // its looks come from the class
      Object.assign(copy.style, { left: `${box.left - left}px`, top: `${box.top - top}px` });
      this.copies.set(column, copy);
    }
  }

  /** Their colours are those of a theme that has gone. */
  forget() {
    for (const column of document.querySelectorAll(COLUMNS)) {
      this.copies.get(column)?.remove();
      this.copies.delete(column);
    }
  }

  stop() {
    this.observer.disconnect();
    clearTimeout(this.timer);
    this.forget();
  }
}

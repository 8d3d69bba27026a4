// The first picture of the app: the four panels of Figure 1 train, from a stored film, drawn by the
// playground's own code. Nothing runs on the server.

import { Screen } from "../../playground/plot/screen.js";
import { DARK, LIGHT } from "../../playground/plot/theme.js";
import { element } from "../../shared/dom.js";
import { icon } from "../../shared/icons.js";
import { whole } from "../../shared/text.js";
import { mounter, View } from "../../shared/view.js";
import { fetchFilm } from "./film.js";
import { arrangeHero } from "./layout.js";

const EVERY = 190; // ms a frame; the canvas blends one into the next
const REST = 3500; // ms on the last frame, the one to be looked at

class FilmScreen extends Screen {
  arrangement() { return arrangeHero(this.size.width); }
}

class Hero extends View {
  constructor(parent, { data }) {
    super(parent, { name: "hero", looks: "sliders", url: import.meta.url, light: LIGHT, dark: DARK });
    this.bounds = data.bounds;
    this.points = [];
    this.overlays = new Set(["field", "margins"]);
    this.at = 0;
    this.build(data);
    this.screen = new FilmScreen(this.canvas, this.stage, () => this.model(), {
      laidOut: (layout) => this.placeCaptions(layout),
    });
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.wanted = !this.still.matches; // what the person, or the system's setting, wants
    this.seen = new IntersectionObserver(([{ isIntersecting }]) => {
      this.visible = isIntersecting;
      this.go();
    });
    this.seen.observe(this.stage);
    this.load();
  }

  build({ captions, label }) {
    this.stage = element("div", "stage");
    this.canvas = element("canvas", "", { "data-testid": "film", role: "img", "aria-label": label });
    this.captions = captions.map((text) => {
      const caption = element("p", "caption");
      caption.textContent = text;
      return caption;
    });
    this.button = element("button", "play", { type: "button", "data-testid": "play" });
    this.button.addEventListener("click", () => {
      this.wanted = !this.wanted;
      if (this.wanted && this.at === this.film?.frames.length - 1) this.at = 0;
      this.go();
    });
    this.slider = element("input", "", { type: "range", min: "0", value: "0", "aria-label": "Training step" });
    this.slider.addEventListener("input", () => {
      this.wanted = false;
      this.show(Number(this.slider.value));
      this.go();
    });
    this.step = element("output", "step");
    this.slider.title = this.step.title = "The film dwells on the first steps: most happens there";
    const bar = element("div", "bar");
    bar.append(this.button, this.slider, this.step);
    this.stage.append(this.canvas, ...this.captions);
    this.root.append(this.stage, bar);
  }

  async load() {
    try {
      this.film = await fetchFilm(new URL("figure_1.film", import.meta.url));
    } catch {
      this.root.dataset.state = "missing";
      return;
    }
    this.points = this.film.points.map(([x, y, label]) => ({ x, y, label }));
    this.slider.max = String(this.film.frames.length - 1);
    // Who sees a still sees the end, where the panels differ.
    this.show(this.wanted ? 0 : this.film.frames.length - 1);
    this.go();
  }

  /** Play, or do not: by what is wanted, and whether anybody can see it. */
  go() {
    const name = this.wanted ? "Pause" : "Play";
    this.button.innerHTML = icon(name.toLowerCase());
    this.button.title = name;
    this.button.setAttribute("aria-label", `${name} the film`);
    this.root.dataset.state = this.wanted ? "playing" : "paused";
    clearTimeout(this.timer);
    if (this.wanted && this.visible && this.film) this.timer = setTimeout(() => this.next(), EVERY);
  }

  next() {
    const { length } = this.film.frames;
    this.show((this.at + 1) % length);
    this.timer = setTimeout(() => this.next(), this.at === length - 1 ? REST : EVERY);
  }

  show(at) {
    this.at = at;
    const frame = this.film.frames[at];
    this.screen.instant = at === 0; // the end does not melt into the beginning
    const { step } = frame.panels[0].info;
    this.slider.value = String(at);
    this.slider.setAttribute("aria-valuetext", `step ${step}`);
    this.step.textContent = `step ${whole(step)} of ${whole(this.film.frames.at(-1).panels[0].info.step)}`;
    this.root.dataset.step = step;
    this.screen.receive(frame);
  }

  model() {
    const { theme, bounds, overlays, points } = this;
    return { theme, bounds, overlays, points, annotations: [], highlight: null, cursor: null,
      probe: null, alignedTo: () => points };
  }

  themed() { this.screen.request(true); }

  resized() {
    const { clientWidth: width } = this.root;
    if (width > 0 && width !== this.screen.size.width) this.screen.resize(width, 0);
  }

  placeCaptions({ panels, captions }) {
    this.captions.forEach((caption, i) => Object.assign(caption.style, {
      left: `${panels[i].x}px`, top: `${captions[i]}px`, width: `${panels[i].size}px`,
    }));
  }

  destroy() {
    clearTimeout(this.timer);
    this.seen.disconnect();
    this.screen.stop();
    super.destroy();
  }
}

export default mounter(Hero);

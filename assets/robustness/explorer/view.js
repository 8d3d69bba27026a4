// One image under attack: the step slider moves over iterates that are all here already.

import { ViewAddress } from "../../shared/address.js";
import { tell } from "../../shared/bus.js";
import { element } from "../../shared/dom.js";
import { chart, picture, Player, slider } from "../../shared/parts.js";
import { DARK, framePixel, greyImage, LIGHT, paintPixels, signedImage } from "../../shared/pixels.js";
import { limits, plot } from "../../shared/plot.js";
import { escaped, number } from "../../shared/text.js";
import { mounter, View } from "../../shared/view.js";
import { paintBars } from "./bars.js";

const WHILE_SLIDING = 120; // ms between two attacks
const FRAME = 90; // ms a step while it plays

class ExplorerView extends View {
  constructor(parent) {
    super(parent, {
      name: "explorer", looks: "sliders", url: import.meta.url, light: LIGHT, dark: DARK,
    });
    this.address = new ViewAddress("explorer");
    this.step = null;
    this.key = null;
    this.level = 0;
    this.preferred = null; // what the person chose
    this.wanted = null; // epsilon asked for and not answered yet
    this.build();
  }

  build() {
    this.epsilon = slider("epsilon", "ε", "Half side of the box that the attack may use");
    this.steps = slider("step", "Step", "Steps of the attack; 0 is its random start");
    this.player = new Player("Play the steps", FRAME, () => this.begin(), () => this.next());
    const bar = element("div", "controls");
    bar.append(this.epsilon.row, this.steps.row, this.player.button);
    this.pictures = {
      image: picture("image", "Image x"),
      change: picture("change", "Perturbation δ"),
      adversarial: picture("adversarial", "Attacked x + δ"),
      level: picture("level", "Level set point p"),
    };
    this.choice = element("select", "", { "aria-label": "How the level set point is found" });
    this.pictures.level.heading.replaceChildren("p: ", this.choice);
    this.choice.addEventListener("change", () => {
      this.level = this.preferred = Number(this.choice.value);
      this.request();
    });
    const row = element("div", "pictures");
    row.append(...Object.values(this.pictures).map(({ box }) => box));
    this.bars = chart("logits", "Output of each class (ticks: of x)");
    this.fall = chart("fall", "Fʲ over the steps (dotted: of x)");
    this.along = chart("along", "Fʲ from x towards the last step");
    const charts = element("div", "charts");
    charts.append(this.bars.box, this.fall.box, this.along.box);
    this.root.append(bar, row, charts);
    const { input } = this.epsilon;
    input.addEventListener("input", () => this.want(false));
    input.addEventListener("change", () => this.want(true));
    this.steps.input.addEventListener("input", () => {
      this.player.stop();
      this.go(Number(this.steps.input.value));
    });
  }

  update(data) {
    const { input } = this.epsilon;
    [input.min, input.max, input.step] = [0, data.epsilon_max, data.epsilon_step];
    // An answer to an earlier wish leaves the slider where the hand, or the arrow key, has put it.
    if (this.wanted === null || Math.abs(data.epsilon - this.wanted) < data.epsilon_step / 2) {
      this.wanted = null;
      input.value = data.epsilon;
      this.epsilon.output.textContent = Number(data.epsilon).toFixed(data.digits);
    }
    if (data.address) this.address.keep(data.address);
    if (data.key !== this.key) this.fetch(data);
    else this.request();
  }

  async fetch(data) {
    this.key = data.key;
    this.root.dataset.busy = "true";
    const values = await this.array(data, data.frames);
    if (!values) return;
    const [, d] = data.frames.shape;
    const other = this.data?.subject !== data.subject;
    this.data = data;
    this.frame = (k) => values.subarray(k * d, (k + 1) * d);
    const last = data.margins.length - 1;
    this.steps.input.max = last;
    if (other || this.step === null || this.step > last) this.step = last;
    this.root.dataset.busy = "false";
    this.choose(data.levels);
    this.go(this.step);
  }

  choose(levels) {
    this.choice.replaceChildren(...levels.map(({ name }, k) => {
      const option = element("option", "", { value: String(k) });
      option.textContent = name;
      return option;
    }));
    const found = levels.findIndex(({ frame }) => frame !== null);
    this.level = this.preferred ?? Math.max(found, 0);
    this.choice.value = String(this.level);
  }

  // Python hears of a slide now and then, and of its end at once.
  want(settled) {
    const epsilon = Number(this.epsilon.input.value);
    this.epsilon.output.textContent = epsilon.toFixed(this.data?.digits ?? 2);
    this.sliding = !settled;
    this.wanted = epsilon;
    const send = () => {
      clearTimeout(this.timer);
      this.timer = null;
      const value = Number(this.epsilon.input.value);
      this.setStateValue("wanted", { epsilon: value, settled: !this.sliding });
    };
    if (settled) send();
    else this.timer ??= setTimeout(send, WHILE_SLIDING);
  }

  begin() {
    if (this.data && this.step >= this.data.margins.length - 1) this.go(0);
    return this.data;
  }

  next() {
    const more = this.step < this.data.margins.length - 1;
    if (more) this.go(this.step + 1);
    return more;
  }

  go(step) {
    this.step = step;
    this.steps.input.value = step;
    this.steps.output.textContent = step;
    if (this.data) tell("attack step", { key: this.key, step });
    this.request();
  }

  draw() {
    const { data, step, theme, root } = this;
    if (!data || !theme || !root.clientWidth) return;
    const logits = data.logits[step + 1];
    const winner = logits.indexOf(Math.max(...logits));
    Object.assign(root.dataset, {
      step, epsilon: data.epsilon, margin: data.margins[step], winner, key: data.key,
    });
    this.drawPictures(logits, winner);
    const third = Math.floor((root.clientWidth - 24) / 3);
    const height = 176;
    const all = data.logits.flat();
    paintBars(this.bars.canvas, theme, {
      width: third, height, names: data.classes, logits, first: data.logits[0],
      label: data.label, range: [Math.min(0, ...all), Math.max(0, ...all)],
    });
    const at = data.margins.map((_, k) => k);
    const broken = data.first_broken;
    plot(this.fall.canvas, theme, {
      width: third, height, x: [0, Math.max(1, at.length - 1)],
      y: limits([...data.margins, data.image_margin]), label: "step",
      lines: [
        { x: [0, at.length - 1], y: [data.image_margin, data.image_margin], colour: theme.muted, dash: [2, 3] },
        { x: at, y: data.margins, colour: theme.plus },
      ],
      marks: [
        ...(broken === null ? [] : [{
          x: broken, y: data.margins[broken], colour: theme.minus, shape: "ring", text: data.image_margin < 0 ? "wrong as it is" : `broken at ${broken}`,
        }]),
        { x: step, y: data.margins[step], colour: theme.accent, shape: "dot" },
      ],
    });
    const { distance, margin, root: zero } = data.along;
    plot(this.along.canvas, theme, {
      width: third, height, x: [0, distance.at(-1) || 1], y: limits(margin),
      label: "L∞ distance from x",
      lines: [{ x: distance, y: margin, colour: theme.plus }],
      marks: zero === null ? [] : [{
        x: zero, y: 0, colour: theme.minus, shape: "square", text: `boundary at ${number(zero)}`,
      }],
    });
  }

  drawPictures(logits, winner) {
    const { data, theme, pictures } = this;
    const side = Math.floor((this.root.clientWidth - 36) / 4);
    const [x, now] = [this.frame(0), this.frame(this.step + 1)];
    const name = (k) => escaped(data.classes[k]);
    const change = now.map((v, k) => v - x[k]);
    paintPixels(pictures.image.canvas, greyImage(x, data.shape), side);
    const first = data.logits[0];
    const seen = first.indexOf(Math.max(...first));
    say(pictures.image.caption, `seen as <b>${name(seen)}</b>, ${data.label_name} ${name(data.label)}`);
    const context = paintPixels(
      pictures.change.canvas, signedImage(change, data.shape, data.epsilon, theme), side,
    );
    const size = change.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    say(pictures.change.caption,
      `<i class="key plus"></i> +ε <i class="key minus"></i> −ε, |δ|∞ ${number(size)}`);
    paintPixels(pictures.adversarial.canvas, greyImage(now, data.shape), side);
    const wrong = winner !== data.label;
    const broken = seen === data.label ? "✕ broken" : "✕ wrong as it is";
    say(pictures.adversarial.caption,
      `seen as <b>${name(winner)}</b> <span class="${wrong ? "broken" : "right"}">${wrong ? broken : "✓ stands"}</span>`);
    const level = data.levels[this.level];
    const p = level.frame === null ? x : this.frame(level.frame);
    const canvas = paintPixels(pictures.level.canvas, greyImage(p, data.shape), side);
    if (level.frame === null) {
      say(pictures.level.caption, level.missing);
    } else {
      framePixel(canvas, side, data.shape, level.pixel);
      framePixel(context, side, data.shape, level.pixel);
      say(pictures.level.caption,
        `L∞ <b>${number(level.linf)}</b>, L2 <b>${number(level.l2, 2)}</b>, ▢ρ ${number(level.rho)}`);
    }
  }

  destroy() {
    this.player.stop();
    this.address.leave();
    super.destroy();
  }
}

function say(node, html) {
  if (node.innerHTML !== html) node.innerHTML = html;
}

export default mounter(ExplorerView);

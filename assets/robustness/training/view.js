// Accuracies over the epochs and the histogram of margins at one: a slider goes back in time.

import { element } from "../../shared/dom.js";
import { chart, Player, slider } from "../../shared/parts.js";
import { DARK, LIGHT } from "../../shared/pixels.js";
import { plot } from "../../shared/plot.js";
import { percent } from "../../shared/text.js";
import { mounter, View } from "../../shared/view.js";
import { counts, paintHistogram } from "./histogram.js";

const FRAME = 160; // ms an epoch while it plays
const HEIGHT = 290;

class TrainingView extends View {
  constructor(parent) {
    super(parent, {
      name: "training", looks: "sliders", url: import.meta.url, light: LIGHT, dark: DARK,
    });
    this.following = true;
    this.epoch = 0;
    this.build();
  }

  build() {
    this.slider = slider("epoch", "Epoch", "Looks at the test images, one after every epoch");
    [this.slider.input.min, this.slider.input.step] = [0, 1];
    this.player = new Player("Play the epochs", FRAME, () => this.begin(), () => this.next());
    const bar = element("div", "controls");
    bar.append(this.slider.row, this.player.button);
    this.curves = chart("curves", "Test accuracy: clean (dashed), under attack (solid)");
    this.histogram = chart("histogram", "Margins of the test images");
    this.legend = element("div", "legend", { "data-testid": "legend" });
    const charts = element("div", "charts");
    charts.append(this.curves.box, this.histogram.box);
    this.root.append(bar, this.legend, charts);
    this.slider.input.addEventListener("input", () => {
      this.player.stop();
      this.go(Number(this.slider.input.value));
      this.following = this.epoch >= this.last;
    });
  }

  update(data) {
    if (data.key !== this.data?.key) this.following = true;
    this.data = data;
    this.last = Math.max(0, ...data.runs.map((run) => run.epochs.at(-1)));
    this.bins = data.runs.map((run) => run.distances.map((row) => counts(row, data.range)));
    this.most = Math.max(5, ...this.bins.flat(2)) * 1.05;
    this.slider.input.max = this.last;
    if ((this.following && !this.player.playing) || this.epoch > this.last) this.go(this.last);
    else this.go(this.epoch);
  }

  begin() {
    if (this.epoch >= this.last) this.go(0);
    return true;
  }

  next() {
    const more = this.epoch < this.last;
    if (more) this.go(this.epoch + 1);
    else this.following = true;
    return more;
  }

  go(epoch) {
    this.epoch = epoch;
    this.slider.input.value = epoch;
    this.slider.output.textContent = epoch;
    this.request();
  }

  // The look of a run at the present epoch, or its last before.
  at(run) {
    const later = run.epochs.findIndex((epoch) => epoch > this.epoch);
    return later < 0 ? run.epochs.length - 1 : Math.max(0, later - 1);
  }

  draw() {
    const { data, theme } = this;
    if (!data?.runs.length || !theme || !this.root.clientWidth) return;
    const colours = [theme.plus, theme.minus];
    const width = Math.floor((this.root.clientWidth - 18) / 2);
    plot(this.curves.canvas, theme, {
      width, height: HEIGHT, x: [0, Math.max(5, this.last)], y: [-0.04, 1.04], label: "epoch",
      lines: data.runs.flatMap((run, j) => [
        { x: run.epochs, y: run.clean, colour: colours[j], dash: [7, 4] },
        { x: run.epochs, y: run.robust, colour: colours[j] },
      ]),
      marks: data.runs.map((run, j) => {
        const k = this.at(run);
        return { x: run.epochs[k], y: run.robust[k], colour: colours[j], shape: j ? "square" : "dot" };
      }),
      verticals: [{ x: this.epoch, colour: theme.accent }],
    });
    paintHistogram(this.histogram.canvas, theme, {
      width, height: HEIGHT, range: data.range, most: this.most, epsilon: data.epsilon,
      runs: data.runs.map((run, j) => ({ bins: this.bins[j][this.at(run)], colour: colours[j] })),
    });
    this.legend.replaceChildren(...data.runs.map((run, j) => this.entry(run, colours[j])));
    const looks = data.runs.map((run) => this.at(run));
    Object.assign(this.root.dataset, {
      epoch: this.epoch, last: this.last, runs: data.runs.length,
      robust: data.runs.map((run, j) => run.robust[looks[j]]).join(" "),
    });
  }

  entry(run, colour) {
    const k = this.at(run);
    const item = element("span", "");
    const key = element("i", "");
    key.style.background = colour;
    const known = run.distances[k].filter((v) => v !== null).sort((a, b) => a - b);
    const missing = run.distances[k].length - known.length;
    const epoch = run.epochs[k];
    const text = [
      epoch === this.epoch ? "" : `epoch ${epoch}:`,
      `clean ${percent(run.clean[k])}`, `under attack ${percent(run.robust[k])}`,
      known.length ? `median margin ${known[Math.floor(known.length / 2)].toFixed(3).replace("-", "−")}` : "",
      missing ? `${missing} images without a boundary found` : "",
    ];
    const title = element("b", "");
    title.textContent = run.title;
    item.append(key, title, ` ${text.filter(Boolean).join(", ").replace(":,", ":")}`);
    return item;
  }

  destroy() {
    this.player.stop();
    super.destroy();
  }
}

export default mounter(TrainingView);

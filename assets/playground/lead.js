// The sentence over the canvas: what is seen now. It changes with the state of the training, and
// brings the one button that helps there.

import { element } from "../shared/dom.js";
import { explained } from "../shared/terms.js";
import { asksForMargin, otherNorm } from "./plot/asked.js";
import { DISTANCE_NAMES, number, percent, whole } from "../shared/text.js";

const EVERY = 350; // ms; a sentence that changes faster cannot be read
const CALM = 1200; // ms; the same where only a distance in it changes
const RESTING = 5000; // ms; the same once it is done
const PATIENT = 800; // steps after which a few points that are still wrong are explained
const FEW = 0.05; // of the points
const SETTLED = 1000; // steps after which a loss without a wanted margin counts as done

const DISTANCES = /\d\.\d+/g;

/**
 * What is seen: the name of the state, and the sentence with its terms in braces.
 * @param {{ count: number, playing: boolean, begins?: boolean, changed?: boolean, header: any, panels: any[], bars: boolean, dark: boolean,
 *   lesson?: boolean, wrongFor?: number, phase?: import("./time/phases.js").Phase | null }} now
 * @returns {[string, string]}
 */
export function leadOf({ count, playing, begins = false, changed = false, header, panels, bars, dark, lesson = false,
  wrongFor = 0, phase = null }) {
  const infos = panels.map(({ info }) => info);
  const several = infos.length > 1;
  const line = `${dark ? "white" : "black"} line`;
  const each = bars ? ` Each bar is {margin|how far a point is from it}.` : "";
  if (!count) return ["empty", "Put points of two classes on the plane, blue and orange. Then press play."];
  if (!header || !infos.length) return ["untrained", "These are points of two classes, blue and orange. The network appears in a moment."];
  const ill = infos.find((info) => info.trouble && !(lesson && /^Collapsed/.test(info.trouble)));
  if (ill) return ["collapsed", several ? `${ill.title}: ${ill.trouble}` : ill.trouble];
  const { step } = infos[0];
  if (phase) {
    const place = phase.equation.startsWith("Eq.") ? `${phase.equation} of the paper: ` : "";
    return ["training", place + phase.sentence];
  }
  const press = begins ? "Training begins in a moment." : playing ? "" : "It is untrained: press play.";
  if (!step) {
    return ["untrained", several
      ? `Four networks with the same weights. Each ${line} is {S0|where one says 0}; they differ in the loss alone.${begins || playing ? "" : " Press play."}`
      : `The ${line} is {S0|where the network says 0}.${each} Click to put points of your own. ${press}`];
  }
  if (changed && infos.every(({ accuracy }) => accuracy === 1)) {
    return [playing ? "training" : "paused", "The points changed. Their figures follow in a moment."];
  }
  const done = infos.every((info) => info.accuracy === 1 && isDone(info, header));
  const head = !playing && !done && !several ? `Paused at step ${whole(step)}. ` : "";
  const name = done ? "done" : playing ? "training" : "paused";
  const tail = done && playing ? " Training goes on until you pause it."
    : !done && !playing && !several ? " Press play to go on."
      : !several && wrongFor > PATIENT ? givenUp(infos[0]) : "";
  if (several) return [name, head + comparison(infos, header) + tail];
  if (header.opening && playing) {
    return ["training", `Slowly at first: step by step the ${line} moves between the classes.`
      + (bars ? " A bar below 0 is a point on the wrong side." : "")];
  }
  return [name, head + progress(infos[0], header, count, done) + tail];
}

function isDone(info, { wanted_margin: wanted }) {
  if (info.margin_min === null) return false;
  return asksForMargin(info) && wanted > 0 ? info.margin_min >= wanted : info.step >= SETTLED;
}

const norm = (info) => DISTANCE_NAMES[info.norm] ?? "";

function progress(info, header, count, done) {
  const { accuracy, margin_min: least, objective } = info;
  if (accuracy === null) return "Each bar is {margin|how far a point is from the line}.";
  if (accuracy < 1) {
    const wrong = Math.round((1 - accuracy) * count);
    return `${wrong} of ${count} points ${wrong === 1 ? "is" : "are"} still on the wrong side of the line.`;
  }
  if (least === null) return "Every point is right, but there is no line near the points.";
  const near = `the nearest one is ${number(least, 3)} (${norm(info)}) from the line`;
  const wanted = header.wanted_margin;
  if (asksForMargin(info) && wanted > 0) {
    return done ? `Done: every point is on its side, and ${near}; {epsilon} = ${number(wanted, 2)} was wanted.`
      : `Every point is on its side. Now the line moves away from them: ${near}, {epsilon} = ${number(wanted, 2)} is wanted.`;
  }
  if (objective === "geometric_svm") {
    return `${done ? "Done: every" : "Every"} point is on its side; ${near}. ${done
      ? "The band between {S1|S₊₁ and S₋₁} is wide." : "Now the band between {S1|S₊₁ and S₋₁} grows wide."}`;
  }
  return `${done ? "Done: every" : "Every"} point is on its side; ${near}. This loss sees the `
    + "{output_margin|network's output} only: how near the line passes is left to chance.";
}

// A loss that acts where the line is nearest has nothing to pull where a point lies deep among others.
function givenUp({ objective, accuracy }) {
  if (1 - accuracy > FEW || !/^margin|^geometric_svm/.test(objective)) return "";
  return " This loss only moves the line that is there. It draws no new one around a point deep among the others: {cross_entropy} can.";
}

function comparison(infos, { epsilon }) {
  const right = infos.every(({ accuracy }) => accuracy === 1);
  const parts = infos.map((info) => `${info.title} ${right ? number(info.margin_min, 3) : percent(info.accuracy)}`);
  if (!right) return `Points on their side: ${parts.join(", ")}.`;
  const least = infos.reduce((one, other) => (other.margin_min < one.margin_min ? other : one));
  const why = least.objective === "cross_entropy"
    ? "{cross_entropy} asks for no distance, so its line passes nearest." : "";
  return [`Smallest {margin|margins} in ${norm(infos[0])}: ${parts.join(", ")}.`, why, otherNorm(infos, epsilon)]
    .filter(Boolean).join(" ");
}

export class Lead {
  /** @param {(id: string) => void} onAction */
  constructor(onAction) {
    this.element = element("div", "lead", { "data-testid": "lead" });
    this.text = element("p", "", {});
    this.element.append(this.text);
    /** @type {Record<string, HTMLButtonElement>} */
    this.buttons = {};
    for (const [id, words] of [["revert", "Undo the change"], ["fast", "Skip the slow start"], ["tour", "Tour, 90 s"]]) {
      const button = /** @type {HTMLButtonElement} */ (element("button", "chip", { type: "button", "data-testid": id }));
      button.textContent = words;
      button.addEventListener("click", () => onAction(id));
      this.buttons[id] = button;
      this.element.append(button);
    }
    this.shownAt = -Infinity;
    /** @type {number | null} */
    this.wrongSince = null; // the step since which points are on the wrong side
    this.room = { width: 0, height: 0 }; // of the text, the most that it took at this width
    this.state = "";
    this.sentence = this.wrongKey = "";
  }

  /**
   * Whether all is shown; else call again, since somebody reads, or digits would roll.
   * @param {Parameters<typeof leadOf>[0] & { change: string, touring: boolean }} now @param {number} at
   */
  update(now, at) {
    const [state, sentence] = leadOf({ ...now, wrongFor: this.wrongFor(now) });
    const { revert, fast, tour } = this.buttons;
    revert.hidden = state !== "collapsed" || !now.change;
    revert.textContent = `Undo the change (${now.change})`;
    fast.hidden = !(now.playing && now.header?.opening);
    tour.hidden = now.touring || state === "collapsed";
    if (sentence === this.sentence) return true;
    const read = this.text.matches(":hover, :focus-within");
    const wait = now.phase || sentence.replace(DISTANCES, "") !== this.sentence.replace(DISTANCES, "") ? EVERY
      : state === "done" && now.playing ? RESTING : CALM;
    if (state === this.state && (read || at - this.shownAt < wait)) return false;
    Object.assign(this, { state, sentence, shownAt: at });
    this.element.dataset.state = state;
    this.text.innerHTML = explained(sentence);
    this.keepRoom();
    return true;
  }

  // Steps for which points have been on the wrong side; a change of the points begins anew.
  wrongFor({ header, panels, count }) {
    const info = panels[0]?.info;
    const right = !info || info.accuracy === null || info.accuracy === 1;
    const key = `${header?.version} ${count}`;
    if (right || key !== this.wrongKey || info.step < (this.wrongSince ?? 0)) this.wrongSince = null;
    this.wrongKey = key;
    if (right) return 0;
    this.wrongSince ??= info.step;
    return info.step - this.wrongSince;
  }

  // A sentence that takes a second row moves the plot below it: once, not back and forth.
  keepRoom() {
    const { offsetWidth: width, offsetHeight: height } = this.text;
    if (width !== this.room.width) this.text.style.minHeight = "";
    const most = width === this.room.width ? Math.max(this.room.height, height) : this.text.offsetHeight;
    this.room = { width, height: most };
    this.text.style.minHeight = `${most}px`;
  }
}

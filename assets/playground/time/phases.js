// Slow motion: the equations of a step light up in turn, each with what it does to the picture.

const SLOWEST = 1;
const FASTEST = 10; // steps a second that count as slow motion
const EACH = 1800; // ms a phase, so that its sentence can be read

/**
 * @typedef {{ equation: string, name: string, overlays: string[], sentence: string }} Phase
 * @type {Phase}
 */
const PROJECT = {
  equation: "Eq. 4", name: "project", overlays: ["path"],
  sentence: "{newton|Newton steps} lead from each point to a point {p} of the boundary.",
};
/** @type {Phase} */
const SAMPLE = {
  equation: "Eq. 9", name: "sample network", overlays: ["motion"],
  sentence: "the {sample_network|sample network} predicts where the boundary goes when the weights {theta} change: the arrows.",
};
/** @type {Phase} */
const MARGIN = {
  equation: "Eq. 12", name: "loss", overlays: ["balls"],
  sentence: "points nearer than {epsilon} push the boundary away, points on the wrong side pull it over.",
};
/** @type {Phase} */
const SVM = {
  equation: "Eq. 11", name: "loss", overlays: ["contours"],
  sentence: "points on the wrong side of the band pull it over; a wide band (a large {delta}) costs little.",
};
/** @type {Phase} */
const OUTPUT = {
  equation: "loss", name: "the output alone", overlays: [],
  sentence: "This loss looks at the network's output {F} alone, not at where the boundary lies.",
};

/** @param {string[]} objectives of the panels @returns {Phase[]} */
export function phasesOf(objectives) {
  const phases = [];
  const sets = objectives.some((name) => name.startsWith("margin") || name === "geometric_svm");
  if (sets) phases.push(PROJECT, SAMPLE);
  if (objectives.some((name) => name.startsWith("margin"))) phases.push(MARGIN);
  if (objectives.includes("geometric_svm")) phases.push(SVM);
  return phases.length ? phases : [OUTPUT];
}

export const isSlow = (speed) => speed >= SLOWEST && speed <= FASTEST;

export class SlowMotion {
  constructor() {
    /** @type {Phase[]} */
    this.phases = [];
    this.speed = 0;
    this.since = 0;
  }

  /** @param {{ speed: number, playing: boolean, objectives: string[] }} now @param {number} at */
  update({ speed, playing, objectives }, at) {
    const phases = playing && isSlow(speed) ? phasesOf(objectives) : [];
    if (!this.phases.length && phases.length) this.since = at;
    Object.assign(this, { phases, speed });
  }

  get on() { return this.phases.length > 0; }

  /** The phase that is lit. @param {number} at @returns {Phase | null} */
  now(at) {
    if (!this.on) return null;
    return this.phases[Math.floor((at - this.since) / EACH) % this.phases.length];
  }

  /** All that its phases draw. */
  get overlays() { return this.phases.flatMap(({ overlays }) => overlays); }
}

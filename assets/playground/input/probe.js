// What is under the pointer: at once from the grid on screen, then exactly from the
// server. At most one question is outstanding.

import { sampleField } from "../plot/field.js";
import { DISTANCE_NAMES, number } from "../../shared/text.js";

const FRESH = 300; // while training runs, an exact answer is renewed this often
const ANSWER_LIMIT = 2000; // a question lost with its connection must not block for ever

export class Probe {
  constructor(tip, send) {
    this.tip = tip;
    this.send = send;
    this.place = null;
    this.answer = null;
    this.id = 0;
    this.asked = null;
    this.askedAt = 0;
  }

  at(panel, x, y, px, py) {
    const same = this.place && this.place.panel === panel && this.place.x === x && this.place.y === y;
    if (!same) this.answer = null;
    this.place = { panel, x, y, px, py };
  }

  leave() {
    this.place = null;
    this.answer = null;
    this.tip.hidden = true;
  }

  reply(message) {
    if (message.id !== this.id) return;
    const { asked, place } = this;
    this.asked = null;
    if (place && asked && asked.panel === place.panel && asked.x === place.x && asked.y === place.y) {
      this.answer = message;
    }
  }

  // Asks where the answer is missing, or has grown old because training runs.
  ask(now, playing) {
    const { place } = this;
    if (!place || (this.asked && now - this.askedAt < ANSWER_LIMIT)) return;
    if (this.answer && !(playing && now - this.askedAt > FRESH)) return;
    this.asked = place;
    this.askedAt = now;
    this.id += 1;
    this.send({ op: "probe", id: this.id, panel: place.panel, x: place.x, y: place.y });
  }

  // Updates the tooltip and returns what the scene draws.
  show(picture, box) {
    const { place } = this;
    const panel = place && picture.panels[place.panel];
    if (!panel?.field) {
      this.tip.hidden = true;
      return null;
    }
    const grid = sampleField(panel.field, panel.n, picture.bounds, place.x, place.y);
    const exact = this.answer;
    const value = exact ? exact.value : grid.value;
    const gradient = exact ? exact.gradient : grid.gradient;
    // The first-order distance stands in until the exact one has come.
    const rough = gradient > 1e-6 ? Math.abs(value) / gradient : null;
    const distance = exact ? exact.distance : rough;
    const sign = exact ? "=" : "≈";
    const rows = [
      ["F", number(value)], ["slope |DₓF|", number(gradient)],
      [`distance to S₀${exact ? ` (${DISTANCE_NAMES[panel.info.norm] ?? ""})` : ""}`, distance === null ? "not found" : number(Math.abs(distance))],
    ];
    this.write(`(${number(place.x, 2)}, ${number(place.y, 2)})`, rows, sign, place, box);
    return { ...place, foot: exact?.foot ?? null };
  }

  // A margin bar under the pointer.
  showBar({ margin, output, point }, px, py, box) {
    this.leave();
    const rows = [["input margin", number(margin)], ["output margin", number(output)]];
    this.write(`(${number(point.x, 2)}, ${number(point.y, 2)})`, rows, "=", { px, py }, box);
  }

  /** What a word of the picture means. @param {string} sentence */
  showWords(sentence, px, py, box) {
    this.leave();
    if (sentence !== this.key) {
      this.key = sentence;
      this.tip.innerHTML = `<b class="words">${sentence}</b>`;
    }
    this.tip.hidden = false;
    placeTip(this.tip, px, py, box);
  }

  write(head, rows, sign, place, box) {
    const key = `${head}${rows}${sign}`;
    if (key !== this.key) {
      this.key = key;
      this.tip.innerHTML = `<b>${head}</b>${rows.map(([name, value]) =>
        `<span>${name}</span><span>${value === "not found" ? "" : sign}</span><span>${value}</span>`).join("")}`;
    }
    this.tip.hidden = false;
    placeTip(this.tip, place.px, place.py, box);
  }
}

// Right below the pointer, or on its other side where it would leave the box.
function placeTip(tip, px, py, box) {
  const { offsetWidth: w, offsetHeight: h } = tip;
  const x = px + 16 + w > box.width ? px - 16 - w : px + 16;
  const y = py + 16 + h > box.height ? py - 12 - h : py + 16;
  tip.style.transform = `translate(${Math.max(x, 0)}px, ${Math.max(y, 0)}px)`;
}

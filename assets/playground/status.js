// The line of numbers under the picture, and the summary that screen readers hear.

import { explained } from "../shared/terms.js";
import { number, percent, short, whole } from "../shared/text.js";

const FIELDS = [
  ["step", "Step"], ["loss", "Loss"], ["accuracy", "Accuracy"], ["margin", "{margin|Margin} min / median"],
  ["speed", "Steps/s"],
];
const SPOKEN_EVERY = 3000;
const SHOWN_EVERY = 100; // faster digits cannot be read

const CONNECTION = {
  connecting: "connecting…", reconnecting: "connection lost, trying again…",
  live: "live", fallback: "live (slow path)",
};

/** Who else looks at a session. @param {{ watching: number, taking_part: number }} people */
export const peopleText = ({ watching, taking_part: parts }) =>
  [watching && `${watching} watching`, parts > 1 && `${parts} in control`].filter(Boolean).join(" · ");

/** Steps a second as the line of numbers has them. @param {number} rate */
export const speedText = (rate) => (rate > 0 && rate < 1 ? number(rate, 2) : whole(rate));

/**
 * What a session that trains in turns gets of the time.
 * @param {number} sharing @param {number} rate steps a second; 0 where none is known yet
 */
export function shareText(sharing, rate) {
  const turns = `${sharing} playgrounds train in turns`;
  if (!(rate > 0)) return turns;
  const steps = whole(Math.max(rate, 1));
  const gets = rate < 0.67 ? `one step in ${whole(1 / rate)} s` : `${steps} step${steps === "1" ? "" : "s"} a second`;
  return `${turns}; yours gets ${gets}`;
}

export class StatusLine {
  constructor() {
    this.element = document.createElement("div");
    this.element.className = "status";
    this.values = {};
    this.texts = new Map();
    for (const [id, name] of FIELDS) {
      const item = document.createElement("span");
      item.className = `item ${id}`;
      item.innerHTML = `<span class="name">${explained(name)}</span> <span class="value">–</span>`;
      this.values[id] = item.lastChild;
      this.element.append(item);
    }
    this.connection = document.createElement("span");
    this.connection.className = "connection";
    this.connection.title = "A playground whose page was closed trains on for some seconds";
    this.connection.innerHTML = '<i aria-hidden="true"></i><span></span>';
    this.people = document.createElement("span");
    this.people.className = "people";
    this.element.append(this.people, this.connection);
    this.spoken = document.createElement("div");
    this.spoken.className = "spoken";
    this.spoken.setAttribute("aria-live", "polite");
    this.lastShown = 0;
    this.lastSpoken = 0;
  }

  // blend.number gives values between two frames; the last one is always exact.
  update(blend, now, final, playing) {
    if (!final && now - this.lastShown < SHOWN_EVERY) return false;
    this.lastShown = now;
    const { header, panels } = blend.frame;
    const info = panels[0].info;
    const many = panels.length > 1;
    const margins = info.accuracy !== null && info.margin_min === null
      ? "no boundary" : `${number(info.margin_min)} / ${number(info.margin_median)}`;
    const heldout = info.heldout === null ? "" : ` / ${percent(info.heldout)} {held_out}`;
    this.set("step", whole(blend.number("step")));
    this.set("loss", many ? "" : short(blend.number("loss"), 4));
    this.set("accuracy", many ? "" : percent(info.accuracy) + heldout);
    this.set("margin", many ? "" : margins);
    this.set("speed", playing ? speedText(header.steps_per_second) : "");
    return true;
  }

  set(id, text) {
    const target = this.values[id];
    if (this.texts.get(id) === text) return;
    this.texts.set(id, text);
    target.innerHTML = explained(text);
    target.parentElement.hidden = text === "";
  }

  count(people) {
    const text = peopleText(people);
    if (this.people.textContent !== text) this.people.textContent = text;
    this.people.hidden = !text;
  }

  connect(connection, { status, sharing, rate, playing }) {
    const link = CONNECTION[connection] ?? connection;
    let text = link;
    if (connection === "live" || connection === "fallback") {
      if (!playing) text = link.replace("live", "paused");
      else if (sharing > 1 && status === "running") {
        text = shareText(sharing, rate);
      }
    }
    const [light, caption] = this.connection.children;
    light.className = !playing && connection === "live" ? "" : connection;
    if (caption.textContent !== text) caption.textContent = text;
  }

  speak(text, now) {
    if (now - this.lastSpoken < SPOKEN_EVERY || this.spoken.textContent === text) return;
    this.lastSpoken = now;
    this.spoken.textContent = text;
  }
}

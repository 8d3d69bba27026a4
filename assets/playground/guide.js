// What guides a newcomer: the sentence over the canvas, the tour in its place, the slow beginning.

import { Lead } from "./lead.js";
import { Tour } from "./tour.js";

const LOOK_FIRST = 3000; // ms in which the untrained network is seen before it trains by itself
const AGAIN = 300; // ms until a sentence that had to wait is tried again

export class Guide {
  constructor(playground) {
    this.playground = playground;
    this.lead = new Lead((id) => playground.act(id));
    this.tour = new Tour(playground);
    this.rows = [this.lead, this.tour];
  }

  /** The row that is seen. */
  get row() { return this.tour.on ? this.tour : this.lead; }

  /** Whether play should be pressed by a person; else it is pressed here, once there was a look. */
  waits(arrived) {
    const { points, screen, talk: { opening, playing } } = this.playground;
    const self = opening && !screen.reduced.matches;
    if (arrived && self && points.list.length) this.begin();
    return !self && !playing && screen.blend.frame?.panels[0]?.info.step === 0;
  }

  begin() {
    const { timers, talk } = this.playground;
    timers.begin ??= setTimeout(() => {
      if (talk.opening && !talk.playing) talk.control("play");
    }, LOOK_FIRST);
  }

  update(now) {
    const { lead, tour, playground } = this;
    const { screen, points, overlays, theme, timers, talk: { opening, playing } } = playground;
    const { header = null, panels = [] } = screen.blend.frame ?? {};
    const dark = theme.dark;
    lead.element.hidden = tour.on;
    if (header) {
      const [{ info: { step } }] = panels;
      tour.update({
        step, playing, count: points.list.length, hovers: playground.highlight !== null,
        speed: header.speed, newest: header.newest, panels: panels.length, dark,
      }, now);
    }
    const known = header ? (points.aligned(header.version) ?? []).filter(Boolean).length : 0;
    const complete = lead.update({
      changed: known !== points.list.length,
      count: points.list.length, playing, header, panels, dark,
      begins: opening && !screen.reduced.matches,
      lesson: Boolean(playground.data.lesson), bars: overlays.has("margins"), change: playground.data.change ?? "",
      touring: tour.on, phase: playground.clock.slow.now(now),
    }, now);
    if (complete) return;
    clearTimeout(timers.lead);
    timers.lead = setTimeout(() => screen.request(), AGAIN);
  }
}

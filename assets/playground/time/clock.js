// Time in the playground: back to any moment, slow motion, a film.

import { TimeBar } from "./bar.js";
import { filmGif, filmMp4 } from "./film.js";
import { isSlow, SlowMotion } from "./phases.js";

const SEEK_EVERY = 40; // ms between two places of a slider that is drawn
const LIGHTS_EVERY = 120;

export class Clock {
  constructor(playground) {
    this.playground = playground;
    this.slow = new SlowMotion();
    this.bar = new TimeBar({
      seek: (step) => this.seekSoon(step), pace: (speed) => this.pace(speed),
      act: (id) => playground.act(id),
    });
    this.wanted = 0;
    this.awaited = null; // the step that a film waits for
    this.filming = false;
  }

  /** What is drawn now, and what the legend lists: all that slow motion lights up in turn. */
  overlays(own) {
    const lit = this.slow.now(performance.now())?.overlays ?? [];
    return {
      overlays: lit.length ? new Set([...own, ...lit]) : own,
      listed: this.slow.on ? new Set([...own, ...this.slow.overlays]) : own,
    };
  }

  update(arrived, now) {
    const { playground, slow } = this;
    const { screen, timers, talk: { playing } } = playground;
    if (arrived && this.awaited?.step === arrived.panels[0].info.step) this.awaited.resolve(screen.picture);
    const { frame } = screen.blend;
    if (!frame) return;
    const { newest, every, speed } = frame.header;
    const [{ info: { step } }] = frame.panels;
    const before = slow.overlays.join();
    slow.update({ speed, playing, objectives: frame.panels.map(({ info }) => info.objective) }, now);
    if (slow.overlays.join() !== before) playground.sendView();
    this.bar.update({ newest, every, step, speed, playing, phases: slow.phases, phase: slow.now(now) });
    if (!slow.on) return;
    clearTimeout(timers.slow);
    timers.slow = setTimeout(() => screen.request(), LIGHTS_EVERY);
  }

  // A slider that is drawn asks for the newest place only.
  seekSoon(step) {
    const { timers } = this.playground;
    this.wanted = step;
    timers.seek ??= setTimeout(() => {
      timers.seek = undefined;
      this.seek(this.wanted);
    }, SEEK_EVERY);
  }

  seek(step) {
    const { playground } = this;
    playground.talk.seek(step);
    playground.screen.request(true);
  }

  pace(speed) {
    const { talk, points } = this.playground;
    talk.link.send({ op: "speed", steps: speed });
    if (isSlow(speed) && !talk.playing && points.list.length) talk.control("play"); // else nothing moves
    this.playground.touch();
  }

  /** @param {"gif" | "mp4"} id */
  async film(id) {
    const { playground } = this;
    const { screen } = playground;
    const { header, panels } = screen.blend.frame ?? {};
    if (this.filming || !header) return;
    const resumes = playground.talk.playing;
    const button = this.bar[id];
    const words = button.textContent;
    this.filming = screen.instant = true;
    try {
      await (id === "gif" ? filmGif : filmMp4)({
        newest: header.newest, every: header.every,
        seek: (step) => this.seek(step),
        settled: (step) => new Promise((resolve) => { this.awaited = { step, resolve }; }),
        told: (share) => { button.textContent = `${share}%`; },
      });
    } catch (error) {
      playground.errors.say(error instanceof Error ? error.message : String(error));
    }
    button.textContent = words;
    this.awaited = null;
    this.filming = screen.instant = false;
    this.seek(resumes ? header.newest : panels[0].info.step);
    if (resumes) playground.talk.control("play");
  }
}

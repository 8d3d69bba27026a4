// Where the four panels, their bars and their captions go: one row, or two.

import { TITLE } from "../../playground/plot/layout.js";

const GAP = 16;
const BARS = 62;
const LINE = 19; // of a caption
const ONE_ROW = 700; // px

/** @param {number} width */
export function arrangeHero(width) {
  const columns = width >= ONE_ROW ? 4 : 2;
  const size = Math.floor((width - GAP * (columns - 1)) / columns);
  const row = TITLE + size + 6 + BARS + 4 + LINE * (size < 200 ? 3 : 2) + 4;
  const places = [0, 1, 2, 3].map((i) => ({
    x: (i % columns) * (size + GAP), y: Math.floor(i / columns) * (row + GAP),
  }));
  return {
    stacked: false, width, height: (4 / columns) * row + (4 / columns - 1) * GAP,
    panels: places.map(({ x, y }) => ({ x, y: y + TITLE, size, ticks: false })),
    strips: places.map(({ x, y }, panel) => (
      { panel, x, y: y + TITLE + size + 6, w: size, h: BARS, compact: true })),
    captions: places.map(({ y }) => y + TITLE + size + 6 + BARS + 4),
    legend: { x: 0, y: 0, w: 0, h: 0 }, // in the page, in words
  };
}

// Where things go inside the canvas: plots, legend, margin strips.

export const TITLE = 20; // height of a panel's title
export const CAPTION = 14; // of the line under it, where there are several panels
const HEAD = TITLE + CAPTION; // above each of several panels
const AXIS_LEFT = 30;
const AXIS_BOTTOM = 18;
const GAP = 14;
const SIDE_MINIMUM = 214;
const SIDE_MAXIMUM = 1000;
const STRIP = 96;
const COMPACT_STRIP = 66;

const NARROW = 620; // px; below this everything is stacked
const TOP = 4; // above a plot whose title stands beside it
const TALL = 1.1; // height over width; above it too, as high as there is room

// legendHeight(width) measures the legend, whose entries depend on the overlays.
// Returns {stacked, height, panels: [{x, y, size, title, ticks}], legend, strips}.
export function arrange({ width, height, count, margins, legendHeight }) {
  const narrow = width < NARROW;
  return narrow || height > TALL * width
    ? stack(width, narrow ? Infinity : height, count, margins, legendHeight)
    : besides(width, height, count, margins, legendHeight);
}

function besides(width, height, count, margins, legendHeight) {
  if (count > 1) {
    const grid = gridSize(width, height, Math.ceil(Math.sqrt(count)), count);
    const row = rowSize(width, height, count, margins, legendHeight);
    return row > 1.15 * grid
      ? inRow(width, height, count, row, margins, legendHeight)
      : inGrid(width, height, count, grid, margins, legendHeight);
  }
  // Its height is what limits it: the title stands beside it, over the legend.
  const size = Math.floor(Math.min(
    height - TOP - AXIS_BOTTOM, width - AXIS_LEFT - GAP - SIDE_MINIMUM));
  const side = size + GAP * 1.5;
  const panel = { x: AXIS_LEFT, y: TOP, size, ticks: true, aside: side };
  return { stacked: false, width, height, panels: [panel],
    ...sideColumn(AXIS_LEFT + side, TITLE, width, TOP + size, 1, margins, legendHeight) };
}

// Legend on top, strips filling what is left of the column.
function sideColumn(x, y, width, bottom, count, margins, legendHeight) {
  const w = Math.min(width - x - 4, SIDE_MAXIMUM);
  const legend = { x, y, w, h: legendHeight(w) };
  const strips = [];
  const top = y + legend.h + 10;
  const room = bottom - top;
  const gap = 8;
  const h = Math.min((room - gap * (count - 1)) / count, count > 1 ? 110 : 720);
  const minimum = count > 1 ? 44 : 80;
  if (margins && h >= minimum) {
    for (let i = 0; i < count; i++) {
      strips.push({ panel: i, x, y: top + i * (h + gap), w, h, compact: count > 1 });
    }
  }
  return { legend, strips, crowded: margins && !strips.length };
}

function gridSize(width, height, columns, count) {
  const rows = Math.ceil(count / columns);
  return Math.floor(Math.min(
    (height - rows * HEAD - (rows - 1) * 8) / rows,
    (width - SIDE_MINIMUM - GAP * columns) / columns));
}

function inGrid(width, height, count, size, margins, legendHeight) {
  const columns = Math.ceil(Math.sqrt(count));
  const panels = cells(count, columns, size, 0);
  const last = panels[count - 1];
  return { stacked: false, width, height, panels,
    ...sideColumn(columns * (size + GAP) + 4, HEAD, width, last.y + size, count, margins, legendHeight) };
}

function cells(count, columns, size, x0, gap = GAP) {
  return Array.from({ length: count }, (_, i) => ({
    x: x0 + (i % columns) * (size + gap),
    y: HEAD + Math.floor(i / columns) * (size + HEAD + 8),
    size, ticks: false, captioned: true,
  }));
}

function rowSize(width, height, count, margins, legendHeight) {
  const below = legendHeight(width) + 10 + (margins ? COMPACT_STRIP + 8 : 0);
  return Math.floor(Math.min((width - GAP * (count - 1)) / count, height - HEAD - below));
}

// All in one row: every strip stands under its own panel.
function inRow(width, height, count, size, margins, legendHeight) {
  const gap = Math.floor((width - count * size) / (count - 1)); // from edge to edge
  const panels = cells(count, count, size, 0, gap);
  let y = HEAD + size + 8;
  const legendSize = legendHeight(width);
  const h = Math.min(height - y - legendSize - 10, 130);
  const strips = margins
    ? panels.map(({ x }, panel) => ({ panel, x, y, w: size, h, compact: true })) : [];
  if (margins) y += h + 10;
  return { stacked: false, width, height, panels, strips,
    legend: { x: 0, y, w: width, h: legendSize } };
}

function stack(width, height, count, margins, legendHeight) {
  const several = count > 1;
  const columns = several ? 2 : 1;
  const rows = Math.ceil(count / columns);
  const left = several ? 0 : 24;
  const stripHeight = several ? COMPACT_STRIP : STRIP * 1.4;
  const under = several ? 10 : AXIS_BOTTOM + 8;
  const below = under + legendHeight(width - 8) + 10 + (margins ? count * (stripHeight + 8) : 0);
  const size = Math.floor(Math.min(
    (width - left - GAP * (columns - 1) - 2) / columns, (height - below - 8 * (rows - 1)) / rows - (several ? HEAD : TITLE)));
  const panels = several
    ? cells(count, columns, size, 0)
    : [{ x: left, y: TITLE, size, ticks: true }];
  let y = panels[count - 1].y + size + under;
  const legend = { x: 4, y, w: width - 8, h: legendHeight(width - 8) };
  y += legend.h + 10;
  const strips = [];
  if (margins) {
    for (let i = 0; i < count; i++) {
      strips.push({ panel: i, x: 4, y, w: width - 8, h: stripHeight, compact: several });
      y += stripHeight + 8;
    }
  }
  return { stacked: true, width, height: Math.ceil(y), panels, legend, strips };
}

// Where a panel's title stands, with its caption; head is what they take above the panel.
export function titlePlace({ x, y, size, aside, captioned }) {
  const h = captioned ? HEAD : TITLE;
  return aside
    ? { x: x + aside, y: y - TOP, w: SIDE_MINIMUM, h, middle: y - TOP + TITLE / 2, head: 0 }
    : { x, y: y - h, w: size, h, middle: y - h + TITLE / 2, head: h };
}

// Data coordinates to pixels of one panel and back.
export function viewOf(rect, bounds) {
  const [xmin, xmax, ymin, ymax] = bounds;
  const sx = rect.size / (xmax - xmin);
  const sy = rect.size / (ymax - ymin);
  return {
    rect, unit: sx,
    small: rect.size < 300,
    x: (v) => rect.x + (v - xmin) * sx,
    y: (v) => rect.y + (ymax - v) * sy,
    toData: (px, py) => [xmin + (px - rect.x) / sx, ymax - (py - rect.y) / sy],
  };
}

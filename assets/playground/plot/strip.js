// Margin bars: for every point its signed margin in the input space and, below it,
// the output margin y F(x). Sorted by the input margin, so that the two can be compared.

import { asksForMargin, keptIn, keptNames } from "./asked.js";
import { label } from "./marks.js";
import { DISTANCE_NAMES, short } from "../../shared/text.js";

const HEAD = 15;
const ROOM = 0.1; // of the top, at least, below 0 where a point is on the wrong side
const DEEPEST = 3; // times the top that the chart goes below 0, at most
const WRONG_WIDTH = 2.5; // px at least of a bar below 0

function niceCeil(value) {
  const base = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 5, 7, 10].map((k) => k * base).find((v) => v >= value * 0.999);
}

// One scale for all panels, from the new frame and not the blended one, so that the
// axis moves once and not at every redraw. The few largest may be cut; a point on the wrong side
// is what one looks for, so there is room for all of those.
export function stripScale(panels, name, atLeast) {
  let high = atLeast;
  let low = 0;
  for (const panel of panels) {
    const data = panel?.arrays[name]?.data;
    if (!data) continue;
    const finite = Array.from(data).filter(Number.isFinite).sort((a, b) => a - b);
    if (!finite.length) continue;
    high = Math.max(high, finite[Math.floor((finite.length - 1) * 0.98)]);
    low = Math.min(low, finite[0]);
  }
  low = Math.max(Math.min(low, low < 0 ? -ROOM * high : 0), -DEEPEST * high);
  return { high: niceCeil(high), low: low < 0 ? -niceCeil(-low) : 0 };
}

function charts(strip) {
  if (strip.compact) return [{ name: "margin", y: strip.y + HEAD, h: strip.h - HEAD }];
  const h = strip.h / 2 - HEAD - 3;
  return [
    { name: "margin", y: strip.y + HEAD, h },
    { name: "output", y: strip.y + strip.h / 2 + HEAD + 3, h },
  ];
}

/** What a chart measures, and in which norm. */
export function captionOf(strip, chart, picture) {
  const { title = "", norm = "" } = picture.panels[strip.panel]?.info ?? {};
  const name = DISTANCE_NAMES[norm] ?? "";
  if (chart.name === "output") return "Output margin y·F(x)";
  return strip.compact && picture.panels.length > 1 ? `${title}: margins in ${name}`
    : ["Input margin,", name, "distance to S₀"].filter(Boolean).join(" ");
}

export function drawStrip(ctx, strip, picture) {
  const panel = picture.panels[strip.panel];
  const { theme } = picture;
  const head = { font: theme.font, size: 11, colour: theme.muted };
  for (const chart of charts(strip)) {
    label(ctx, captionOf(strip, chart, picture), strip.x, chart.y - HEAD / 2 - 1, head);
    ctx.fillStyle = theme.dark ? "rgba(255,255,255,0.045)" : "rgba(20,22,27,0.04)";
    ctx.fillRect(strip.x, chart.y, strip.w, chart.h);
    const scale = picture.scales?.[chart.name];
    if (!scale || !panel?.arrays[chart.name] || !panel.order) continue;
    if (chart.name === "margin" && panel.arrays.margin.data.every(Number.isNaN)) {
      label(ctx, "No boundary: no margins", strip.x + strip.w / 2, chart.y + chart.h / 2,
        { ...head, align: "center" });
    } else drawBars(ctx, strip, chart, panel, picture, scale, head);
  }
}

function drawBars(ctx, strip, chart, panel, picture, scale, head) {
  const { theme, aligned, highlight, header } = picture;
  const data = panel.arrays[chart.name].data;
  const top = chart.y + 2;
  const bottom = chart.y + chart.h - 2;
  const at = (v) => bottom - ((Math.min(Math.max(v, scale.low), scale.high) - scale.low)
    / (scale.high - scale.low)) * (bottom - top);
  const zero = at(0);
  const slot = strip.w / panel.order.length;
  const gap = slot > 3 ? 1 : 0;
  panel.order.forEach((row, rank) => {
    const point = aligned?.[row];
    if (!point) return;
    const x = strip.x + rank * slot;
    const value = data[row];
    const width = Math.max(slot - gap, 0.6);
    if (point === highlight) {
      ctx.fillStyle = theme.dark ? "rgba(255,255,255,0.35)" : "rgba(20,22,27,0.22)";
      ctx.fillRect(x - 1, chart.y, width + 2, chart.h);
    }
    if (Number.isNaN(value)) {
      ctx.fillStyle = theme.muted;
      ctx.fillRect(x, zero - 1.5, width, 3);
      return;
    }
    ctx.fillStyle = value < 0 ? theme.wrong : point.label > 0 ? theme.plus : theme.minus;
    const end = at(value);
    const wide = value < 0 ? Math.max(width, WRONG_WIDTH) : width;
    ctx.fillRect(x, Math.min(zero, end), wide, Math.max(Math.abs(end - zero), 0.8));
  });
  ctx.fillStyle = theme.muted;
  ctx.fillRect(strip.x, zero - 0.5, strip.w, 1);
  const range = `scale ${scale.low < 0 ? short(scale.low, 2) : 0} to ${short(scale.high, 2)}`;
  // On a phone the caption leaves no room for it.
  if (ctx.measureText(range).width + ctx.measureText(captionOf(strip, chart, picture)).width + 12 < strip.w) {
    label(ctx, range, strip.x + strip.w, chart.y - HEAD / 2 - 1, { ...head, align: "right" });
  }
  if (chart.name === "margin" && header.wanted_margin > 0 && asksForMargin(panel.info)) {
    const y = at(keptIn(panel.info, header.wanted_margin));
    const names = keptNames(panel.info, header.wanted_margin);
    const name = names.find((text) => ctx.measureText(text).width + 32 <= strip.w) ?? names[names.length - 1];
    // On top at the left, where the bars are lowest, with a key of the line.
    const middle = y - chart.y > 24 ? chart.y + 8 : y - 15 < chart.y ? y + 9 : y - 8;
    ctx.fillStyle = theme.halo; // behind it may be a bar of either colour
    ctx.fillRect(strip.x + 1, middle - 6, ctx.measureText(name).width + 30, 12);
    ctx.setLineDash([5, 3]);
    ctx.beginPath();
    for (const [from, to, height] of [[0, strip.w, y], [4, 22, middle]]) {
      ctx.moveTo(strip.x + from, height);
      ctx.lineTo(strip.x + to, height);
    }
    ctx.strokeStyle = theme.zero;
    ctx.lineWidth = 1.3;
    ctx.stroke();
    ctx.setLineDash([]);
    label(ctx, name, strip.x + 27, middle, { ...head, colour: theme.text });
  }
}

/** The term of the glossary that a chart's heading under the pointer stands for. */
export function hitHeading(strips, px, py) {
  const strip = strips.find(({ x, y, w, h }) => px >= x && px < x + w && py >= y && py < y + h);
  const chart = strip && charts(strip).find(({ y }) => py < y && py >= y - HEAD);
  return chart ? { margin: "margin", output: "output_margin" }[chart.name] : null;
}

// The point whose bar is under the pointer.
export function hitStrip(strips, picture, px, py) {
  const strip = strips.find(({ x, y, w, h }) => px >= x && px < x + w && py >= y && py < y + h);
  const order = strip && picture.panels[strip.panel]?.order;
  if (!order?.length) return null;
  const row = order[Math.min(Math.floor(((px - strip.x) / strip.w) * order.length), order.length - 1)];
  const panel = picture.panels[strip.panel];
  const point = picture.aligned?.[row];
  if (!point) return null;
  return { point, panel: strip.panel,
    margin: panel.arrays.margin?.data[row], output: panel.arrays.output?.data[row] };
}

// The picture as a file: PNG at twice the size, or SVG.

import { saveBlob } from "../../shared/save.js";
import { arrange } from "./layout.js";
import { legendHeight } from "./legend.js";
import { label } from "./marks.js";
import { drawPicture } from "./scene.js";
import { SvgContext } from "./svg.js";
import { number, percent, whole } from "../../shared/text.js";

const WIDTH = 960;
const HEIGHT = 620;
const HEAD = 46;
const EDGE = 16;

function titleOf(picture) {
  const [panel] = picture.panels;
  if (!panel) return ["Level sets", ""];
  const { info } = panel;
  const many = picture.panels.length > 1;
  const title = many ? `Level sets of ${picture.panels.length} networks` : "Level sets of a network";
  const details = [`step ${whole(info.step)}`, `${picture.points.length} points`];
  if (!many) {
    details.push(`accuracy ${percent(info.accuracy)}`, `smallest margin ${number(info.margin_min)}`);
  }
  return [title, details.join(" · ")];
}

function draw(ctx, picture, layout) {
  const { theme } = picture;
  drawPicture(ctx, picture, layout);
  const [title, details] = titleOf(picture);
  label(ctx, title, EDGE, 18, { size: 17, weight: "600", colour: theme.text, font: theme.font });
  label(ctx, details, EDGE, 38, { size: 12, colour: theme.muted, font: theme.font });
}

// The live layout, moved to leave an edge and room for the title.
function pageLayout(picture) {
  const count = picture.panels.length || 1;
  const layout = arrange({
    width: WIDTH - 2 * EDGE, height: HEIGHT - HEAD - EDGE, count,
    margins: picture.overlays.has("margins"), legendHeight: (w) => legendHeight(picture, w),
  });
  const shift = (rect) => ({ ...rect, x: rect.x + EDGE, y: rect.y + HEAD });
  return { ...layout, width: WIDTH, height: HEIGHT, panels: layout.panels.map(shift),
    strips: layout.strips.map(shift), legend: shift(layout.legend) };
}

// What only belongs to the moment (pointer, crosshair) stays out of the file.
const still = (picture) => ({ ...picture, probe: null, cursor: null, highlight: null });

/** Size of a film's pictures; even, as encoders want it. */
export const FILM = { width: 720, height: 464 };

/** The picture as a page of a film. */
export function drawPage(ctx, picture) {
  const scale = FILM.width / WIDTH;
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  draw(ctx, still(picture), pageLayout(picture));
}

export async function exportPng(picture) {
  const layout = pageLayout(picture);
  const canvas = document.createElement("canvas");
  canvas.width = 2 * layout.width;
  canvas.height = 2 * layout.height;
  const ctx = canvas.getContext("2d");
  ctx.scale(2, 2);
  draw(ctx, still(picture), layout);
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  save(blob, picture, "png");
}

export function exportSvg(picture) {
  const layout = pageLayout(picture);
  const ctx = new SvgContext(layout.width, layout.height, titleOf(picture).join(", "));
  draw(ctx, still(picture), layout);
  save(new Blob([ctx.toString()], { type: "image/svg+xml" }), picture, "svg");
}

function save(blob, picture, extension) {
  saveBlob(blob, `levelset-step-${picture.panels[0]?.info.step ?? 0}.${extension}`);
}

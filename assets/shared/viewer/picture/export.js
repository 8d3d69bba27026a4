// The picture as a file: PNG at twice the size, or a turntable as GIF.

import { number } from "../../text.js";
import { saveBlob } from "../../save.js";
import { paintChart } from "../controls/chart.js";
import { cellsOf } from "./picture.js";

const PNG_RATIO = 2;
const GIF_FRAMES = 36;
const GIF_DELAY = 80; // ms
const GIF_SIZE = { width: 480, height: 360 };
const WIDEST_GIF = 960;
const LEGEND = { width: 230, height: 74, edge: 12 };

export async function downloadPng(viewer) {
  const { picture, scenes, camera, theme, last } = viewer;
  const { renderer, size } = picture;
  renderer.setPixelRatio(PNG_RATIO);
  renderer.setSize(size.width, size.height, false);
  picture.draw(scenes.viewports, camera, theme);
  const canvas = document.createElement("canvas");
  canvas.width = renderer.domElement.width;
  canvas.height = renderer.domElement.height;
  const ctx = canvas.getContext("2d");
  ctx.drawImage(renderer.domElement, 0, 0);
  renderer.setPixelRatio(picture.ratio);
  renderer.setSize(size.width, size.height, false);
  viewer.request();
  ctx.scale(PNG_RATIO, PNG_RATIO);
  writeTitles(ctx, viewer);
  if (last?.series.length) {
    const { width, height, edge } = LEGEND;
    const place = { x: edge, y: size.height - height - edge, width, height };
    paintChart(ctx, place, last, theme);
    ctx.textAlign = "left";
    ctx.fillText(last.about.label, edge, place.y);
  }
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  saveBlob(blob, "levelset.png");
}

function writeTitles(ctx, { picture, scenes, theme, settings }) {
  ctx.fillStyle = theme.text;
  ctx.textBaseline = "top";
  const level = settings.level === null ? "" : `t = ${number(settings.level, 4)}`;
  picture.cells.forEach(({ x, y }, n) => {
    ctx.font = `600 14px ${theme.font}`;
    ctx.fillText([scenes.viewports[n].title, level].filter(Boolean).join(" · "), x + 12, y + 10);
  });
}

// One colour table for the whole turn: frames differ little, and a table costs more than a frame.
export async function downloadGif(viewer) {
  const { GIFEncoder, applyPalette, quantize } = await import("../../../vendor/gifenc.min.js");
  const { picture, scenes, camera, theme } = viewer;
  const { renderer } = picture;
  const count = scenes.viewports.length || 1;
  const size = { ...GIF_SIZE, width: Math.min(GIF_SIZE.width * count, WIDEST_GIF) };
  const cells = cellsOf(count, size);
  const before = camera.state();
  const gif = GIFEncoder();
  let palette = null;
  try {
    renderer.setPixelRatio(1);
    renderer.setSize(size.width, size.height, false);
    camera.setAspect(cells[0].width / cells[0].height);
    scenes.setCoarse(true);
    for (let frame = 0; frame < GIF_FRAMES; frame++) {
      picture.render(scenes.viewports, camera, theme, cells, size);
      const data = picture.pixels(size);
      palette ??= quantize(data, 256);
      gif.writeFrame(applyPalette(data, palette), size.width, size.height, {
        palette: frame === 0 ? palette : undefined, delay: GIF_DELAY,
      });
      camera.orbit((2 * Math.PI) / GIF_FRAMES, 0);
      // Let the page breathe: a person may see it turn.
      if (frame % 6 === 5) await new Promise((resolve) => { setTimeout(resolve, 0); });
    }
  } finally {
    scenes.setCoarse(false);
    camera.setAspect(picture.aspect);
    camera.restore(before);
  }
  gif.finish();
  saveBlob(new Blob([gif.bytes()], { type: "image/gif" }), "levelset-turntable.gif");
}

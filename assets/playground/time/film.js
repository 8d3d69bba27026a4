// A training as a film: every kept moment is asked for and drawn, then encoded in the browser.

import { saveBlob } from "../../shared/save.js";
import { FILM, drawPage } from "../plot/export.js";
import { momentsOf } from "./moments.js";

const EACH = 60; // ms
const LAST = 1500; // ms that the end stays
const PATIENCE = 8000; // ms for one moment

/** The kind of MP4 that this browser records; empty if none. */
export function mp4Kind() {
  const kinds = ["video/mp4;codecs=avc1.640028", "video/mp4;codecs=avc1.42E01E", "video/mp4;codecs=av01.0.04M.08", "video/mp4"];
  return (globalThis.MediaRecorder && kinds.find((kind) => MediaRecorder.isTypeSupported(kind))) || "";
}

/**
 * Pictures of all moments, each as an ImageBitmap.
 * @param {{ newest: number, every: number, seek: (step: number) => void, settled: (step: number) => Promise<any>, told: (done: number) => void }} host
 */
async function pictures({ newest, every, seek, settled, told }) {
  const canvas = new OffscreenCanvas(FILM.width, FILM.height);
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  const bitmaps = [];
  const steps = momentsOf(newest, every);
  for (const [i, step] of steps.entries()) {
    seek(step);
    const picture = await withTimeout(settled(step), PATIENCE);
    drawPage(ctx, picture);
    bitmaps.push(ctx.getImageData(0, 0, FILM.width, FILM.height));
    told(Math.round((100 * (i + 1)) / steps.length));
  }
  return bitmaps;
}

function withTimeout(promise, ms) {
  return Promise.race([promise, new Promise((_, reject) => {
    setTimeout(() => reject(new Error("The film stopped: a moment did not arrive. Try again while nobody else trains here.")), ms);
  })]);
}

export async function filmGif(host) {
  const { GIFEncoder, applyPalette, quantize } = await import("../../vendor/gifenc.min.js");
  const images = await pictures(host);
  const gif = GIFEncoder();
  const palette = quantize(images[images.length - 1].data, 256); // the end has all the colours
  for (const [i, { data, width, height }] of images.entries()) {
    gif.writeFrame(applyPalette(data, palette), width, height, {
      palette: i === 0 ? palette : undefined, delay: i === images.length - 1 ? LAST : EACH,
    });
    if (i % 4 === 3) await pause(0); // let the page breathe
  }
  gif.finish();
  saveBlob(new Blob([gif.bytes()], { type: "image/gif" }), `levelset-training-${host.newest}.gif`);
}

export async function filmMp4(host) {
  const kind = mp4Kind();
  if (!kind) throw new Error("This browser cannot record MP4 (Chrome, Edge and Safari can): take the GIF.");
  const images = await pictures(host);
  const canvas = document.createElement("canvas");
  canvas.width = FILM.width;
  canvas.height = FILM.height;
  const ctx = canvas.getContext("2d");
  ctx.putImageData(images[0], 0, 0);
  const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: kind, videoBitsPerSecond: 8_000_000 });
  /** @type {Blob[]} */
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const ended = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start();
  for (const image of images) {
    ctx.putImageData(image, 0, 0);
    await pause(EACH);
  }
  await pause(LAST);
  recorder.stop();
  await ended;
  saveBlob(new Blob(parts, { type: "video/mp4" }), `levelset-training-${host.newest}.mp4`);
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

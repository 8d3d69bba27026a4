// A stored film: gzip of parts, each after its length (uint32). The first part is JSON, the others
// are pictures as a live session sends them. `python -m docs.make_film` writes it.

import { decodeFrame } from "../../playground/wire/frame.js";

/**
 * @param {ArrayBuffer} bytes - unpacked
 * @returns {{ points: number[][], frames: import("../../playground/wire/frame.js").Frame[] }}
 */
export function readFilm(bytes) {
  const view = new DataView(bytes);
  const parts = [];
  for (let at = 0; at < bytes.byteLength;) {
    const length = view.getUint32(at, true);
    parts.push(new Uint8Array(bytes, at + 4, length));
    at += 4 + length;
  }
  const [head, ...frames] = parts;
  const { points } = JSON.parse(new TextDecoder().decode(head));
  return { points, frames: frames.map(decodeFrame) };
}

/** @param {string | URL} url */
export async function fetchFilm(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`No film: ${response.status}`);
  const unpacked = response.body.pipeThrough(new DecompressionStream("gzip"));
  return readFilm(await new Response(unpacked).arrayBuffer());
}

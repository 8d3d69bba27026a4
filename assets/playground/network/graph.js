// Where units stand, and what is said of one.

import { number } from "../../shared/text.js";

/**
 * @typedef {{ width: number, index: number[], weights: number[][], scale: number[] }} Layer
 * @typedef {{ layer: number, unit: number, x: number, y: number, size: number }} Place
 */

const GAP = 6;
const EDGE = 26; // above: what a column is

/** @param {Layer[]} layers @param {number} width @returns {{ places: Place[][], height: number }} */
export function place(layers, width) {
  const most = Math.max(...layers.map(({ index }) => index.length));
  const column = width / layers.length;
  const size = Math.max(18, Math.min(46, column * 0.42));
  const height = EDGE + most * (size + GAP);
  const places = layers.map(({ index }, layer) => index.map((_, unit) => ({
    layer, unit, size,
    x: layer * column + (layer === 0 ? 0 : layer === layers.length - 1 ? column - size : (column - size) / 2),
    y: EDGE + (height - EDGE - index.length * (size + GAP)) / 2 + unit * (size + GAP),
  })));
  return { places, height: Math.ceil(height) };
}

/** @param {number} layer @param {number} count */
export const nameOf = (layer, count) => (layer === 0 ? "Inputs" : layer === count - 1 ? "F" : `Layer ${layer}`);

/** What a unit computes, in words. @param {Layer[]} layers @param {number} layer @param {number} unit */
export function describe(layers, layer, unit) {
  if (layer === 0) return `The input ${"xy"[unit]}: a coordinate of the plane.`;
  const { index, weights, scale, width } = layers[layer];
  const inputs = weights[unit].map((weight, i) => ({ weight, i })).sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  const parts = inputs.slice(0, 3).map(({ weight, i }) => {
    const name = layer === 1 ? "xy"[layers[0].index[i]] : `unit ${layers[layer - 1].index[i]}`;
    return `${number(weight, 2)} × ${name}`;
  });
  const what = layer === layers.length - 1 ? "F, the output" : `Unit ${index[unit]} of ${width} in layer ${layer}`;
  const dead = scale[unit] === 0 ? " It is 0 everywhere: a dead unit." : ` Largest value ${number(scale[unit], 2)}.`;
  return `${what}: ${parts.join(" + ").replaceAll("+ −", "− ")}${inputs.length > 3 ? " and more" : ""}.${dead}`;
}

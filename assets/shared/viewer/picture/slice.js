// A plane through the grid of F: the colour of F on it, and its iso-lines.

import {
  BufferAttribute, BufferGeometry, Color, DataTexture, DoubleSide, FloatType, Mesh, NearestFilter,
  RedFormat, ShaderMaterial,
} from "../../../vendor/three.min.js";
import { cssGradient } from "../colours.js";

const LINES = 12; // iso-lines on either side of zero, about

const VERTEX = `
varying vec2 place;
void main() {
  place = uv;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

// Float textures need not be filterable: the four neighbours are mixed here.
const FRAGMENT = `
uniform highp sampler2D field;
uniform vec3 stops[7];
uniform vec3 ink;
uniform vec3 zero;
uniform float limit;
uniform float gap;
uniform float level;
uniform float alpha;
varying vec2 place;
float at(ivec2 texel, ivec2 last) { return texelFetch(field, min(texel, last), 0).r; }
float bilinear() {
  ivec2 last = textureSize(field, 0) - 1;
  vec2 spot = place * vec2(last);
  ivec2 low = ivec2(floor(spot));
  vec2 part = spot - vec2(low);
  float below = mix(at(low, last), at(low + ivec2(1, 0), last), part.x);
  float above = mix(at(low + ivec2(0, 1), last), at(low + ivec2(1, 1), last), part.x);
  return mix(below, above, part.y);
}
void main() {
  float value = bilinear();
  float width = max(fwidth(value), 1e-12);
  float spot = clamp(0.5 + 0.5 * value / limit, 0.0, 1.0) * 6.0;
  int stop = int(min(floor(spot), 5.0));
  vec3 colour = mix(stops[stop], stops[stop + 1], spot - float(stop));
  float lines = value / gap;
  float near = abs(fract(lines - 0.5) - 0.5) * gap / width;
  // Where lines would run together they fade.
  float fade = 1.0 - smoothstep(0.15, 0.5, width / gap);
  colour = mix(colour, ink, 0.55 * fade * (1.0 - smoothstep(0.4, 1.2, near)));
  colour = mix(colour, zero, 1.0 - smoothstep(1.0, 2.0, abs(value - level) / width));
  gl_FragColor = vec4(colour, alpha);
}`;

export class Slice {
  constructor() {
    this.material = new ShaderMaterial({
      vertexShader: VERTEX, fragmentShader: FRAGMENT, side: DoubleSide, transparent: true,
      uniforms: {
        field: { value: null }, limit: { value: 1 }, gap: { value: 0.1 }, level: { value: 0 },
        alpha: { value: 1 }, ink: { value: new Color("#14161b") }, zero: { value: new Color("#be185d") },
        stops: { value: cssGradient("diverging").map((css) => new Color(css)) },
      },
    });
    this.object = new Mesh(new BufferGeometry(), this.material);
    this.object.frustumCulled = false;
    this.object.visible = false;
    this.shown = { grid: null, axis: null, place: 0 };
  }

  // cut: { axis: 0 | 1 | 2 | null, place }
  show(grid, cut, level) {
    this.object.visible = Boolean(grid) && cut.axis !== null;
    if (!this.object.visible) return;
    const { uniforms } = this.material;
    uniforms.limit.value = Math.max(Math.abs(grid.range[0]), Math.abs(grid.range[1])) || 1;
    uniforms.gap.value = isoGap(grid);
    uniforms.level.value = level;
    const { shown } = this;
    if (shown.grid === grid && shown.axis === cut.axis && shown.place === cut.place) return;
    this.shown = { grid, axis: cut.axis, place: cut.place };
    const { values, rows, columns, u, v } = grid.slice(cut.axis, cut.place);
    const texture = new DataTexture(values, columns, rows, RedFormat, FloatType);
    texture.magFilter = NearestFilter;
    texture.minFilter = NearestFilter;
    texture.needsUpdate = true;
    uniforms.field.value?.dispose();
    uniforms.field.value = texture;
    this.placeCorners(grid, cut, u, v);
  }

  // Texture rows run along u, columns along v.
  placeCorners({ low, high }, { axis, place }, u, v) {
    const corners = [[0, 0], [0, 1], [1, 1], [1, 0]];
    const positions = new Float32Array(12);
    const uv = new Float32Array(8);
    corners.forEach(([a, b], n) => {
      positions[3 * n + axis] = place;
      positions[3 * n + u] = a ? high[u] : low[u];
      positions[3 * n + v] = b ? high[v] : low[v];
      uv.set([b, a], 2 * n);
    });
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(positions, 3));
    geometry.setAttribute("uv", new BufferAttribute(uv, 2));
    geometry.setIndex([0, 1, 2, 0, 2, 3]);
    this.object.geometry.dispose();
    this.object.geometry = geometry;
  }

  dispose() {
    this.object.geometry.dispose();
    this.material.uniforms.field.value?.dispose();
    this.material.dispose();
  }
}

// A round number: 1, 2 or 5 times a power of ten.
export function isoGap(grid) {
  const rough = (Math.max(Math.abs(grid.range[0]), Math.abs(grid.range[1])) || 1) / LINES;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((step) => step * power >= rough);
}

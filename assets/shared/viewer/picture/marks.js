// Point clouds, and polylines as tubes.

import {
  BufferAttribute, BufferGeometry, CanvasTexture, CatmullRomCurve3, Mesh, MeshLambertMaterial, Points,
  PointsMaterial, TubeGeometry, Vector3,
} from "../../../vendor/three.min.js";
import { colourScalars } from "../colours.js";

const POINT_SIZE = [1.8, 4]; // px: of many points, of few
const SEGMENTS = 4000; // of a tube, at most
const AROUND = 8;
const RADIUS = 0.006; // of the subject's size

let disc = null;

// Round points: WebGL draws squares.
function discTexture() {
  if (disc) return disc;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 32;
  const ctx = canvas.getContext("2d");
  ctx.fillStyle = "#fff";
  ctx.arc(16, 16, 15, 0, 2 * Math.PI);
  ctx.fill();
  disc = new CanvasTexture(canvas);
  return disc;
}

export class Cloud {
  constructor(spec, data) {
    this.spec = spec;
    this.data = data; // { positions, scalars: Map, tints }
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(data.positions, 3));
    this.material = new PointsMaterial({
      sizeAttenuation: false, map: discTexture(), alphaTest: 0.5, transparent: false,
    });
    this.object = new Points(geometry, this.material);
    this.object.frustumCulled = false;
  }

  // Many points are small, or nothing is seen between them.
  get size() {
    const [least, most] = POINT_SIZE;
    if (this.spec.standsOut) return 1.5 * most;
    return Math.min(Math.max(260 / Math.sqrt(this.data.positions.length / 3), least), most);
  }

  bounds() { return [this.data.positions]; }

  modes() {
    return new Map((this.spec.scalars ?? []).map(({ key, ...about }) => [key, about]));
  }

  scalars(mode) { return this.data.scalars.get(mode) ?? null; }

  style({ visible, mode, limits, theme, planes, pixelRatio }) {
    this.object.visible = visible && this.data.positions.length > 0;
    this.material.size = this.size * pixelRatio;
    if (planes.length !== (this.material.clippingPlanes?.length ?? 0)) this.material.needsUpdate = true;
    this.material.clippingPlanes = planes;
    const key = [mode, limits, theme.dark].join();
    if (key === this.coloured) return;
    this.coloured = key;
    const values = this.scalars(mode);
    const { geometry } = this.object;
    let colours = mode === "rgb" ? this.data.tints : null;
    if (values) colours = colourScalars(values, this.modes().get(mode).map, limits, theme.missing);
    if (colours) geometry.setAttribute("color", new BufferAttribute(colours, 3, true));
    else geometry.deleteAttribute("color");
    const plain = this.spec.standsOut ? theme.outliers : theme.points;
    this.material.color.set(colours ? "#ffffff" : plain);
    if (this.material.vertexColors !== Boolean(colours)) {
      this.material.vertexColors = Boolean(colours);
      this.material.needsUpdate = true;
    }
  }

  dispose() {
    this.object.geometry.dispose();
    this.material.dispose();
  }
}

export class Tube {
  constructor(spec, data) {
    this.spec = spec;
    this.data = data; // { positions }
    this.material = new MeshLambertMaterial();
    this.object = new Mesh(this.geometry(), this.material);
    this.object.frustumCulled = false;
  }

  geometry() {
    const { positions } = this.data;
    const count = positions.length / 3;
    if (count < 2) return new BufferGeometry();
    const stride = Math.ceil(count / SEGMENTS);
    const points = [];
    for (let i = 0; i < count; i += stride) points.push(new Vector3().fromArray(positions, 3 * i));
    const { closed } = this.spec;
    const curve = new CatmullRomCurve3(points, closed, "centripetal");
    curve.arcLengthDivisions = 2 * points.length;
    return new TubeGeometry(curve, 2 * points.length, RADIUS * this.spec.size, AROUND, closed);
  }

  bounds() { return [this.data.positions]; }

  modes() { return new Map(); }

  scalars() { return null; }

  style({ visible, theme }) {
    this.object.visible = visible;
    this.material.color.set(theme.tube);
  }

  dispose() {
    this.object.geometry.dispose();
    this.material.dispose();
  }
}

// One viewport: a scene of layers, drawn with the shared camera.

import { AmbientLight, DirectionalLight, Scene } from "../../../vendor/three.min.js";
import { fetchArray } from "../../arrays.js";
import { Cloud, Tube } from "./marks.js";
import { Slice } from "./slice.js";
import { Surface } from "./surface.js";

const KINDS = { surface: Surface, points: Cloud, tube: Tube };

// Everything a view needs, before anything of it is shown.
export async function loadView(base, spec) {
  const get = (ref) => (ref ? fetchArray(base, ref) : null);
  const scalarsOf = async (list) => new Map(await Promise.all(
    (list ?? []).map(async ({ key, values }) => [key, await get(values)])));
  return Promise.all(spec.layers.map(async (layer) => {
    if (layer.kind !== "surface") {
      const [positions, scalars, tints] = await Promise.all([
        get(layer.positions), scalarsOf(layer.scalars), get(layer.colours)]);
      return { positions, scalars, tints };
    }
    const { mesh, field } = layer;
    const [positions, faces, normals, values, scalars, tints] = await Promise.all([
      get(mesh?.positions), get(mesh?.faces), get(mesh?.normals), get(field?.values),
      scalarsOf(mesh?.scalars), get(mesh?.colours),
    ]);
    return { mesh: mesh ? { positions, faces, normals, scalars } : null, field: values, tints };
  }));
}

export class Viewport {
  constructor() {
    this.scene = new Scene();
    this.light = new DirectionalLight("#ffffff", 2.1);
    this.slice = new Slice();
    this.scene.add(this.light, this.light.target, new AmbientLight("#ffffff", 1.25), this.slice.object);
    this.layers = [];
    this.title = "";
  }

  // Take over loaded data; a layer of the same name hands its grid on.
  fill(spec, data) {
    this.title = spec.title;
    const before = new Map(this.layers.map((layer) => [layer.spec.name, layer]));
    const layers = spec.layers.map((layer, n) => {
      const old = before.get(layer.name);
      if (old && JSON.stringify(old.spec) === JSON.stringify(layer)) return old;
      return new KINDS[layer.kind](layer, data[n], old);
    });
    for (const old of this.layers) {
      if (layers.includes(old)) continue;
      this.scene.remove(old.object);
      old.dispose();
    }
    this.layers = layers;
    // Translucent surfaces go last, so that what is behind them shows.
    layers.forEach((layer, n) => {
      layer.object.renderOrder = (layer.spec.opacity ?? 1) < 1 ? 10 + n : 0;
      this.scene.add(layer.object);
    });
  }

  get surfaces() { return this.layers.filter((layer) => layer instanceof Surface); }

  // The grid that the cut shows: of the first surface that is shown and has one.
  grid(hidden) {
    const having = this.surfaces.filter((layer) => layer.grid);
    return (having.find((layer) => !hidden.has(layer.spec.name)) ?? having[0])?.grid ?? null;
  }

  get triangles() {
    return this.surfaces.reduce((sum, s) => sum + (s.object.visible ? s.triangles : 0), 0);
  }

  style(style, settings) {
    const { hidden, cut, level } = settings;
    this.slice.show(this.grid(hidden), cut, level ?? 0);
    for (const layer of this.layers) {
      layer.style({ ...style, visible: !hidden.has(layer.spec.name) });
    }
  }

  // The light stands a little above and to the left of the camera.
  draw(renderer, camera, target) {
    const reach = camera.position.distanceTo(target);
    this.light.position.set(-0.35 * reach, 0.5 * reach, 0).applyMatrix4(camera.matrixWorld);
    this.light.target.position.copy(target);
    this.light.target.updateMatrixWorld();
    renderer.render(this.scene, camera);
  }

  dispose() {
    this.layers.forEach((layer) => layer.dispose());
    this.slice.dispose();
  }
}

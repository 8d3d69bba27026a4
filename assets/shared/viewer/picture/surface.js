// A surface: a mesh, a grid of F whose level set it is, or both. At its own level the mesh is
// shown, at any other the level set extracted from the grid.

import { BufferAttribute, BufferGeometry, DoubleSide, Mesh, MeshLambertMaterial } from "../../../vendor/three.min.js";
import { colourNormals, colourScalars } from "../colours.js";
import { coarseGeometry } from "../coarse.js";
import { FieldGrid } from "../field.js";
import { extractLevel } from "../surface-nets.js";

const MANY = 60000; // triangles, above which a coarse index pays

export class Surface {
  constructor(spec, data, previous) {
    this.spec = spec;
    this.data = data; // mesh: { positions, faces, normals, scalars: Map }, field: values, tints
    const field = spec.field;
    if (field) {
      const same = previous?.spec?.field?.values.name === field.values.name;
      this.grid = same ? previous.grid
        : new FieldGrid({ ...field, values: data.field, shape: field.values.shape });
    }
    this.material = new MeshLambertMaterial({ side: DoubleSide });
    this.fine = new BufferGeometry();
    this.coarse = null;
    this.onMesh = null; // |D_xF| at the vertices of the mesh
    this.object = new Mesh(this.fine, this.material);
    this.object.frustumCulled = false;
  }

  get triangles() { return (this.fine.index?.count ?? 0) / 3; }

  // Fewer triangles, for a small picture or while the camera moves on a slow machine.
  setCoarse(on) {
    const coarse = on && this.triangles > MANY;
    if (coarse) this.coarse ??= coarseGeometry(this.fine);
    this.object.geometry = coarse ? this.coarse : this.fine;
  }

  dropCoarse() {
    this.coarse?.dispose();
    this.coarse = null;
    this.object.geometry = this.fine;
  }

  // Positions that the camera may frame: the mesh, else the grid's own box.
  bounds() {
    if (this.data.mesh) return [this.data.mesh.positions];
    return [this.grid.low, this.grid.high];
  }

  modes() {
    const found = new Map();
    for (const { key, ...about } of this.spec.mesh?.scalars ?? []) found.set(key, about);
    if (this.grid) found.set("gradient", { label: "|DₓF|", unit: "", map: "sequential" });
    return found;
  }

  // The numbers behind the colours; null where this surface has none of this kind.
  scalars(mode) {
    if (mode === "gradient") return this.extracted?.gradients ?? this.gradientsOnMesh();
    return this.showsMesh ? this.data.mesh.scalars.get(mode) ?? null : null;
  }

  gradientsOnMesh() {
    if (!this.grid || !this.data.mesh) return null;
    this.onMesh ??= this.grid.gradients(this.data.mesh.positions);
    return this.onMesh;
  }

  setLevel(level) {
    const at = level ?? this.spec.level;
    if (at === this.level) return;
    this.level = at;
    this.showsMesh = Boolean(this.data.mesh) && (!this.grid || at === this.spec.level);
    this.extracted = this.showsMesh ? null : extractLevel(this.grid, at);
    const { positions, normals, indices } = this.extracted ?? {
      positions: this.data.mesh.positions, normals: this.data.mesh.normals, indices: this.data.mesh.faces,
    };
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(positions, 3));
    geometry.setIndex(new BufferAttribute(indices, 1));
    if (normals) geometry.setAttribute("normal", new BufferAttribute(normals, 3));
    else geometry.computeVertexNormals();
    this.fine.dispose();
    this.fine = geometry;
    this.dropCoarse();
    this.coloured = null;
  }

  style({ visible, mode, limits, theme, wireframe, planes }) {
    this.object.visible = visible && this.triangles > 0;
    const { material } = this;
    const opacity = this.spec.opacity;
    const clipped = planes.length !== (material.clippingPlanes?.length ?? 0);
    if (clipped || wireframe !== material.wireframe) material.needsUpdate = true;
    Object.assign(material, {
      wireframe, opacity, transparent: opacity < 1, depthWrite: opacity === 1, clippingPlanes: planes,
    });
    this.colour(mode, limits, theme);
  }

  colour(mode, limits, theme) {
    const key = [mode, limits, theme.dark].join();
    if (key === this.coloured) return;
    this.coloured = key;
    this.dropCoarse();
    const geometry = this.fine;
    const colours = this.vertexColours(geometry, mode, limits, theme);
    if (colours) geometry.setAttribute("color", new BufferAttribute(colours, 3, true));
    else geometry.deleteAttribute("color");
    const plain = theme.surface[this.spec.colour % theme.surface.length];
    this.material.color.set(colours ? "#ffffff" : plain);
    if (this.material.vertexColors !== Boolean(colours)) {
      this.material.vertexColors = Boolean(colours);
      this.material.needsUpdate = true;
    }
  }

  vertexColours(geometry, mode, limits, theme) {
    if (mode === "normals") return colourNormals(geometry.getAttribute("normal").array);
    if (mode === "rgb") return this.showsMesh ? this.data.tints ?? null : null;
    const values = this.scalars(mode);
    const count = geometry.getAttribute("position").count;
    if (!values || values.length !== count) return null;
    return colourScalars(values, this.modes().get(mode).map, limits, theme.missing);
  }

  dispose() {
    this.dropCoarse();
    this.fine.dispose();
    this.material.dispose();
  }
}

// A surface: a mesh, a grid of F whose level set it is, or both. At its own level the mesh is
// shown, trimmed where it is far from its data; at any other the level set extracted from the grid.

import { BufferAttribute, BufferGeometry, DoubleSide, Mesh, MeshLambertMaterial } from "../../../vendor/three.min.js";
import { colourNormals, colourScalars } from "../colours.js";
import { coarseGeometry } from "../coarse.js";
import { FieldGrid } from "../field.js";
import { extractLevel } from "../surface-nets.js";
import { mix, trimMesh } from "../trim.js";

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
    this.level = null; // nothing is drawn yet
    this.limit = Infinity; // of the distance to the data, where the mesh is trimmed
    this.showsMesh = false;
    this.most = null;
    this.left = null; // what trimming left of the mesh
    this.ofLeft = new Map(); // the mesh's numbers and colours there
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
    if (mode === "gradient") return this.extracted?.gradients ?? this.onLeft(mode, this.gradientsOnMesh(), 1);
    return this.showsMesh ? this.onLeft(mode, this.data.mesh.scalars.get(mode) ?? null, 1) : null;
  }

  // Numbers of the mesh's vertices at those that are left of it.
  onLeft(name, array, width) {
    if (!this.left || !array) return array;
    if (!this.ofLeft.has(name)) this.ofLeft.set(name, mix(array, width, this.left));
    return this.ofLeft.get(name);
  }

  gradientsOnMesh() {
    if (!this.grid || !this.data.mesh) return null;
    this.onMesh ??= this.grid.gradients(this.data.mesh.positions);
    return this.onMesh;
  }

  // How far from its data the mesh reaches, in point spacings; null where that is not known.
  get away() {
    const { trim } = this.spec;
    return trim && this.data.mesh ? this.data.mesh.scalars.get(trim.key) ?? null : null;
  }

  get farthest() {
    this.most ??= this.away?.reduce((top, value) => Math.max(top, value), 0) ?? 0;
    return this.most;
  }

  // level, trim: null is this surface's own.
  setShape(level, trim) {
    const at = level ?? this.spec.level;
    const showsMesh = Boolean(this.data.mesh) && (!this.grid || at === this.spec.level);
    const wanted = trim ?? this.spec.trim?.base ?? Infinity;
    const limit = showsMesh && this.away && wanted < this.farthest ? wanted : Infinity;
    if (at === this.level && limit === this.limit) return;
    Object.assign(this, { level: at, limit, showsMesh });
    this.extracted = showsMesh ? null : extractLevel(this.grid, at);
    const { mesh } = this.data;
    this.left = limit < Infinity ? trimMesh(mesh, this.away, limit) : null;
    this.ofLeft.clear();
    const { positions, normals, indices } = this.extracted ?? {
      positions: this.onLeft("positions", mesh.positions, 3),
      normals: this.onLeft("normals", mesh.normals, 3),
      indices: this.left?.indices ?? mesh.faces,
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
    if (mode === "rgb") return this.showsMesh ? this.onLeft("tints", this.data.tints ?? null, 3) : null;
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

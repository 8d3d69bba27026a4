// One camera for all viewports: orbit, pan, zoom; it moves only when a person moves it.

import { OrbitControls, PerspectiveCamera, Spherical, Vector3 } from "../../../vendor/three.min.js";

const FIELD_OF_VIEW = 35; // degrees, of the height

// Where the camera stands, in degrees: around the upward axis from the front, and above.
export const PRESETS = {
  iso: [35, 25], front: [0, 0], back: [180, 0], left: [-90, 0], right: [90, 0], top: [0, 90], bottom: [0, -90],
};

export class SharedCamera {
  constructor(canvas, onChange) {
    this.canvas = canvas;
    this.onChange = onChange;
    this.object = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.01, 100);
    this.centre = new Vector3();
    this.radius = 1;
    // Until the picture is pressed, the wheel scrolls the page.
    this.zooming = false;
    for (const [name, on] of [["focus", true], ["pointerdown", true], ["blur", false]]) {
      canvas.addEventListener(name, () => this.wheel(on));
    }
    this.setUp("y");
    this.look("iso");
  }

  setUp(up) {
    this.upName = up;
    this.object.up.set(0, up === "y" ? 1 : 0, up === "z" ? 1 : 0);
    const target = this.controls?.target ?? this.centre;
    this.controls?.dispose();
    this.controls = new OrbitControls(this.object, this.canvas);
    this.controls.target.copy(target);
    this.controls.enableZoom = this.zooming;
    this.controls.addEventListener("change", () => this.onChange());
  }

  wheel(on) {
    this.zooming = this.controls.enableZoom = on;
  }

  // Frame a new subject; the direction of the view stays.
  frame({ centre, radius }, up) {
    if (up !== this.upName) this.setUp(up);
    this.centre.fromArray(centre);
    this.radius = radius;
    this.look(this.preset ?? "iso");
  }

  look(preset) {
    this.preset = preset;
    const [around, above] = PRESETS[preset].map((v) => (v * Math.PI) / 180);
    // Straight above and below, a hair away from the pole keeps "up" defined.
    const polar = Math.min(Math.max(Math.PI / 2 - above, 1e-3), Math.PI - 1e-3);
    const offset = this.direction(polar, around).multiplyScalar(this.distance());
    this.controls.target.copy(this.centre);
    this.object.position.copy(this.centre).add(offset);
    this.update();
  }

  // The front of a y-up subject looks along +z, of a z-up one along -y.
  direction(polar, around) {
    const v = new Vector3().setFromSpherical(new Spherical(1, polar, around));
    return this.upName === "z" ? new Vector3(v.x, -v.z, v.y) : v;
  }

  distance() {
    const half = (FIELD_OF_VIEW * Math.PI) / 360;
    const narrow = Math.atan(Math.tan(half) * Math.min(this.object.aspect, 1));
    return (1.02 * this.radius) / Math.sin(narrow);
  }

  setAspect(aspect) {
    if (!(aspect > 0) || aspect === this.object.aspect) return;
    // A narrow viewport sees the height of its width: keep the subject inside.
    const before = this.distance();
    this.object.aspect = aspect;
    const { target } = this.controls;
    this.object.position.sub(target).multiplyScalar(this.distance() / before).add(target);
    this.update();
  }

  orbit(around, above) {
    const up = this.object.up;
    const offset = this.object.position.clone().sub(this.controls.target);
    const side = new Vector3().crossVectors(up, offset).normalize();
    const angle = up.angleTo(offset);
    const tilt = Math.min(Math.max(angle - above, 1e-3), Math.PI - 1e-3) - angle;
    offset.applyAxisAngle(side, tilt).applyAxisAngle(up, around);
    this.object.position.copy(this.controls.target).add(offset);
    this.update();
  }

  pan(right, upward) {
    const size = this.object.position.distanceTo(this.controls.target);
    const shift = new Vector3().setFromMatrixColumn(this.object.matrix, 0).multiplyScalar(right * size)
      .addScaledVector(new Vector3().setFromMatrixColumn(this.object.matrix, 1), upward * size);
    this.controls.target.add(shift);
    this.object.position.add(shift);
    this.update();
  }

  zoom(factor) {
    const { target } = this.controls;
    this.object.position.sub(target).multiplyScalar(factor).add(target);
    this.update();
  }

  update() {
    this.controls.update();
    this.object.updateMatrixWorld();
    this.onChange();
  }

  // Before a picture: near and far just around the subject, for an exact depth.
  clip() {
    const far = this.object.position.distanceTo(this.centre);
    this.object.near = Math.max(far - 3 * this.radius, far / 500, 1e-6);
    this.object.far = far + 4 * this.radius;
    this.object.updateProjectionMatrix();
  }

  // For tests, and to come back after the page was left.
  state() {
    const { position } = this.object;
    return { position: position.toArray(), target: this.controls.target.toArray(), up: this.upName };
  }

  restore({ position, target, up }) {
    if (up !== this.upName) this.setUp(up);
    this.object.position.fromArray(position);
    this.controls.target.fromArray(target);
    this.update();
  }

  dispose() {
    this.controls.dispose();
  }
}

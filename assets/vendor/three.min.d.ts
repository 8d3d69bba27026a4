// The types of three.min.js, for the checks: as in three.js.
export * from "three";
export { OrbitControls } from "three/addons/controls/OrbitControls.js";

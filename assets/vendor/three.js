// The parts of three.js that the viewer uses; bundled into three.min.js.

export {
  AmbientLight, BufferAttribute, BufferGeometry, CanvasTexture, CatmullRomCurve3,
  Color, ColorManagement, DataTexture, DirectionalLight, DoubleSide, FloatType, LinearSRGBColorSpace,
  Mesh, MeshLambertMaterial, NearestFilter, PerspectiveCamera, Plane,
  Points, PointsMaterial, RedFormat, Scene, ShaderMaterial, Spherical, TubeGeometry,
  Vector3, WebGLRenderer,
} from "three";
export { OrbitControls } from "three/addons/controls/OrbitControls.js";

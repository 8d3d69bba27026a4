// Entry point of the 3D viewer.

import { mounter } from "../mount.js";
import { Viewer } from "./viewer.js";

export default mounter(Viewer);

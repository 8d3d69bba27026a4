// Entry point of the polygon editor with the network's field beside it.

import { mounter } from "../../shared/mount.js";
import { PolygonView } from "./view.js";

export default mounter(PolygonView);

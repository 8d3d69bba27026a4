// Entry point of the drawing of a network as a graph.

import { mounter } from "../../shared/mount.js";
import { GraphView } from "./view.js";

export default mounter(GraphView);

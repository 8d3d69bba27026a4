// Entry point of the attack of one image, step by step.

import { mounter } from "../../shared/mount.js";
import { ExplorerView } from "./view.js";

export default mounter(ExplorerView);

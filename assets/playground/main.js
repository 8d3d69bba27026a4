// Entry point of the playground's canvas.

import { mounter } from "../shared/mount.js";
import { Playground } from "./playground.js";

export default mounter(Playground);

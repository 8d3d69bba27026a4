// Entry point of the canvas for a digit of one's own.

import { mounter } from "../../shared/mount.js";
import { DigitView } from "./view.js";

export default mounter(DigitView);

// Entry point of the history of one or two robust trainings.

import { mounter } from "../../shared/mount.js";
import { TrainingView } from "./view.js";

export default mounter(TrainingView);

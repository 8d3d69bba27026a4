// Entry point of the cross-section through an image.

import { mounter } from "../../shared/mount.js";
import { SectionView } from "./view.js";

export default mounter(SectionView);

// Entry point of the gallery of images.

import { mounter } from "../../shared/mount.js";
import { GalleryView } from "./view.js";

export default mounter(GalleryView);

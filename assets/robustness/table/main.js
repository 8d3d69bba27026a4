// Entry point of the table of robust accuracies.

import { mounter } from "../../shared/mount.js";
import { TableView } from "./view.js";

export default mounter(TableView);

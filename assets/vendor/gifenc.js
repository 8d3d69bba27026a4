// The GIF encoder; bundled into gifenc.min.js.

export { GIFEncoder, applyPalette, quantize } from "gifenc";

// The types of gifenc.min.js, for the checks: what is used of it.
type Palette = number[][];

export function GIFEncoder(): {
  writeFrame(
    index: Uint8Array, width: number, height: number,
    options?: { palette?: Palette; delay?: number; repeat?: number },
  ): void;
  finish(): void;
  bytes(): Uint8Array<ArrayBuffer>;
};
export function quantize(rgba: Uint8Array | Uint8ClampedArray, colours: number): Palette;
export function applyPalette(rgba: Uint8Array | Uint8ClampedArray, palette: Palette): Uint8Array;

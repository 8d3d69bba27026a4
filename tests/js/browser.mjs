// The little of a browser that modules ask for while they are loaded. Import it first.

class Context {
  fillStyle = "#000000";
  font = "";

  /** @param {string} text */
  measureText(text) { return { width: 6 * text.length }; }
}

class Canvas {
  getContext() { return new Context(); }
}

class Picture {
  /** @param {number} width @param {number} height */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.data = new Uint8ClampedArray(4 * width * height);
  }
}

Object.assign(globalThis, {
  document: { createElement: () => new Canvas() }, OffscreenCanvas: Canvas, ImageData: Picture,
});

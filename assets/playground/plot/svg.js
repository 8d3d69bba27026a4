// A stand-in for CanvasRenderingContext2D that writes SVG: just the subset which
// scene.js uses, so that the drawing code exists once.

const measuring = document.createElement("canvas").getContext("2d");
const ANCHOR = { left: "start", center: "middle", right: "end" };
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const r = (value) => Math.round(value * 100) / 100;

export class SvgContext {
  constructor(width, height, title) {
    this.width = width;
    this.height = height;
    this.title = title;
    this.parts = [];
    this.clips = 0;
    this.open = 0; // groups to close at the next restore
    this.stack = [];
    this.path = "";
    this.fillStyle = "#000";
    this.strokeStyle = "#000";
    this.lineWidth = 1;
    this.lineCap = "butt";
    this.lineJoin = "miter";
    this.globalAlpha = 1;
    this.font = "12px sans-serif";
    this.textAlign = "left";
    this.textBaseline = "alphabetic";
    this.imageSmoothingEnabled = true;
    this.dash = [];
  }

  save() {
    const { fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, globalAlpha, font,
      textAlign, textBaseline, dash, open } = this;
    this.stack.push({ fillStyle, strokeStyle, lineWidth, lineCap, lineJoin, globalAlpha, font,
      textAlign, textBaseline, dash, open });
    this.open = 0;
  }

  restore() {
    this.parts.push("</g>".repeat(this.open));
    Object.assign(this, this.stack.pop());
  }

  beginPath() { this.path = ""; }
  moveTo(x, y) { this.path += `M${r(x)} ${r(y)}`; }
  lineTo(x, y) { this.path += `L${r(x)} ${r(y)}`; }
  closePath() { this.path += "Z"; }
  rect(x, y, w, h) { this.path += `M${r(x)} ${r(y)}h${r(w)}v${r(h)}h${r(-w)}Z`; }

  // Only full circles are drawn.
  arc(x, y, radius) {
    const d = r(radius);
    this.path += `M${r(x - radius)} ${r(y)}a${d} ${d} 0 1 0 ${2 * d} 0a${d} ${d} 0 1 0 ${-2 * d} 0Z`;
  }

  clip() {
    const id = `clip${++this.clips}`;
    this.parts.push(`<clipPath id="${id}"><path d="${this.path}"/></clipPath><g clip-path="url(#${id})">`);
    this.open += 1;
  }

  alpha() { return this.globalAlpha < 1 ? ` opacity="${r(this.globalAlpha)}"` : ""; }

  fill() {
    this.parts.push(`<path d="${this.path}" fill="${this.fillStyle}"${this.alpha()}/>`);
  }

  stroke() {
    if (!this.path) return;
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.join(" ")}"` : "";
    this.parts.push(`<path d="${this.path}" fill="none" stroke="${this.strokeStyle}" stroke-width="${r(this.lineWidth)}"`
      + ` stroke-linecap="${this.lineCap}" stroke-linejoin="${this.lineJoin}"${dash}${this.alpha()}/>`);
  }

  fillRect(x, y, w, h) {
    this.parts.push(`<rect x="${r(x)}" y="${r(y)}" width="${r(w)}" height="${r(h)}" fill="${this.fillStyle}"${this.alpha()}/>`);
  }

  strokeRect(x, y, w, h) {
    this.beginPath();
    this.rect(x, y, w, h);
    this.stroke();
  }

  setLineDash(dash) { this.dash = dash; }

  measureText(text) {
    measuring.font = this.font;
    return measuring.measureText(text);
  }

  fillText(text, x, y) {
    const [, weight, size, family] = this.font.match(/^(?:(\d+) )?([\d.]+)px (.*)$/);
    const shift = this.textBaseline === "middle" ? Number(size) * 0.35 : 0;
    this.parts.push(`<text x="${r(x)}" y="${r(y + shift)}" font-family="${escape(family)}" font-size="${size}"`
      + `${weight ? ` font-weight="${weight}"` : ""} fill="${this.fillStyle}"`
      + ` text-anchor="${ANCHOR[this.textAlign]}"${this.alpha()}>${escape(text)}</text>`);
  }

  // The field goes in as a PNG, enlarged first: viewers differ in how they smooth.
  drawImage(image, x, y, w, h) {
    const large = document.createElement("canvas");
    large.width = large.height = 256;
    const context = large.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, 256, 256);
    this.parts.push(`<image x="${r(x)}" y="${r(y)}" width="${r(w)}" height="${r(h)}" preserveAspectRatio="none"`
      + `${this.alpha()} href="${large.toDataURL("image/png")}"/>`);
  }

  toString() {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}"`
      + ` viewBox="0 0 ${this.width} ${this.height}"><title>${escape(this.title)}</title>\n`
      + `${this.parts.join("\n")}\n</svg>\n`;
  }
}

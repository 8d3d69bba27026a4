// Small shapes shared by the scene, the overlays and the legend.

export function dot(ctx, x, y, radius, fill, edge, width = 1.5) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fillStyle = fill;
  ctx.fill();
  if (edge) {
    ctx.strokeStyle = edge;
    ctx.lineWidth = width;
    ctx.stroke();
  }
}

export function ring(ctx, x, y, radius, colour, width = 2) {
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

// Shape says the class as well as colour does: circles +1, squares -1.
export function classMark(ctx, theme, sign, x, y, radius) {
  if (sign > 0) {
    dot(ctx, x, y, radius, theme.plus, theme.ring);
    return;
  }
  const side = radius * 0.92;
  ctx.beginPath();
  ctx.rect(x - side, y - side, 2 * side, 2 * side);
  ctx.fillStyle = theme.minus;
  ctx.fill();
  ctx.strokeStyle = theme.ring;
  ctx.lineWidth = 1.5;
  ctx.stroke();
}

export function cross(ctx, x, y, radius, colour, width = 2) {
  ctx.beginPath();
  ctx.moveTo(x - radius, y - radius);
  ctx.lineTo(x + radius, y + radius);
  ctx.moveTo(x - radius, y + radius);
  ctx.lineTo(x + radius, y - radius);
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.stroke();
}

// A misclassified point: ring around it and a cross inside, so no colour is needed.
export function wrongMark(ctx, theme, x, y, radius) {
  const small = radius < 4;
  ring(ctx, x, y, radius + (small ? 2 : 3.5), theme.wrong, small ? 1.4 : 1.8);
  cross(ctx, x, y, radius * 0.5, theme.ring, small ? 1.1 : 1.6);
}

export function triangle(ctx, x, y, radius, colour) {
  ctx.beginPath();
  ctx.moveTo(x, y - radius);
  ctx.lineTo(x + radius * 0.9, y + radius * 0.7);
  ctx.lineTo(x - radius * 0.9, y + radius * 0.7);
  ctx.closePath();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.6;
  ctx.stroke();
}

export function arrow(ctx, x0, y0, x1, y1, colour, width = 1.6, head = 5) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.beginPath();
  traceArrow(ctx, x0, y0, x1, y1, head);
  ctx.stroke();
}

// The trace functions only add to the current path: many shapes of one style are then
// one stroke, which costs a fraction of as many strokes.
export function traceArrow(ctx, x0, y0, x1, y1, head) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  if (length > 1.5) {
    const size = Math.min(head, length * 0.6);
    const ux = (x1 - x0) / length;
    const uy = (y1 - y0) / length;
    ctx.moveTo(x1 - size * (ux + 0.6 * uy), y1 - size * (uy - 0.6 * ux));
    ctx.lineTo(x1, y1);
    ctx.lineTo(x1 - size * (ux - 0.6 * uy), y1 - size * (uy + 0.6 * ux));
  }
}

export function traceDot(ctx, x, y, radius) {
  ctx.moveTo(x + radius, y);
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
}

// Strokes the current path once for each [colour, width].
export function strokePath(ctx, styles) {
  for (const [colour, width] of styles) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.stroke();
  }
}

export function label(ctx, text, x, y, { size = 12, colour, font, align = "left", baseline = "middle", weight = "" }) {
  ctx.font = `${weight} ${size}px ${font}`.trim();
  ctx.fillStyle = colour;
  ctx.textAlign = align;
  ctx.textBaseline = baseline;
  ctx.fillText(text, x, y);
}

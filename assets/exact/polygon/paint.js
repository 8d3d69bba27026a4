// Draws the two pictures: the drawn shape, and the network's field with its zero set.

const PAD = 8;

export class Frame {
  constructor(size, [xmin, xmax, ymin, ymax]) {
    this.unit = (size - 2 * PAD) / (xmax - xmin);
    this.size = size;
    this.xmin = xmin;
    this.xmax = xmax;
    this.ymin = ymin;
    this.ymax = ymax;
  }

  px([x, y]) { return [PAD + (x - this.xmin) * this.unit, PAD + (this.ymax - y) * this.unit]; }
  data(px, py) { return [(px - PAD) / this.unit + this.xmin, this.ymax - (py - PAD) / this.unit]; }
}

function trace(context, frame, points, closed) {
  points.forEach((point, k) => context[k ? "lineTo" : "moveTo"](...frame.px(point)));
  if (closed) context.closePath();
}

// A chain with its ends prolonged beyond the picture.
function prolonged(points) {
  const far = ([ax, ay], [bx, by]) => {
    const length = Math.hypot(ax - bx, ay - by) || 1;
    return [ax + 100 * (ax - bx) / length, ay + 100 * (ay - by) / length];
  };
  const last = points.length - 1;
  return [far(points[0], points[1]), ...points.slice(1, last), far(points[last], points[last - 1])];
}

function clip(context, frame) {
  context.save();
  context.beginPath();
  context.rect(PAD, PAD, frame.size - 2 * PAD, frame.size - 2 * PAD);
  context.clip();
}

function border(context, frame, theme) {
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  context.strokeRect(PAD - 0.5, PAD - 0.5, frame.size - 2 * PAD + 1, frame.size - 2 * PAD + 1);
}

function grid(context, frame, theme, step) {
  context.strokeStyle = theme.grid;
  context.lineWidth = 1;
  context.beginPath();
  for (let k = Math.ceil(frame.xmin / step); k * step <= frame.xmax + 1e-9; k++) {
    const [a] = frame.px([k * step, 0]);
    const [, b] = frame.px([0, k * step]);
    context.moveTo(a, PAD);
    context.lineTo(a, frame.size - PAD);
    context.moveTo(PAD, b);
    context.lineTo(frame.size - PAD, b);
  }
  context.stroke();
}

export function paintShape(context, frame, theme, { shape, pointer, cursor, held, step, hover, crossing }) {
  context.clearRect(0, 0, frame.size, frame.size);
  clip(context, frame);
  grid(context, frame, theme, step);
  context.beginPath();
  for (const points of shape.rings) trace(context, frame, points, true);
  context.fillStyle = theme.inside;
  context.fill("evenodd");
  context.lineWidth = 2;
  context.strokeStyle = theme.text;
  context.lineJoin = "round";
  context.stroke();
  for (const points of shape.chains) {
    context.beginPath();
    trace(context, frame, prolonged(points), false);
    context.stroke();
  }
  if (shape.open.length) {
    context.beginPath();
    trace(context, frame, shape.open, false);
    if (pointer) context.lineTo(...frame.px(pointer));
    context.strokeStyle = theme.accent;
    context.setLineDash([6, 4]);
    context.stroke();
    context.setLineDash([]);
  }
  const dot = (point, radius, colour) => {
    context.beginPath();
    context.arc(...frame.px(point), radius, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.strokeStyle = theme.background;
    context.lineWidth = 1.5;
    context.stroke();
  };
  for (const { points } of shape.lines()) {
    points.forEach((point, k) => {
      const active = [held, hover].some((spot) => spot && spot.points === points && spot.k === k);
      dot(point, active ? 7 : 4.5, active ? theme.accent : theme.text);
    });
  }
  shape.open.forEach((point, k) => dot(point, k ? 4.5 : 7, theme.accent));
  if (crossing) {
    context.beginPath();
    context.arc(...frame.px(crossing), 11, 0, 2 * Math.PI);
    context.strokeStyle = theme.wrong;
    context.lineWidth = 3;
    context.stroke();
  }
  if (cursor) {
    const [x, y] = frame.px(cursor);
    context.strokeStyle = theme.accent;
    context.lineWidth = 2;
    context.strokeRect(x - 7, y - 7, 14, 14);
  }
  context.restore();
  border(context, frame, theme);
}

// The field as an image: both signs grow from a neutral colour with |F|.
export function fieldImage({ values, columns, rows }, theme) {
  let largest = 1e-12;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const image = new ImageData(columns, rows);
  const [minus, plus, neutral] = [theme.fieldMinus, theme.fieldPlus, theme.neutral];
  values.forEach((value, i) => {
    const end = value < 0 ? minus : plus;
    const t = 0.35 + 0.65 * Math.sqrt(Math.abs(value) / largest);
    const row = rows - 1 - Math.floor(i / columns);
    const at = 4 * (row * columns + (i % columns));
    for (let c = 0; c < 3; c++) image.data[at + c] = neutral[c] + (end[c] - neutral[c]) * t;
    image.data[at + 3] = 255;
  });
  const canvas = new OffscreenCanvas(columns, rows);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

export function paintField(context, frame, theme, { image, contours, shape, wrong }) {
  context.clearRect(0, 0, frame.size, frame.size);
  clip(context, frame);
  if (image) {
    context.imageSmoothingEnabled = true;
    context.drawImage(image, PAD, PAD, frame.size - 2 * PAD, frame.size - 2 * PAD);
  }
  context.lineJoin = "round";
  for (const [width, colour] of [[5, theme.halo], [2.2, theme.zero]]) {
    context.beginPath();
    for (const points of contours) trace(context, frame, points, false);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
  context.setLineDash([3, 5]);
  context.strokeStyle = theme.accent;
  context.lineWidth = 1.6;
  context.beginPath();
  for (const points of shape.rings) trace(context, frame, points, true);
  for (const points of shape.chains) trace(context, frame, prolonged(points), false);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = theme.wrong;
  for (const point of wrong) {
    const [x, y] = frame.px(point);
    context.fillRect(x - 1.5, y - 1.5, 3, 3);
  }
  context.restore();
  border(context, frame, theme);
}

export const LIGHT = {
  dark: false, neutral: [250, 250, 248], fieldPlus: [120, 176, 221], fieldMinus: [244, 168, 96],
  zero: "#14161b", halo: "rgba(255,255,255,0.9)", wrong: "#c2003f", accent: "#6d28d9",
  line: "rgba(20,22,27,0.28)", grid: "rgba(20,22,27,0.07)", inside: "rgba(239,146,58,0.28)",
};
export const DARK = {
  dark: true, neutral: [20, 23, 30], fieldPlus: [44, 116, 178], fieldMinus: [174, 100, 28],
  zero: "#ffffff", halo: "rgba(6,8,12,0.8)", wrong: "#ff7a9a", accent: "#cdb4ff",
  line: "rgba(255,255,255,0.3)", grid: "rgba(255,255,255,0.08)", inside: "rgba(174,100,28,0.4)",
};

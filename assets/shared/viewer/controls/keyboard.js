// The picture by keyboard, while the canvas has the focus.

const ORBIT = Math.PI / 36;
const PAN = 0.04;
const ZOOM = 0.9;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const PRESET_KEYS = ["front", "back", "left", "right", "top", "bottom", "iso"];

export const HELP = [
  ["Drag, one finger, arrow keys", "turn"],
  ["Right drag, two fingers, Shift + arrow keys", "move"],
  ["Click, then wheel; pinch, + and −", "nearer, farther"],
  ["1 2 3 4 5 6 7", "front, back, left, right, top, bottom, slanted"],
  ["0", "reset the view"],
  ["W", "wireframe"],
  [", and .", "level t down, up"],
  ["[ and ]", "trim more, less"],
  ["P  G", "picture (PNG), turntable (GIF)"],
  ["?  Esc", "show and close this help"],
];

export function onKey(event, viewer) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (handle(event, viewer)) event.preventDefault();
}

function handle({ key, shiftKey }, viewer) {
  const { camera } = viewer;
  const arrow = ARROWS[key];
  if (arrow && shiftKey) camera.pan(-PAN * arrow[0], -PAN * arrow[1]);
  else if (arrow) camera.orbit(ORBIT * arrow[0], ORBIT * arrow[1]);
  else if (key === "+" || key === "=") camera.zoom(ZOOM);
  else if (key === "-") camera.zoom(1 / ZOOM);
  else if (key === "0") viewer.act("reset");
  else if (PRESET_KEYS[Number(key) - 1]) viewer.act("look", PRESET_KEYS[Number(key) - 1]);
  else if (key === "w" || key === "W") viewer.act("wireframe", !viewer.settings.wireframe);
  else if (key === "," || key === ".") viewer.act("level-step", key === "," ? -1 : 1);
  else if (key === "[" || key === "]") viewer.act("trim-step", key === "[" ? -1 : 1);
  else if (key === "p" || key === "P") viewer.act("png");
  else if (key === "g" || key === "G") viewer.act("gif");
  else if (key === "?") viewer.act("help");
  else if (key === "Escape") viewer.act("escape");
  else return false;
  return true;
}

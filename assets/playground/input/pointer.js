// Mouse, pen and touch on the canvas. The host supplies locate, nearest, points,
// tool and the callbacks; a gesture stays in the panel where it began.

const SPACING = 15; // px between sprayed points
const GRAB = { mouse: 7, pen: 10, touch: 14 };
const REACH = { mouse: 12, pen: 14, touch: 22 }; // of move and erase
const SLIP = 4; // px that a finger or mouse may tremble without dragging
const LONG_PRESS = 500;

export class Pointer {
  constructor(canvas, host) {
    this.canvas = canvas;
    this.host = host;
    this.gesture = null;
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", () => this.end());
    canvas.addEventListener("pointerleave", () => host.hover(null));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  down(event) {
    if (event.button === 1 || this.gesture) return;
    const { host } = this;
    this.canvas.focus({ preventScroll: true });
    host.pointerUsed();
    const place = host.locate(event);
    if (!place) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    const touch = event.pointerType === "touch";
    const other = event.button === 2 || event.shiftKey;
    const label = (host.tool === "brush-minus" ? -1 : 1) * (other ? -1 : 1);
    const gesture = { id: event.pointerId, panel: place.panel, label, px: place.px, py: place.py, place };
    this.gesture = gesture;
    host.points.begin();
    const kind = event.pointerType || "mouse";
    if (host.tool === "erase") {
      gesture.kind = "erase";
      gesture.reach = REACH[kind];
      host.erase(place, gesture.reach);
      return;
    }
    const brush = host.tool !== "move";
    gesture.point = host.nearest(place, (brush && !host.picking ? GRAB : REACH)[kind]);
    if (gesture.point || !brush) {
      gesture.kind = gesture.point ? "grab" : "idle";
      gesture.add = brush;
      if (gesture.point) {
        gesture.dx = gesture.point.x - place.x;
        gesture.dy = gesture.point.y - place.y;
      }
    } else if (touch) {
      gesture.kind = "press";
    } else {
      gesture.kind = "spray";
      host.add(place.x, place.y, label);
      host.send();
    }
    if (touch && brush && !(host.picking && gesture.point)) gesture.timer = setTimeout(() => this.longPress(gesture), LONG_PRESS);
  }

  longPress(gesture) {
    if (this.gesture !== gesture || (gesture.kind !== "press" && gesture.kind !== "grab")) return;
    this.host.add(gesture.place.x, gesture.place.y, -gesture.label);
    gesture.kind = "done";
    navigator.vibrate?.(15);
  }

  moved(event) {
    const { gesture, host } = this;
    if (!gesture) {
      if (event.pointerType !== "touch") host.hover(event);
      return;
    }
    if (event.pointerId !== gesture.id) return;
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const each of coalesced.length ? coalesced : [event]) this.follow(each);
  }

  follow(event) {
    const { gesture, host } = this;
    const place = host.locate(event, gesture.panel);
    const far = Math.hypot(place.px - gesture.px, place.py - gesture.py);
    if (gesture.kind === "press" && far > SLIP * 2) {
      host.add(gesture.place.x, gesture.place.y, gesture.label);
      gesture.kind = "spray";
    }
    if (gesture.kind === "grab" && far > SLIP) gesture.kind = "drag";
    if (gesture.kind === "drag") {
      gesture.point = host.move(gesture.point, place.x + gesture.dx, place.y + gesture.dy);
    } else if (gesture.kind === "spray" && far >= SPACING) {
      this.spray(place, far);
    } else if (gesture.kind === "erase") {
      host.erase(place, gesture.reach);
    }
  }

  // A fast drag reports few places; the points between them are filled in.
  spray(place, far) {
    const { gesture, host } = this;
    const count = Math.floor(far / SPACING);
    const ux = (place.px - gesture.px) / far;
    const uy = (place.py - gesture.py) / far;
    for (let k = 0; k < count; k++) {
      gesture.px += ux * SPACING;
      gesture.py += uy * SPACING;
      const next = host.placeAt(gesture.px, gesture.py, gesture.panel);
      if (next.inside && !host.add(next.x, next.y, gesture.label)) return;
    }
  }

  up(event) {
    const { gesture, host } = this;
    if (!gesture || event.pointerId !== gesture.id) return;
    // A click on an existing point that was not dragged still puts a point, or chooses it.
    if (gesture.kind === "grab" && host.picking) {
      host.pick(gesture.point, gesture.panel);
    } else if (gesture.kind === "press" || (gesture.kind === "grab" && gesture.add)) {
      host.add(gesture.place.x, gesture.place.y, gesture.label);
    }
    this.end();
  }

  end() {
    if (!this.gesture) return;
    clearTimeout(this.gesture.timer);
    this.gesture = null;
    this.host.points.commit();
    this.host.changed();
  }
}

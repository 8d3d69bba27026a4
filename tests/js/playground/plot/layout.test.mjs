import assert from "node:assert/strict";
import test from "node:test";

import { arrange, viewOf } from "../../../../assets/playground/plot/layout.js";

const legendHeight = (width) => (width > 500 ? 40 : 160);
const boxes = ({ panels, legend, strips }) => [
  ...panels.map(({ x, y, size }) => ({ x, y, w: size, h: size })), legend, ...strips,
];
const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

for (const count of [1, 2, 4]) {
  for (const [width, height] of [[1200, 640], [800, 500], [1500, 420]]) {
    test(`${count} panels beside the legend in ${width} x ${height}: nothing overlaps or sticks out`, () => {
      const layout = arrange({ width, height, count, margins: true, legendHeight });
      assert.equal(layout.panels.length, count);
      const all = boxes(layout);
      all.forEach((a, i) => {
        assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.w <= width && a.y + a.h <= height, JSON.stringify(a));
        for (const b of all.slice(i + 1)) assert.ok(!overlap(a, b), JSON.stringify([a, b]));
      });
    });
  }

  test(`${count} panels in a high window are stacked, as high as there is room`, () => {
    const layout = arrange({ width: 800, height: 1000, count, margins: true, legendHeight });
    assert.ok(layout.stacked && layout.height <= 1000);
    assert.ok(layout.panels[0].size > (count > 1 ? 240 : 700), `${layout.panels[0].size}`);
  });

  test(`${count} panels stacked on a telephone: the height is what they need`, () => {
    const layout = arrange({ width: 360, height: 0, count, margins: true, legendHeight });
    assert.equal(layout.strips.length, count);
    const all = boxes(layout);
    all.forEach((a, i) => {
      assert.ok(a.x >= 0 && a.x + a.w <= 360 && a.y + a.h <= layout.height);
      for (const b of all.slice(i + 1)) assert.ok(!overlap(a, b), JSON.stringify([a, b]));
    });
  });
}

test("panels in a row reach from edge to edge, however low they are", () => {
  for (const height of [420, 300]) {
    const { panels } = arrange({ width: 1500, height, count: 4, margins: true, legendHeight });
    const last = panels[3];
    assert.ok(panels[0].x === 0 && last.y === panels[0].y && Math.abs(last.x + last.size - 1500) < 4);
  }
});

test("margin bars are left out, and said to be, where there is no room", () => {
  const layout = arrange({ width: 700, height: 230, count: 1, margins: true, legendHeight });
  assert.deepEqual(layout.strips, []);
  assert.ok("crowded" in layout && layout.crowded);
});

test("data and pixels are each other's inverse, with y upwards", () => {
  const view = viewOf({ x: 30, y: 20, size: 400 }, [-1.5, 1.5, -1, 2]);
  for (const [x, y] of [[-1.5, -1], [0, 0], [1.2, 1.9]]) {
    const [a, b] = view.toData(view.x(x), view.y(y));
    assert.ok(Math.abs(a - x) < 1e-12 && Math.abs(b - y) < 1e-12);
  }
  assert.ok(view.y(1) < view.y(0));
});

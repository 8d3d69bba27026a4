// After a picture: the controls say what is shown, and data attributes tell tests.

import { number, whole } from "../text.js";
import { digits, drawChart, summary } from "./controls/chart.js";

export function report(viewer, state, times) {
  const { root, panel, scenes, settings, camera, counts } = viewer;
  const { modes, mode, about, cut, gap } = state;
  panel.showLayers(scenes.names(), settings.hidden);
  panel.showModes(modes, mode);
  panel.wireframe.input.checked = settings.wireframe;
  panel.showLevel(scenes.levels(), settings.level, scenes.baseLevel());
  const trim = settings.trim ?? scenes.baseTrim();
  panel.showTrim(scenes.reach(settings.hidden), settings.trim, scenes.baseTrim(), scenes.showsResult);
  const origin = viewer.data?.origin?.[cut.axis ?? 0] ?? 0; // coordinates are drawn around it
  panel.showCut({ ...settings, place: cut.place + origin, gap });
  showChart(viewer, state);
  panel.facts.textContent = scenes.triangles ? `${whole(scenes.triangles)} triangles` : "";
  viewer.last = state;

  const { position } = camera.object;
  Object.assign(root.dataset, {
    frames: counts.frames,
    triangles: scenes.triangles,
    viewports: scenes.viewports.length,
    level: settings.level ?? scenes.baseLevel(),
    trim: trim === Infinity ? "off" : trim,
    cut: cut.axis === null ? "off" : `${"xyz"[cut.axis]}=${cut.place.toFixed(5)}`,
    mode,
    camera: [...position.toArray(), ...camera.controls.target.toArray()].map((v) => v.toFixed(5)).join(" "),
    styleMs: times.style.toFixed(1),
    drawMs: times.draw.toFixed(1),
  });
  if (about) root.dataset.limits = state.limits?.join(" ") ?? "";
}

// Drawn anew only when something in it changed: most pictures only move the camera.
function showChart(viewer, { mode, about, limits, series }) {
  const { panel, theme, picture } = viewer;
  panel.chartSection.hidden = series.length === 0;
  if (!series.length) {
    viewer.charted = null;
    return;
  }
  const width = panel.chart.clientWidth;
  const now = [mode, limits, theme, width, ...series.map(({ values }) => values)];
  if (viewer.charted?.length === now.length && now.every((v, n) => v === viewer.charted[n])) return;
  viewer.charted = now;
  const title = `${about.label}${about.unit ? ` in ${about.unit}` : ""}`;
  panel.chartTitle.textContent = title;
  drawChart(panel.chart, { about, limits, series }, theme, picture.ratio);
  const lines = series.map(({ title: name, values }) => {
    const facts = summary(values);
    if (!facts) return "";
    const show = (v) => number(v, digits(limits[1] - limits[0]) + 1);
    return `${series.length > 1 && name ? `${name}: ` : ""}mean ${show(facts.mean)} · median ${show(facts.median)}`
      + ` · 95% ${show(facts.p95)} · max ${show(facts.max)}`;
  });
  panel.chartText.textContent = lines.join("\n");
  panel.chart.setAttribute("aria-label", `Histogram of ${title}: ${lines.join("; ")}`);
}

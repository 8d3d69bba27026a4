// Icons, 20 x 20, drawn with the current text colour.

const stroke = (d, extra = "") =>
  `<path d="${d}" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"/>${extra}`;
const solid = (d) => `<path d="${d}" fill="currentColor"/>`;

const SHAPES = {
  play: solid("M6 3.8v12.4a.7.7 0 0 0 1.07.6l9.6-6.2a.7.7 0 0 0 0-1.2l-9.6-6.2A.7.7 0 0 0 6 3.8z"),
  pause: solid("M5 3.5h3.6v13H5zM11.4 3.5H15v13h-3.6z"),
  step: solid("M4 4.2v11.6a.6.6 0 0 0 .93.5l7.6-5.8a.6.6 0 0 0 0-1L4.93 3.7A.6.6 0 0 0 4 4.2zM13.6 3.5H16v13h-2.4z"),
  reset: stroke("M4.2 4v4h4M4.6 8A6.3 6.3 0 1 1 3.7 11"),
  seed: stroke("M3.5 6.2 10 3l6.5 3.2v7.6L10 17l-6.5-3.2zM3.5 6.2 10 9.4l6.5-3.2M10 9.4V17",
    '<circle cx="6.7" cy="11.4" r="1" fill="currentColor"/><circle cx="13.3" cy="11.4" r="1" fill="currentColor"/>'),
  plus: '<circle class="plus" cx="8.2" cy="11.8" r="5.6"/>' + stroke("M16 2.6v5M13.5 5.1h5"),
  minus: '<rect class="minus" x="3" y="6.6" width="10.4" height="10.4"/>' + stroke("M16 2.6v5M13.5 5.1h5"),
  move: stroke("M10 2.6v14.8M2.6 10h14.8M7.9 4.6 10 2.5l2.1 2.1M7.9 15.4 10 17.5l2.1-2.1M4.6 7.9 2.5 10l2.1 2.1M15.4 7.9l2.1 2.1-2.1 2.1"),
  erase: stroke("M7.6 16.4 3.2 12a1.2 1.2 0 0 1 0-1.7l7-7a1.2 1.2 0 0 1 1.7 0l4.6 4.6a1.2 1.2 0 0 1 0 1.7l-6.8 6.8zM6.6 6.9l6.3 6.3M7.6 16.4H17"),
  undo: stroke("M7.4 4 3.6 7.8l3.8 3.8M3.8 7.8h7.7a4.4 4.4 0 0 1 0 8.8H8"),
  redo: stroke("M12.6 4l3.8 3.8-3.8 3.8M16.2 7.8H8.5a4.4 4.4 0 0 0 0 8.8H12"),
  clear: stroke("M3.6 5.6h12.8M7.6 5.4V3.4h4.8v2M5 5.8l.8 10.8h8.4L15 5.8M8.4 8.8v4.8M11.6 8.8v4.8"),
  download: stroke("M10 3v9M6.4 8.8 10 12.4l3.6-3.6M3.6 16.6h12.8"),
  present: stroke("M2.6 3.4h14.8M3.6 3.4v8.8h12.8V3.4M10 12.2v2M6.6 17.2l3.4-3 3.4 3"),
  drawer: stroke("M3 5.4h8M14.6 5.4H17M3 14.6h2.4M9 14.6h8M3 10h5M11.6 10H17",
    '<circle cx="12.8" cy="5.4" r="1.8" fill="currentColor"/><circle cx="7.2" cy="14.6" r="1.8" fill="currentColor"/><circle cx="9.8" cy="10" r="1.8" fill="currentColor"/>'),
  help: stroke("M7.3 7.4a2.7 2.7 0 1 1 4 2.4c-.9.5-1.3 1-1.3 2",
    '<circle cx="10" cy="14.6" r="1.1" fill="currentColor"/><circle cx="10" cy="10" r="8" fill="none" stroke="currentColor" stroke-width="1.5"/>'),
};

export function icon(name) {
  return `<svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">${SHAPES[name]}</svg>`;
}

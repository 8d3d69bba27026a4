// State of a view that its address holds: a reload or a link opens it again.

// Write name -> value into the address of the view called so, without an entry for Back; null
// takes a name away. An address without a view is of the first one.
export function keepInAddress(view, values, first = false) {
  const open = new URLSearchParams(location.search).get("view") ?? (first ? view : null);
  if (open === view) write(values);
}

// Take names away, whichever view has the address by now.
export function leaveAddress(names) {
  write(Object.fromEntries(names.map((name) => [name, null])));
}

function write(values) {
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(values)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  if (url.href === location.href) return;
  try {
    history.replaceState(history.state, "", url);
  } catch {
    // A browser may refuse when it is asked too often: the address is then a little old.
  }
}

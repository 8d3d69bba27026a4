// State of a view that its address holds: a reload or a link opens it again.

const alive = new Map(); // view -> how many front ends show it

// What a view has in the address while a front end shows it, without entries for Back. An address
// without a view is of the page's first one.
export class ViewAddress {
  constructor(view, first = false) {
    this.view = view;
    this.first = first;
    /** @type {string[]} */
    this.names = [];
    alive.set(view, (alive.get(view) ?? 0) + 1);
  }

  // Write name -> value while the view is open; null takes a name away.
  keep(values) {
    this.names = Object.keys(values);
    const { view, first } = this;
    const open = new URLSearchParams(location.search).get("view") ?? (first ? view : null);
    if (open === view) write(values);
  }

  // Take the names away, whichever view has the address by now, unless another front end shows it.
  leave() {
    alive.set(this.view, alive.get(this.view) - 1);
    if (!alive.get(this.view)) write(Object.fromEntries(this.names.map((name) => [name, null])));
  }
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

// What one front end tells the others on the page: they share this module.

const listeners = new Map();
const latest = new Map();

export function tell(name, value) {
  latest.set(name, value);
  for (const listener of listeners.get(name) ?? []) listener(value);
}

// Hear of every value, and of the latest at once; returns how to stop.
export function hear(name, listener) {
  if (!listeners.has(name)) listeners.set(name, new Set());
  listeners.get(name).add(listener);
  if (latest.has(name)) listener(latest.get(name));
  return () => listeners.get(name).delete(listener);
}

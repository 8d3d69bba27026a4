// Entry point. Streamlit calls the default export again, on the same element, at
// every change of data or theme; one Playground lives as long as its element does.

import { Playground } from "./playground.js";

const instances = new WeakMap();

// Cleanup may also run between two calls, so it waits and looks before it destroys.
const GRACE = 800;

export default function mount(args) {
  const { parentElement, data } = args;
  let entry = instances.get(parentElement);
  if (!entry) {
    entry = { playground: new Playground(parentElement, args), calls: 0 };
    instances.set(parentElement, entry);
  }
  entry.calls += 1;
  entry.playground.apply(data, args);
  const call = entry.calls;
  return () => {
    const look = () => {
      if (entry.calls !== call || instances.get(parentElement) !== entry) return;
      if (parentElement.isConnected && entry.playground.root.isConnected) {
        setTimeout(look, 5 * GRACE);
        return;
      }
      instances.delete(parentElement);
      entry.playground.destroy();
    };
    setTimeout(look, GRACE);
  };
}

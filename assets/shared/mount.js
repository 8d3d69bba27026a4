// Streamlit calls a component's default export again, on the same element, at every
// change of data or theme; one front end lives as long as its element does.

// Cleanup may also run between two calls, so it waits and looks before it destroys.
const GRACE = 800;

// The export for a front end: a class with root, apply(data, args) and destroy().
export function mounter(FrontEnd) {
  const instances = new WeakMap();
  return function mount(args) {
    const { parentElement, data } = args;
    let entry = instances.get(parentElement);
    if (!entry) {
      entry = { view: new FrontEnd(parentElement, args), calls: 0 };
      instances.set(parentElement, entry);
    }
    entry.calls += 1;
    entry.view.apply(data, args);
    const call = entry.calls;
    return () => {
      const look = () => {
        if (entry.calls !== call || instances.get(parentElement) !== entry) return;
        if (parentElement.isConnected && entry.view.root.isConnected) {
          setTimeout(look, 5 * GRACE);
          return;
        }
        instances.delete(parentElement);
        entry.view.destroy();
      };
      setTimeout(look, GRACE);
    };
  };
}

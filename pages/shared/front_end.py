"""Front ends in assets/: ES modules that Streamlit's components load by URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.server.arrays import ARRAYS_PATH
from pages.server.static_files import ASSETS_PATH

# Inline scripts are sent again at every change of data, so this only fetches the real one.
# A call that has been overtaken by a later one, or cleaned up, must not run.
_STUB = """
export default function (args) {
  const host = args.parentElement;
  const call = (host.levelsetCall = (host.levelsetCall || 0) + 1);
  let cleanup;
  if (call === 1) for (const path of args.data.prefetch ?? []) fetch(args.data.base + path);
  import(location.origin + args.data.base + "%s/view.js").then((module) => {
    if (host.levelsetCall === call) cleanup = module.default(args);
  });
  return () => { if (cleanup) cleanup(); };
}
"""


def front_end(name: str, folder: str) -> Callable[..., Any]:
    """A component whose front end is ``assets/<folder>/view.js``.

    Its data, to which "base" and "arrays" are added, may name paths in "prefetch": the browser
    fetches them while it loads the front end. The values that it sends back are those in
    ``default``.
    """
    component = st.components.v2.component(name, js=_STUB % f"{ASSETS_PATH}/{folder}")

    def draw(*, data: dict[str, Any], default: dict[str, Any] | None = None, **how: Any) -> Any:
        # A value of a component needs a callback to exist; pages read it when they run.
        callbacks = {f"on_{value}_change": lambda: None for value in default or {}}
        data = {"base": base_path(), "arrays": ARRAYS_PATH, **data}
        return component(data=data, default=default, **callbacks | how)

    return draw


def base_path() -> str:
    """What every address of the app begins with: "" or "/levelsets", without a slash at its end."""
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"/{base}" if base else ""


def asset_address(path: str) -> str:
    """Where a browser finds a file of assets/."""
    return f"{base_path()}{ASSETS_PATH}/{path}"

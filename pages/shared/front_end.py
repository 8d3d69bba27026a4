"""Front ends in assets/: ES modules that Streamlit's components load by URL."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.server.live_route import ASSETS_PATH
from pages.server.old_addresses import base_path

__all__ = ["base_path", "front_end", "nothing"]

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


def front_end(name: str, folder: str) -> Any:
    """A component whose front end is ``assets/<folder>/view.js``; its data needs "base".

    Its data may name paths in "prefetch": the browser fetches them while it loads the front end.
    """
    return st.components.v2.component(name, js=_STUB % f"{ASSETS_PATH}/{folder}")


def nothing() -> None:
    """Values of a component need a callback to exist."""

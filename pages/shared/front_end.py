"""Front ends in assets/: ES modules that Streamlit's components load by URL."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.server.live_route import ASSETS_PATH

# Inline scripts are sent again at every change of data, so this only fetches the real one.
# A call that has been overtaken by a later one, or cleaned up, must not run.
_STUB = """
export default function (args) {
  const host = args.parentElement;
  const call = (host.levelsetCall = (host.levelsetCall || 0) + 1);
  let cleanup;
  if (call === 1) for (const path of args.data.prefetch ?? []) fetch(args.data.base + path);
  import(location.origin + args.data.base + "%s/main.js").then((module) => {
    if (host.levelsetCall === call) cleanup = module.default(args);
  });
  return () => { if (cleanup) cleanup(); };
}
"""


def front_end(name: str, folder: str) -> Any:
    """A component whose front end is ``assets/<folder>/main.js``; its data needs "base".

    Its data may name paths in "prefetch": the browser fetches them while it loads the front end.
    """
    return st.components.v2.component(name, js=_STUB % f"{ASSETS_PATH}/{folder}")


def base_path() -> str:
    """What stands before every path where the app is served below another."""
    base = st.get_option("server.baseUrlPath").strip("/")
    return f"/{base}" if base else ""

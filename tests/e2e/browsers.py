"""Chromium, for tests and benchmarks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from playwright.sync_api import Locator, expect, sync_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def find_chromium() -> str | None:
    """$LEVELSET_CHROMIUM, else one on the PATH, else the one that playwright has installed."""
    names = [os.environ.get("LEVELSET_CHROMIUM", ""), "chromium", "chromium-browser"]
    for name in [*names, "google-chrome"]:
        if name and (path := shutil.which(name)):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def focus(element: Locator) -> None:
    """Put the keyboard there once it can be seen: what is hidden takes no focus, silently, and
    front ends hide until their style sheet is there.
    """
    expect(element).to_be_visible()
    element.focus()
    expect(element).to_be_focused()

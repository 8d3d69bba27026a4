"""Addresses that pages had before lead to where they are now, with everything behind the "?"."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route

#: Old address -> the page's address now.
MOVED = {"adversarial": "robustness", "generalization": "few_samples", "exact_networks": "exact"}


def old_addresses() -> list[BaseRoute]:
    """The routes that the app adds to Streamlit's."""
    return [Route(f"/{old}", _lead_on) for old in MOVED]


def _lead_on(request: Request) -> RedirectResponse:
    page = MOVED[request.url.path.rstrip("/").rpartition("/")[2]]
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{page}{query}")  # beside the old one, wherever the app is served

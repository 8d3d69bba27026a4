"""Who looks at a page or asks for a file: the one place where owners come from.

On a local machine nobody is told apart. With a login (``[auth]`` in Streamlit's secrets) an owner
is who the provider says; otherwise, with ``LEVELSET_OWNERS=anonymous``, a browser: whoever
brings the cookie that this server signed.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.auth_util import get_cookie_with_chunks, get_secrets_auth_section
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from levelset_core.errors import LevelsetError
from levelset_core.paths import runs_folder
from levelset_core.runs import RunStore, Viewer
from levelset_core.settings import choose

#: "login": people log in; "anonymous": a browser is an owner, who may log in; "off": nobody is.
OWNERS = "LEVELSET_OWNERS"
MODES = ("off", "anonymous", "login")
#: Owners, by commas, who see and change everything.
ADMINS = "LEVELSET_ADMINS"
#: Signs the cookies of browsers; else a file beside the runs does, made when it is first needed.
SECRET = "LEVELSET_SECRET"
COOKIE = "levelset_owner"
COOKIE_SECONDS = 365 * 86400


@dataclass(frozen=True)
class Person:
    """Somebody at a browser.

    Attributes:
        owner: under which runs, uploads and sessions are kept; None on a local machine.
        name: for people.
        logged_in: whether a provider said who it is.
        admin: see :data:`ADMINS`.
    """

    owner: str | None = None
    name: str = ""
    logged_in: bool = False
    admin: bool = False

    @property
    def viewer(self) -> Viewer:
        """The same for :class:`RunStore`."""
        return Viewer(self.owner, self.admin)


def mode() -> str:
    """One of :data:`MODES`; by itself "login" where a login is set up, else "off".

    Raises:
        LevelsetError: the variable holds something else, or asks for a login that is not set up.
    """
    text = os.environ.get(OWNERS, "").strip()
    chosen = choose(OWNERS, text, MODES) if text else ("login" if has_login() else "off")
    if chosen == "login" and not has_login():
        raise LevelsetError(
            f"{OWNERS}=login needs a section [auth] in .streamlit/secrets.toml: docs/deploy.md "
            "shows one."
        )
    return chosen


@cache
def has_login() -> bool:
    """Whether Streamlit's secrets set up a login."""
    return bool(get_secrets_auth_section())


def person() -> Person:
    """Who looks at the page whose script runs."""
    if mode() == "off":
        return Person()
    if has_login() and st.user.is_logged_in:
        return _of_claims(st.user.to_dict())
    return _of_browser(st.context.cookies) or _of_tab()


def person_of(cookies: Mapping[str, str]) -> Person | None:
    """Who sends a request with these cookies; None where that cannot be told."""
    if mode() == "off":
        return Person()
    if has_login() and (claims := _claims(cookies)):
        return _of_claims(claims)
    return _of_browser(cookies) if mode() == "anonymous" else None


def my_runs(root: Path | None = None) -> RunStore:
    """The runs that whoever looks at this page may see; new ones are this person's."""
    return RunStore(root, person().viewer)


# -- who a login is --------------------------------------------------------------------------


def _of_claims(claims: Mapping[str, Any]) -> Person:
    """By the address, if the provider vouches for it; else by the provider's own name for it."""
    issuer = str(claims.get("iss", "")).partition("://")[2].rstrip("/")
    email = str(claims.get("email") or "").strip().lower()
    vouched = email and claims.get("email_verified") in (True, "true")
    owner = email if vouched else f"{claims.get('sub', '')}@{issuer}"
    name = str(claims.get("name") or email or owner)
    admins = {each.strip().lower() for each in os.environ.get(ADMINS, "").split(",")}
    return Person(owner, name, True, owner.lower() in admins)


def _claims(cookies: Mapping[str, str]) -> dict[str, Any]:
    """What Streamlit's own cookie says of who is logged in, for requests without a script."""
    secret = get_cookie_secret()

    def signed(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(secret, name, value.encode("latin-1")) if value else None

    with suppress(ValueError, UnicodeError):
        if content := get_cookie_with_chunks(signed, USER_COOKIE_NAME):
            claims = json.loads(content)
            return claims if isinstance(claims, dict) and claims.get("is_logged_in") else {}
    return {}


# -- who a browser is ------------------------------------------------------------------------


def new_cookie() -> str:
    """The cookie of a browser that comes for the first time."""
    name = secrets.token_urlsafe(12)
    return f"{name}.{_signature(name)}"


def known_browser(cookies: Mapping[str, str]) -> str | None:
    """The name in a cookie that this server signed."""
    name, _, signature = cookies.get(COOKIE, "").partition(".")
    good = hmac.compare_digest(signature.encode(), _signature(name).encode())
    return name if name and good else None


def _of_browser(cookies: Mapping[str, str]) -> Person | None:
    name = known_browser(cookies)
    return Person(f"browser {name}", "this browser") if name else None


def _of_tab() -> Person:
    """A browser that keeps no cookies: an owner for as long as the tab is open."""
    name = st.session_state.setdefault("levelset_tab", secrets.token_urlsafe(12))
    return Person(f"tab {name}", "this tab: your browser keeps no cookies")


def _signature(name: str) -> str:
    return hmac.digest(_key(), f"{COOKIE} {name}".encode(), "sha256").hex()


@cache
def _key() -> bytes:
    """The same in every server of one folder of runs, so that a browser is known by all."""
    if text := os.environ.get(SECRET):
        return text.encode()
    path = runs_folder() / ".secret"
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        partial = path.with_name(f".secret.{secrets.token_hex(8)}")
        partial.touch(0o600)
        partial.write_text(secrets.token_urlsafe(32))
        try:
            os.link(partial, path)  # whole, or not there; the first server's stays
        finally:
            partial.unlink()
    return path.read_bytes()

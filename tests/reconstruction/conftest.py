"""Runs in a store of the test's own."""

from tests.runs.conftest import store

__all__ = ["store"]

"""Runs of the kind "tiny", in a store of the test's own."""

from tests.runs.conftest import store, tiny_kind

__all__ = ["store", "tiny_kind"]

"""Exact networks."""

"""Curves: ordered points, fits through them, and level sets traced."""

"""Robust classifiers: trained (Sec. 5.2), measured, and listed."""

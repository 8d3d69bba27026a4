"""Lessons on the page: the list, the one that is on, the editor."""
